package npm

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/errs"
)

func TestDependenciesAreThoseThatARegistryIsAskedFor(t *testing.T) {
	p := Publish{Manifest: jsontext.Value(`{
		"dependencies": {"a": "^1.0.0", "b": " ~2 ", "opt": "1", "alias": "npm:@acme/real@^3", "bare": "npm:real", "c": "npm:a@^1.0.0",
			"git": "git+https://code.example/x.git", "hub": "user/repo", "file": "file:../x", "odd": 5, "": "1", "nul\u0000": "1"},
		"optionalDependencies": {"opt": "1"},
		"devDependencies": {"a": "^1.0.0"},
		"peerDependencies": {"p": ">=1 <3 || 4.x"}
	}`)}
	got, err := p.Dependencies()
	if err != nil {
		t.Fatal(err)
	}
	const want = "[{@acme/real prod ^3} {a dev ^1.0.0} {a prod ^1.0.0} {b prod ~2} {opt optional 1} {p peer >=1 <3 || 4.x} {real prod }]"
	if fmt.Sprint(got) != want {
		t.Errorf("%v\nwant\n%s", got, want)
	}
}

func TestDependenciesAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"dependencies":{`)
	for i := range maxDependencies + 1 {
		fmt.Fprintf(&b, `"d%d":"1",`, i)
	}
	p := Publish{Manifest: jsontext.Value(strings.TrimSuffix(b.String(), ",") + "}}")}
	if _, err := p.Dependencies(); errs.Of(err).Code != "npm.dependencies" {
		t.Error(err)
	}
	p.Manifest = jsontext.Value(`{"dependencies":{"long":"` + strings.Repeat("1", 257) + `"}}`)
	if got, err := p.Dependencies(); err != nil || len(got) != 0 {
		t.Error(got, err)
	}
}
