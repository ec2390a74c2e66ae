package views

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// templ checks addresses in href and action alone. Where else a browser takes an address, or would run
// what it is given, templates hold constants and nothing of what others wrote (SF22).
func TestTemplatesPutNothingWhereItCouldAct(t *testing.T) {
	bad := regexp.MustCompile(`\b(src|srcset|formaction|data|style|on[a-z]+|hx-[a-z-]+)=\{|templ\.(Raw|SafeURL|SafeCSS|SafeScript|JSUnsafeFuncCall|JSExpression|ComponentScript)|<(iframe|object|embed|base)\b|style="| on[a-z]+="`)
	checked := 0
	for _, pattern := range []string{"*.templ", "ui/*.templ"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			checked++
			for i, line := range strings.Split(string(b), "\n") {
				if m := bad.FindString(line); m != "" && !strings.Contains(line, "src={ static.URL(") {
					t.Errorf("%s:%d: %s", name, i+1, strings.TrimSpace(line))
				}
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d templates were found", checked)
	}
}

func TestRepositoryIsAnAddressABrowserOpens(t *testing.T) {
	for in, want := range map[string]string{
		"git+https://code.example/a/b.git":   "https://code.example/a/b",
		"git+ssh://git@code.example/a/b.git": "https://code.example/a/b",
		"git://code.example/a/b.git":         "https://code.example/a/b",
		"https://code.example/a/b":           "https://code.example/a/b",
		"github:a/b":                         "",
		"javascript:alert(1)":                "",
		"git+javascript:alert(1)":            "",
		"":                                   "",
	} {
		if got := repositoryURL(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestTokenLineOfNpmrcHasNoScheme(t *testing.T) {
	if got := host("https://registry.example/npm/"); got != "//registry.example/npm/" {
		t.Error(got)
	}
}
