package handlers

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// A selector is what tests say about a page: "form[action=/login] .problem:contains(too short)". It
// knows tags, #id, .class, [attribute], [attribute=value], :contains(text), and descent by a blank.
type selector []step

type step struct {
	tag, text string
	attrs     map[string]string // name to value; "*" is any
	classes   []string
}

func parseSelector(t testing.TB, text string) selector {
	t.Helper()
	var steps selector
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimSpace(rest) {
		s := step{attrs: map[string]string{}}
		s.tag, rest = word(rest)
		for rest != "" && rest[0] != ' ' {
			var name string
			switch rest[0] {
			case '#':
				name, rest = word(rest[1:])
				s.attrs["id"] = name
			case '.':
				name, rest = word(rest[1:])
				s.classes = append(s.classes, name)
			case '[':
				name, rest, _ = strings.Cut(rest[1:], "]")
				key, value, ok := strings.Cut(name, "=")
				if !ok {
					value = "*"
				}
				s.attrs[key] = value
			case ':':
				s.text, rest, _ = strings.Cut(strings.TrimPrefix(rest, ":contains("), ")")
			default:
				t.Fatalf("selector %q: cannot read %q", text, rest)
			}
		}
		steps = append(steps, s)
	}
	return steps
}

func word(s string) (head, rest string) {
	i := strings.IndexAny(s, " #.[:")
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i:]
}

func (s step) matches(n *html.Node) bool {
	if n.Type != html.ElementNode || s.tag != "" && s.tag != n.Data {
		return false
	}
	for key, want := range s.attrs {
		got, ok := attribute(n, key)
		if !ok || want != "*" && got != want {
			return false
		}
	}
	class, _ := attribute(n, "class")
	for _, c := range s.classes {
		if !strings.Contains(" "+class+" ", " "+c+" ") {
			return false
		}
	}
	return s.text == "" || strings.Contains(textOf(n), s.text)
}

// find returns the elements that a selector leads to.
func (sel selector) find(n *html.Node) (found []*html.Node) {
	for c := range n.Descendants() {
		if !sel[0].matches(c) {
			continue
		}
		if len(sel) == 1 {
			found = append(found, c)
		} else {
			found = append(found, sel[1:].find(c)...)
		}
	}
	return found
}

func attribute(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

// textOf is what a reader sees of an element, with single blanks.
func textOf(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode && c.Parent.Data != "script" && c.Parent.Data != "style" {
			b.WriteString(c.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func parseHTML(t testing.TB, text string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
