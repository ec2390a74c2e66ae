package npm_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/errs"
	"latchkey/internal/npm"
	"latchkey/internal/npmpack"
)

var release = npm.Release{
	Name: npm.Name{Full: "@acme/widget", Scope: "acme", Base: "widget"}, Version: "1.2.3", Integrity: "sha512-AAAA", Shasum: "abcd",
	KeyID: "SHA256:key", Signature: "sig", Publisher: "ann", Maintainers: []string{"ann", "bob"}, Contents: npm.Contents{Files: 2, Unpacked: 99},
}

func documents(t *testing.T, manifest map[string]any) npm.Documents {
	t.Helper()
	p := widget
	p.Manifest = manifest
	pub, _, err := decode(t, string(p.PublishBody()))
	if err != nil {
		t.Fatal(err)
	}
	d, err := pub.Documents(release)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func object(t *testing.T, stored []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(npm.Resolve(nil, stored, "https://npm.example.test/"), &m); err != nil {
		t.Fatalf("%v in %s", err, stored)
	}
	return m
}

func TestManifestIsStoredAsItIsServed(t *testing.T) {
	d := documents(t, map[string]any{
		"description": "a widget", "dependencies": map[string]any{"b": "1", "a": "^2"}, "scripts": map[string]any{"test": "x"},
		"license": "MIT", "homepage": "https://example.test", "custom": []any{"kept", 1.0, nil},
	})
	dist := map[string]any{
		"tarball": "https://npm.example.test/@acme/widget/-/widget-1.2.3.tgz", "shasum": "abcd", "integrity": "sha512-AAAA",
		"fileCount": 2.0, "unpackedSize": 99.0, "signatures": []any{map[string]any{"keyid": "SHA256:key", "sig": "sig"}},
	}
	both := map[string]any{"name": "@acme/widget", "version": "1.2.3", "dependencies": map[string]any{"b": "1", "a": "^2"}, "_hasShrinkwrap": false, "dist": dist}
	if diff := cmp.Diff(both, object(t, d.Abbreviated)); diff != "" {
		t.Error("abbreviated:", diff)
	}
	full := map[string]any{
		"_id": "@acme/widget@1.2.3", "_npmUser": map[string]any{"name": "ann", "email": ""},
		"maintainers": []any{map[string]any{"name": "ann", "email": ""}, map[string]any{"name": "bob", "email": ""}},
		"description": "a widget", "scripts": map[string]any{"test": "x"}, "license": "MIT", "homepage": "https://example.test",
		"custom": []any{"kept", 1.0, nil},
	}
	for k, v := range both {
		full[k] = v
	}
	if diff := cmp.Diff(full, object(t, d.Full)); diff != "" {
		t.Error("full:", diff)
	}
	if diff := cmp.Diff(map[string]any{"description": "a widget", "license": "MIT", "homepage": "https://example.test"}, object(t, d.Head)); diff != "" {
		t.Error("head:", diff)
	}
	if d.Readme != widget.Readme {
		t.Errorf("readme %q", d.Readme)
	}
}

func TestOnlyTheServerSaysWhatTheServerSays(t *testing.T) {
	forged := map[string]any{
		"time": "x", "maintainers": "mallory", "_npmUser": "mallory", "users": map[string]any{}, "_rev": "1", "_resolved": "/home/ann/secret", "_from": "x",
		"_integrity": "x", "integrity": "x", "shasum": "x", "hasInstallScript": true, "_hasShrinkwrap": true, "deprecated": "no", "_npmOperationalInternal": "x",
	}
	d := documents(t, forged)
	for _, stored := range [][]byte{d.Full, d.Abbreviated} {
		m := object(t, stored)
		for k, v := range forged {
			if cmp.Equal(m[k], v) {
				t.Errorf("%s was taken from the client in %s", k, stored)
			}
		}
	}
}

func TestInstallScriptsAreWhatTheArchiveSays(t *testing.T) {
	for _, want := range []bool{false, true} {
		p := widget
		p.Manifest = map[string]any{"scripts": map[string]any{"postinstall": "x"}, "hasInstallScript": !want}
		pub, _, _ := decode(t, string(p.PublishBody()))
		r := release
		r.Contents.InstallScript = want
		if d, err := pub.Documents(r); err != nil || (object(t, d.Abbreviated)["hasInstallScript"] == true) != want {
			t.Errorf("%v: %s, %v", want, d.Abbreviated, err)
		}
	}
}

func TestBadManifests(t *testing.T) {
	rows := map[string]struct {
		edit func(version map[string]any)
		code string
	}{
		"another name":            {func(v map[string]any) { v["name"] = "other" }, "npm.manifest_name"},
		"a name that is a list":   {func(v map[string]any) { v["name"] = []string{"@acme/widget"} }, "npm.manifest_name"},
		"another version":         {func(v map[string]any) { v["version"] = "2.0.0" }, "npm.manifest_version"},
		"dependencies are a list": {func(v map[string]any) { v["dependencies"] = []string{"a"} }, "npm.manifest_type"},
		"scripts are text":        {func(v map[string]any) { v["scripts"] = "rm" }, "npm.manifest_type"},
	}
	for what, r := range rows {
		p := widget
		p.Body = func(b map[string]any) { r.edit(b["versions"].(map[string]any)["1.2.3"].(map[string]any)) }
		pub, _, err := decode(t, string(p.PublishBody()))
		if err == nil {
			_, err = pub.Documents(release)
		}
		if errs.Of(err).Code != r.code {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestReadmeIsTakenFromEitherPlace(t *testing.T) {
	rows := map[string]struct {
		inVersion, atTop any
		want             string
	}{
		"npm":           {"# npm", nil, "# npm"},
		"yarn":          {nil, "# yarn", "# yarn"},
		"none":          {"ERROR: No README data found!", nil, ""},
		"of wrong type": {7, []int{1}, ""},
	}
	for what, r := range rows {
		p := npmpack.Package{Name: "@acme/widget", Version: "1.2.3", Body: func(b map[string]any) {
			v := b["versions"].(map[string]any)["1.2.3"].(map[string]any)
			delete(v, "readme")
			if r.inVersion != nil {
				v["readme"] = r.inVersion
			}
			if r.atTop != nil {
				b["readme"] = r.atTop
			}
		}}
		pub, _, err := decode(t, string(p.PublishBody()))
		if err != nil {
			t.Fatal(what, err)
		}
		if d, err := pub.Documents(release); err != nil || d.Readme != r.want {
			t.Errorf("%s: %q, %v", what, d.Readme, err)
		}
	}
}

func TestResolveReplacesEveryAddress(t *testing.T) {
	stored := []byte(strings.ReplaceAll(`{"a":"^x","b":"^y","c":1}`, "^", string(rune(npm.Address))))
	if got := npm.Resolve([]byte("z"), stored, "http://h/"); !bytes.Equal(got, []byte(`z{"a":"http://h/x","b":"http://h/y","c":1}`)) {
		t.Errorf("%s", got)
	}
}
