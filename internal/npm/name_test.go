package npm

import (
	"strings"
	"testing"

	"latchkey/internal/errs"
)

func TestNames(t *testing.T) {
	long := strings.Repeat("a", 214)
	good := []string{"left-pad", "a", "1", "lodash.merge", "under_score", "@acme/widget", "@a/b", "@acme/fs", "xn--rect-8cd", "constructor", "tostring", long, "@a/" + long[:211]}
	for _, name := range good {
		n, err := ParseName(name)
		if err != nil || n.Full != name {
			t.Errorf("%q: %+v, %v", name, n, err)
		}
	}
	bad := []string{
		"", ".x", "_x", " x", "x ", "x\n", "React", "node_modules", "favicon.ico", "-", "fs", "http", "rеact", "re\u200bact",
		"a~b", "a'b", "a!b", "a(b", "a*b", "a:b", "a b", "a%b", "a?b", "a#b", "a/b", "..", "../x", "a\x00b", `a\b`, "__proto__",
		"@acme", "@acme/", "@/x", "@acme/x/y", "@Acme/x", "@acme/.x", "@../x", "@__proto__/x", long + "a", "@a/" + long,
	}
	for _, name := range bad {
		if n, err := ParseName(name); err == nil {
			t.Errorf("%q was accepted as %+v", name, n)
		}
	}
}

func TestNamesOfTheRegistryItself(t *testing.T) {
	for _, name := range []string{"healthz", "readyz"} {
		if _, err := ParseName(name); errs.Of(err).Code != "npm.own_page" {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := ParseName("@acme/" + name); err != nil {
			t.Error(err)
		}
	}
}

func TestMonikers(t *testing.T) {
	for name, want := range map[string]string{
		"react-native": "reactnative", "react.native": "reactnative", "rea-ct_native": "reactnative", "reactnative": "reactnative",
		"lodash": "lodash", "l0dash": "l0dash", "@acme/react-native": "", "--": "--", "-a": "a",
	} {
		n, err := ParseName(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := n.Moniker(); got != want {
			t.Errorf("%s: %q, not %q", name, got, want)
		}
	}
}

func TestRepositoriesHaveOneForm(t *testing.T) {
	same := [][]string{
		{
			"acme/x", "github:acme/x", "git@github.com:acme/x.git", "git+ssh://git@github.com/acme/x.git", "git+ssh://git@github.com:acme/x.git",
			"https://github.com/acme/x", "git+https://github.com/acme/x.git", "git://github.com/acme/x.git", "https://GitHub.com/acme/x/", "https://www.github.com/acme/x",
		},
		{"acme/x#v1", "github:acme/x#v1", "https://github.com/acme/x/tree/v1", "git+https://github.com/acme/x.git#v1"},
		{"acme/x#a%20b", "github:acme/x#a b"},
		{"gitlab:acme/x", "https://gitlab.com/acme/x.git"},
		{"bitbucket:acme/x", "git@bitbucket.org:acme/x"},
		{"gist:abc", "https://gist.github.com/abc.git"},
		{"^1.0.0", " ^1.0.0 "},
		{"npm:x@1"},
		{"npm:@acme/x@1"},
		{"file:../x"},
		{"../x"},
		{"./x"},
		{"~/x"},
		{"@acme/x"},
		{"https://example.test/acme/x.git"},
		{"git@example.test:acme/x.git"},
		{"github.com/acme/x"},
		{"github.com/acme/x#v1"},
		{"https://github.com.evil.test/acme/x"},
		{"https://github.com@evil.test/acme/x"},
		{"https://github.com/evil/x"},
		{"acme/y"},
		{"workspace:*"},
		{""},
		{"*"},
		{"github:"},
		{"a:b/c"},
		{"/acme"},
	}
	seen := map[string]string{}
	for _, group := range same {
		form := cleanSpec(group[0])
		if other, ok := seen[form]; ok {
			t.Errorf("%q and %q are the same: %q", group[0], other, form)
		}
		seen[form] = group[0]
		for _, spec := range group[1:] {
			if got := cleanSpec(spec); got != form {
				t.Errorf("%q is %q and %q is %q", group[0], form, spec, got)
			}
		}
	}
}

func TestTarballNames(t *testing.T) {
	scoped, _ := ParseName("@acme/widget")
	plain, _ := ParseName("left-pad")
	rows := []struct {
		name Name
		file string
		want string
	}{
		{scoped, "widget-1.0.0.tgz", "1.0.0"},
		{scoped, "@acme/widget-1.0.0-beta.1.tgz", "1.0.0-beta.1"},
		{plain, "left-pad-1.0.0.tgz", "1.0.0"},
		{plain, "right-pad-1.0.0.tgz", ""},
		{plain, "left-pad-1.0.0.tar", ""},
		{plain, "left-pad-latest.tgz", ""},
		{plain, "left-pad-1.0.0.tgz/..", ""},
		{plain, "../../outside-1.0.0.tgz", ""},
	}
	for _, r := range rows {
		if got, ok := r.name.VersionOf(r.file); ok != (r.want != "") || ok && got != r.want {
			t.Errorf("%s in %s: %q, %v", r.file, r.name.Full, got, ok)
		}
	}
	if got := scoped.Tarball("2.0.0"); got != "widget-2.0.0.tgz" {
		t.Error(got)
	}
}

func TestVersions(t *testing.T) {
	for _, v := range []string{"0.0.0", "1.2.3", "10.20.30", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-0.3.7", "1.0.0-x-y.7.z", "9007199254740991.0.0"} {
		if err := ParseVersion(v); err != nil {
			t.Errorf("%q was refused: %v", v, err)
		}
	}
	bad := []string{
		"", "1", "1.0", "v1.0.0", "=1.0.0", "01.0.0", "1.0.0-01", "1.0.0 ", "1.0.0\n", "1.0.0-", "1.0.0+a", "latest", "1.0.0-a..b", "__proto__",
		"9007199254740992.0.0", "1.0.0-99999999999999999999", "1.0.0-" + strings.Repeat("a.", 1e5) + "a", strings.Repeat("1", 300) + ".0.0",
	}
	for _, v := range bad {
		if ParseVersion(v) == nil {
			t.Errorf("%.40q was accepted", v)
		}
	}
}

func TestTags(t *testing.T) {
	for _, tag := range []string{"latest", "beta", "next-11", "release_2", "v8-legacy.x-only", "canary.20261124", "toString"} {
		if err := ParseTag(tag); err != nil {
			t.Errorf("%q was refused: %v", tag, err)
		}
	}
	for _, tag := range []string{"", "1.x", "v1.4", "*", "^1", "1", "x", "X", "1.0.0", "v1", "a/b", "../latest", "a b", "__proto__", "constructor", "prototype", strings.Repeat("a", 101), "béta", "a\x00"} {
		if ParseTag(tag) == nil {
			t.Errorf("%q was accepted", tag)
		}
	}
}
