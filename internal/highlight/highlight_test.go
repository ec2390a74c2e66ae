package highlight

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/chroma/v2/lexers"

	"latchkey/internal/readable"
)

func TestEveryLanguageHasALexerOfItsOwn(t *testing.T) {
	for _, table := range []map[string]string{languages, named} {
		for ending, language := range table {
			found := false
			for _, name := range lexers.Aliases(false) {
				found = found || name == language
			}
			if !found {
				t.Errorf("%s: no lexer is called %q, so finding it would be a guess", ending, language)
			}
		}
	}
}

func TestLanguageIsToldByThePath(t *testing.T) {
	for file, want := range map[string]string{
		"index.js": "javascript", "src/a.d.mts": "typescript", "package.json": "json", "A.JSON": "json", "dist/x.min.css": "css", "Makefile": "make",
		"bin/.npmrc": "ini", "README.md": "", "LICENSE": "", "": "", "js": "", "a.unknown": "", ".js": "javascript",
	} {
		if got := Of(file); got != want {
			t.Errorf("%q is %q, want %q", file, got, want)
		}
	}
	for info, want := range map[string]string{"js": "javascript", " TSX title=x": "typescript", "js{1,3}": "javascript", "": "", "brainfuck": "", "js\"onclick=x": ""} {
		if got := Fence(info); got != want {
			t.Errorf("%q is %q, want %q", info, got, want)
		}
	}
}

var markup = regexp.MustCompile(`</?[a-z][^>]*>`)

// harmless checks that lines have our spans, each closed in its line, and nothing else that is markup; and
// that they read as the source does.
func harmless(t *testing.T, source string, lines []string) {
	t.Helper()
	for _, l := range lines {
		depth := 0
		for _, tag := range markup.FindAllString(l, -1) {
			switch {
			case tag == "</span>":
				depth--
			case regexp.MustCompile(`^<span class="h[a-z]">$`).MatchString(tag):
				depth++
			default:
				t.Errorf("%q leaves %s", source, tag)
			}
		}
		if depth != 0 {
			t.Errorf("%q: a span goes past its line: %s", source, l)
		}
	}
	text := markup.ReplaceAllString(strings.Join(lines, "\n"), "")
	text = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'", "&amp;", "&").Replace(text)
	if want := strings.TrimSuffix(readable.Text(source), "\n"); text != want {
		t.Errorf("%q reads %q", want, text)
	}
}

func TestSourceIsColouredAndNothingElse(t *testing.T) {
	for _, row := range []struct{ language, source, want string }{
		{"javascript", "const a = '<b>' // x\n", `<span class="hs">&#39;&lt;b&gt;&#39;</span>`},
		{"javascript", "/* one\ntwo */\nlet x", `<span class="hc">two */</span>`},
		{"json", "{\n  \"a\": 1,\n  \"b\": [true]\n}", `<span class="hn">1</span>`},
		{"html", "<script>alert(1)</script>\n<p onclick='x'>", `alert`},
		{"css", "a { color: red }\r\nb {}\r\n", `color`},
		{"diff", "+added\n-removed\n", `<span class="hi">+added</span>`},
		{"bash", "echo \"$HOME\" # hi", `<span class="hc"># hi</span>`},
		{"javascript", "let a = 'x\u202e' // \u2066", `x\u202e`},
		{"", "plain <b>\n\ttab", `plain &lt;b&gt;`},
		{"no such language", "x", `x`},
		{"javascript", "", ``},
		{"javascript", "\n\n", ``},
		{"typescript", "a\xff\x00b `${'</span>'}`", `&lt;/span&gt;`},
	} {
		lines := Lines(t.Context(), row.language, row.source)
		harmless(t, row.source, lines)
		if got := strings.Join(lines, "\n"); !strings.Contains(got, row.want) {
			t.Errorf("%s: %q\nhas no %s", row.language, got, row.want)
		}
	}
}

func TestLongSourcesAreShownPlain(t *testing.T) {
	long := strings.Repeat("let a = 1\n", MaxBytes/10+1)
	if lines := New(1<<20).File(t.Context(), "a.js", long); strings.Contains(lines[0], "<span") || len(lines) != MaxBytes/10+1 {
		t.Errorf("%d lines such as %s", len(lines), lines[0])
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if lines := Lines(ended, "javascript", "let a"); strings.Contains(lines[0], "<span") {
		t.Error("work went on after its time")
	}
}

func TestFilesAreRemembered(t *testing.T) {
	r := New(1 << 20)
	for range 100 { // the machine may be busy
		if strings.Contains(r.File(t.Context(), "lib/a.js", "let a = 1")[0], `<span class="hk">let</span>`) {
			return
		}
	}
	t.Error("a line of JavaScript is never coloured")
}

// Sources that are made to keep a lexer busy end all the same.
func TestNothingKeepsALexerForLong(t *testing.T) {
	many := strings.Repeat
	for _, source := range []string{
		many("/*", MaxBytes/2), many("`${", MaxBytes/3), many("(", MaxBytes), many("\"\\", MaxBytes/2), many("a", MaxBytes), many("<", MaxBytes), many("/[", MaxBytes/2), many(" ", MaxBytes),
	} {
		for _, language := range []string{"javascript", "typescript", "html", "css", "json", "bash", "yaml"} {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			begin := time.Now()
			lines := Lines(ctx, language, source)
			cancel()
			if d := time.Since(begin); d > 8*time.Second || len(lines) == 0 {
				t.Errorf("%s, %.4q…: %d lines in %v", language, source, len(lines), d)
			}
		}
	}
}

func FuzzHighlight(f *testing.F) {
	f.Add("javascript", "let a = `${b}`")
	f.Add("html", "<a href=\"javascript:alert(1)\">x</a>")
	f.Fuzz(func(t *testing.T, ending, source string) {
		language := Fence(ending)
		if len(source) > 2000 || strings.ContainsAny(source, "\r\x00\x1a") {
			return
		}
		lines := Lines(t.Context(), language, source)
		for _, l := range lines {
			if regexp.MustCompile(`<(?:[^s/]|s[^p]|/[^s])`).MatchString(l) {
				t.Errorf("%q leaves %q", source, l)
			}
		}
	})
}
