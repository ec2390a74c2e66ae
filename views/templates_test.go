package views

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// templ checks addresses in href and action alone. Where else a browser takes an address, or would run
// what it is given, templates hold constants and nothing of what others wrote.
func TestTemplatesPutNothingWhereItCouldAct(t *testing.T) {
	bad := regexp.MustCompile(`\b(src|srcset|formaction|data|style|on[a-z]+|hx-[a-z-]+)=\{|templ\.(Raw|SafeURL|SafeCSS|SafeScript|JSUnsafeFuncCall|JSExpression|ComponentScript)|<(iframe|object|embed|base)\b|style="| on[a-z]+="`)
	checked := 0
	for _, pattern := range []string{"*.templ", "ui/*.templ"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			checked++
			for i, line := range strings.Split(contents(t, name), "\n") {
				line = strings.ReplaceAll(line, "hx-post={ string(templ.URL(", "") // checked like an action
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

// What the pages can be asked for has a user: every icon, and every class that the style sheet knows.
func TestIconsAndClassesAreUsed(t *testing.T) {
	templates := ""
	for _, pattern := range []string{"*.templ", "ui/*.templ", "ui/frame.go", "ui/source.go", "diff_lines.go", "../internal/markdown/markdown.go", "../internal/highlight/highlight.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			templates += contents(t, name)
		}
	}
	icons := regexp.MustCompile(`case "([a-z-]+)":`).FindAllStringSubmatch(contents(t, "ui/icon.templ"), -1)
	for _, m := range icons {
		if !regexp.MustCompile(`(Icon|Empty)\("` + m[1] + `"`).MatchString(templates) {
			t.Errorf("nobody uses the icon %s", m[1])
		}
	}
	// Classes stand in class="a b", or as words of their own in Go: "note", "wide", KV("large", …), tint.
	used := map[string]bool{}
	for i := range 8 {
		used["t"+strconv.Itoa(i)], used["d"+strconv.Itoa(i)] = true, true // tints of people, depths of a tree
	}
	for _, m := range regexp.MustCompile(`class="([^"]+)"`).FindAllStringSubmatch(templates, -1) {
		for class := range strings.FieldsSeq(m[1]) {
			used[class] = true
		}
	}
	for _, m := range regexp.MustCompile(`(?:class=\{|Shape = |KV\(|Note\(|Tag\()[^})\n]*`).FindAllString(templates, -1) {
		for _, word := range regexp.MustCompile(`"([a-z]+)"`).FindAllStringSubmatch(m, -1) {
			used[word[1]] = true
		}
	}
	used["htmx-request"] = true // htmx sets it
	css := regexp.MustCompile(`(?s)/\*.*?\*/|\{[^{}]*\}`).ReplaceAllString(contents(t, "../static/app.css"), "{}")
	classes := regexp.MustCompile(`\.([a-z][a-z0-9-]*)`).FindAllStringSubmatch(css, -1)
	for _, m := range classes {
		if !used[m[1]] {
			t.Errorf("nobody uses the class %s", m[1])
		}
	}
	if len(icons) < 5 || len(classes) < 60 {
		t.Errorf("only %d icons and %d classes were found", len(icons), len(classes))
	}
}

func contents(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTokenLineOfNpmrcHasNoScheme(t *testing.T) {
	if got := host("https://registry.example/npm/"); got != "//registry.example/npm/" {
		t.Error(got)
	}
}
