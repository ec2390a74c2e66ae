package forge_test

import (
	"testing"

	"latchkey/internal/forge"
)

func TestRepositoryIsAnAddressABrowserOpens(t *testing.T) {
	for in, want := range map[string]string{
		"git+https://code.example/a/b.git":          "https://code.example/a/b",
		"git+ssh://git@code.example/a/b.git":        "https://code.example/a/b",
		"ssh://git@code.example:2222/a/b.git":       "https://code.example/a/b",
		"git@github.com:a/b.git":                    "https://github.com/a/b",
		"git://code.example/a/b.git":                "https://code.example/a/b",
		"https://code.example/a/b/":                 "https://code.example/a/b",
		"https://code.example/a/b?x=1#readme":       "https://code.example/a/b",
		" http://code.example:8080/a/b ":            "http://code.example:8080/a/b",
		"github:a/b":                                "https://github.com/a/b",
		"gitlab:group/sub/b":                        "https://gitlab.com/group/sub/b",
		"a/b":                                       "https://github.com/a/b",
		"javascript:alert(1)":                       "",
		"git+javascript:alert(1)":                   "",
		"javascript:alert(1)/b":                     "",
		"data:text/html,<script>alert(1)</script>":  "",
		"https://github.com@evil.example/a/b":       "",
		"https://user:pass@code.example/a/b":        "",
		"//code.example/a/b":                        "",
		"https:code.example/a":                      "",
		"file:///etc/passwd":                        "",
		"C:/code/b":                                 "",
		"../b":                                      "",
		"just words":                                "",
		"https://code.example/":                     "",
		"https://code.example/\x00a/b":              "",
		"ssh://git@[::1]/a/b":                       "",
		"":                                          "",
		"https://code.example/<script>/'onclick='x": "https://code.example/%3Cscript%3E/%27onclick=%27x",
	} {
		r, ok := forge.Parse(in, "")
		if r.Web != want || ok != (want != "") {
			t.Errorf("%q: %q, want %q", in, r.Web, want)
		}
	}
}

func TestFilesAreFoundWhereTheHostIsKnown(t *testing.T) {
	for _, row := range []struct{ repository, directory, text, files, pictures string }{
		{"git+https://github.com/ann/widget.git", "", "github.com/ann/widget", "https://github.com/ann/widget/blob/HEAD/", "https://github.com/ann/widget/raw/HEAD/"},
		{"github:ann/tools", "packages/a b", "github.com/ann/tools", "https://github.com/ann/tools/blob/HEAD/packages/a%20b/", "https://github.com/ann/tools/raw/HEAD/packages/a%20b/"},
		{"gitlab:x/y/z", "../../..", "gitlab.com/x/y/z", "https://gitlab.com/x/y/z/-/blob/HEAD/", "https://gitlab.com/x/y/z/-/raw/HEAD/"},
		{"https://code.example/ann/widget", "a", "code.example/ann/widget", "", ""},
		{"https://github.com/ann", "", "github.com/ann", "", ""},
		{"https://github.com.evil.example/ann/widget", "", "github.com.evil.example/ann/widget", "", ""},
	} {
		r, ok := forge.Parse(row.repository, row.directory)
		if !ok || r.Text != row.text || r.Files != row.files || r.Pictures != row.pictures {
			t.Errorf("%s: %+v", row.repository, r)
		}
	}
}
