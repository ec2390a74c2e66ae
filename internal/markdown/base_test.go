package markdown

import (
	"strings"
	"testing"
)

var base = Base{Files: "/package/@ann/widget/files/1.0.0/", Pictures: "https://code.example/raw/"}

func TestRelativeLinksLeadToFiles(t *testing.T) {
	for in, want := range map[string]string{
		"docs/a.md":               "/package/@ann/widget/files/1.0.0/docs/a.md",
		"./docs/../b.md":          "/package/@ann/widget/files/1.0.0/b.md",
		"/LICENSE":                "/package/@ann/widget/files/1.0.0/LICENSE",
		"a.md#part-2":             "/package/@ann/widget/files/1.0.0/a.md#part-2",
		"a.md?raw=true":           "/package/@ann/widget/files/1.0.0/a.md",
		"with%20blank.md":         "/package/@ann/widget/files/1.0.0/with%20blank.md",
		"%3Cscript%3E":            "/package/@ann/widget/files/1.0.0/%3Cscript%3E",
		"a:b":                     "",
		"./a:b":                   "/package/@ann/widget/files/1.0.0/a:b",
		"../../../../../settings": "/package/@ann/widget/files/1.0.0/settings",
		"%2e%2e/%2e%2e/settings":  "/package/@ann/widget/files/1.0.0/settings",
		"a/..%2f..%2f..%2fb":      "/package/@ann/widget/files/1.0.0/b",
		"%252e%252e/a":            "/package/@ann/widget/files/1.0.0/%252e%252e/a",
		"//evil.example/x":        "",
		"/%2fevil.example":        "",
		`\\evil.example`:          "",
		`/\evil.example`:          "",
		"%5c..%5cx":               "",
		"javascript:alert(1)":     "",
		"?q":                      "",
		"..":                      "",
		".":                       "",
		"":                        "",
		"%zz":                     "",
		"a\x00b":                  "",
		"a%00b":                   "",
	} {
		if got := within(base.Files, in); got != want {
			t.Errorf("%q leads to %q, want %q", in, got, want)
		}
		if within("", in) != "" {
			t.Errorf("%q leads somewhere without a base", in)
		}
	}
}

func TestReadmeSpeaksOfItsFiles(t *testing.T) {
	out := New(1<<20).render("[doc](docs/a.md) ![logo](img/a.png) <a href='../../x'>up</a> [![badge](b.png)](c.md)", base)
	for _, want := range []string{
		`<a href="/package/@ann/widget/files/1.0.0/docs/a.md" rel="nofollow ugc noopener noreferrer">doc</a>`,
		`<a href="https://code.example/raw/img/a.png" rel="nofollow ugc noopener noreferrer">logo</a>`,
		`<a href="/package/@ann/widget/files/1.0.0/x"`,
		`<a href="/package/@ann/widget/files/1.0.0/c.md" rel="nofollow ugc noopener noreferrer">badge</a>`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%s\nhas no %s", out, want)
		}
	}
}

// The same text in another package leads elsewhere.
func TestReadmeIsRememberedWithItsBase(t *testing.T) {
	r := New(1 << 20)
	one := r.Render(t.Context(), "[a](a.md)", Base{Files: "/one/"})
	two := r.Render(t.Context(), "[a](a.md)", Base{Files: "/two/"})
	if !strings.Contains(one.html, "/one/a.md") || !strings.Contains(two.html, "/two/a.md") {
		t.Errorf("%s\n%s", one.html, two.html)
	}
}

// All code of a readme together has a bound; what is over it is there without colours.
func TestMuchCodeIsShownPlain(t *testing.T) {
	block := "```js\n" + strings.Repeat("let a = 1\n", 3000) + "```\n\n"
	out := New(8<<20).render(strings.Repeat(block, 4), Base{})
	if n := strings.Count(out, `<span class="hk">let</span>`); n > 7000 || strings.Count(out, "let") != 12_000 {
		t.Errorf("%d of %d lines are coloured", n, strings.Count(out, "let"))
	}
}
