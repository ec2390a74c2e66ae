package static

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	token  = regexp.MustCompile(`--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)`)
	avatar = regexp.MustCompile(`\.avatar[^{]*\{[^}]*?background: (#[0-9a-f]{6})`)
)

// tokens are the colours of the style sheet, light and dark.
func tokens(t *testing.T) (css string, light, dark map[string]string) {
	t.Helper()
	b, err := os.ReadFile("app.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark = map[string]string{}, map[string]string{}
	for _, m := range token.FindAllStringSubmatch(string(b), -1) {
		light[m[1]], dark[m[1]] = m[2], m[3]
	}
	return string(b), light, dark
}

// luminance and contrast are as WCAG 2.2 defines them.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	var parts [3]float64
	for i := range parts {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatalf("colour %q: %v", colour, err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			parts[i] = c / 12.92
		} else {
			parts[i] = math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*parts[0] + 0.7152*parts[1] + 0.0722*parts[2]
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestTextAndBordersCanBeSeen(t *testing.T) {
	css, light, dark := tokens(t)
	for _, row := range []struct {
		what, on string // tokens, several separated by blanks
		least    float64
	}{
		{"ink ink-soft link", "paper surface sunken", 4.5},
		{"paper", "ink danger", 4.5}, // filled buttons
		{"danger", "surface paper danger-bg", 4.5},
		{"ok", "surface ok-bg", 4.5},
		{"warn", "surface warn-bg", 4.5},
		{"ink link", "ok-bg warn-bg danger-bg", 4.5},
		{"code-word code-text code-number code-name code-type ok danger", "surface sunken", 4.5},
		{"control", "paper surface sunken", 3},
		{"brass", "paper surface sunken", 3}, // the focus ring and the mark of the current place
	} {
		for what := range strings.FieldsSeq(row.what) {
			for on := range strings.FieldsSeq(row.on) {
				for scheme, colours := range map[string]map[string]string{"light": light, "dark": dark} {
					if colours[what] == "" || colours[on] == "" {
						t.Fatalf("no colour %s or %s", what, on)
					}
					if got := contrast(t, colours[what], colours[on]); got < row.least {
						t.Errorf("%s: %s on %s is %.2f, want %.1f", scheme, what, on, got, row.least)
					}
				}
			}
		}
	}
	found := avatar.FindAllStringSubmatch(css, -1)
	if len(found) < 8 {
		t.Errorf("%d colours of avatars", len(found))
	}
	for _, m := range found {
		if got := contrast(t, "#ffffff", m[1]); got < 4.5 {
			t.Errorf("white on the avatar's %s is %.2f", m[1], got)
		}
	}
}

func TestAddressesHoldTheContent(t *testing.T) {
	url := URL("app.css")
	if !regexp.MustCompile(`^/static/app\.[0-9a-f]{12}\.css$`).MatchString(url) {
		t.Error(url)
	}
	defer func() {
		if recover() == nil {
			t.Error("an unknown file has an address")
		}
	}()
	URL("nothing.css")
}

// htmx is pinned: a changed file would be another program.
func TestVendoredScriptIsTheReleasedOne(t *testing.T) {
	b, err := files.ReadFile("htmx.min.js")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), `version:"2.0.11"`) || fmt.Sprint(len(b)) != "52182" {
		t.Errorf("%d bytes", len(b))
	}
}
