package markdown

import (
	"cmp"
	"context"
	"io"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"latchkey/internal/highlight"
)

// rel is on every link: no credit in search engines, and no hold on our window.
const rel = "nofollow ugc noopener noreferrer"

// idPrefix keeps a readme's ids from being mistaken for ours, by scripts and by links.
const idPrefix = "user-content-"

const (
	fence       = "language-" // begins the class by which the parser names a fence's language
	maxColoured = 64 << 10    // bytes of code in one readme
	colourFor   = time.Second
)

// policy is the list of what may stay. Whatever a readme's HTML says beyond that is dropped.
func policy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "div", "span", "blockquote", "pre", "code",
		"em", "strong", "b", "i", "u", "s", "del", "ins", "sub", "sup", "small", "kbd", "samp", "var", "mark", "q", "cite", "abbr",
		"ul", "ol", "li", "dl", "dt", "dd", "details", "summary", "figure", "figcaption",
		"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td")
	p.AllowAttrs("id").Matching(regexp.MustCompile(`^[\p{L}\p{N}._:-]+$`)).Globally()
	p.AllowAttrs("align").Matching(regexp.MustCompile(`(?i)^(left|right|center|justify)$`)).
		OnElements("p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "th", "td", "table", "img")
	p.AllowAttrs("colspan", "rowspan").Matching(regexp.MustCompile(`^[1-9][0-9]?$`)).OnElements("th", "td")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,6}$`)).OnElements("ol")
	p.AllowAttrs("open").Matching(regexp.MustCompile(`^(open)?$`)).OnElements("details")
	p.AllowAttrs("title").Matching(bluemonday.Paragraph).OnElements("a", "img", "abbr")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^` + fence + `[a-zA-Z0-9+{},-]{1,40}$`)).OnElements("code")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("src", "alt").OnElements("img")
	p.AllowAttrs("width", "height").Matching(regexp.MustCompile(`^[0-9]{1,4}%?$`)).OnElements("img")
	p.AllowAttrs("type").Matching(regexp.MustCompile(`^checkbox$`)).OnElements("input")
	p.AllowAttrs("checked", "disabled").Matching(regexp.MustCompile(`^$`)).OnElements("input")
	p.AllowURLSchemes("http", "https", "mailto", "data")
	p.AllowRelativeURLs(true) // so that links within the document survive; the others go in rewrite
	p.RequireParseableURLs(true)
	return p
}

// rewrite makes what the policy let through harmless: links within the document stay, links to the
// outside say so, links to nowhere become text, and pictures that would tell others who reads become links.
func rewrite(r io.Reader, base Base) (string, error) {
	body := &html.Node{Type: html.ElementNode, DataAtom: atom.Body, Data: "body"}
	nodes, err := html.ParseFragment(r, body)
	if err != nil {
		return "", err // among others: nested deeper than the parser goes
	}
	var b strings.Builder
	for _, n := range nodes {
		body.AppendChild(n)
	}
	ctx, cancel := context.WithTimeout(context.Background(), colourFor)
	defer cancel()
	w := rewriter{ctx: ctx, base: base, code: maxColoured}
	w.walk(body)
	for n := body.FirstChild; n != nil; n = n.NextSibling {
		if err := html.Render(&b, n); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// rewriter is one rewriting.
type rewriter struct {
	ctx  context.Context //nolint:containedctx // it lives as long as the one call that made it
	base Base
	code int // bytes that may still be coloured
}

func (w *rewriter) walk(n *html.Node) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		if c.Type == html.ElementNode {
			w.walk(c)
			w.harmless(c)
		}
		c = next
	}
}

// harmless rewrites one element, after everything in it.
func (w *rewriter) harmless(n *html.Node) {
	for i, a := range n.Attr {
		if a.Key == "id" {
			n.Attr[i].Val = idPrefix + strings.TrimPrefix(a.Val, idPrefix)
		}
	}
	switch n.DataAtom {
	case atom.A:
		w.link(n)
	case atom.Img:
		w.picture(n)
	case atom.Pre, atom.Table:
		set(n, "tabindex", "0") // wide ones scroll, and the keyboard must be able to
	case atom.Code:
		w.colour(n)
	case atom.Input:
		if attr(n, "type") != "checkbox" {
			n.Parent.RemoveChild(n)
			return
		}
		set(n, "disabled", "") // it would look as if it could be changed
	}
}

// colour colours a block of code whose language is known. The parser named it in a class, which goes.
func (w *rewriter) colour(n *html.Node) {
	language := highlight.Fence(strings.TrimPrefix(attr(n, "class"), fence))
	n.Attr = nil
	text := n.FirstChild
	if language == "" || n.Parent.DataAtom != atom.Pre || text == nil || text.NextSibling != nil || text.Type != html.TextNode {
		return
	}
	if w.code -= len(text.Data); w.code < 0 {
		return
	}
	lines := highlight.Lines(w.ctx, language, text.Data)
	nodes, err := html.ParseFragment(strings.NewReader(strings.Join(lines, "\n")+"\n"), n)
	if err != nil {
		return
	}
	n.RemoveChild(text)
	for _, c := range nodes {
		n.AppendChild(c)
	}
}

// link leaves a link that leads to a part of the document, to the outside, or to a file of the package. Any
// other would lead into our own pages, so only its text stays.
func (w *rewriter) link(n *html.Node) {
	to := strings.TrimSpace(attr(n, "href"))
	switch {
	case strings.HasPrefix(to, "#") && len(to) > 1:
		set(n, "href", "#"+idPrefix+strings.TrimPrefix(to[1:], idPrefix))
		return
	case Outside(to) != "":
		to = Outside(to)
	default:
		to = within(w.base.Files, to)
	}
	if to == "" {
		n.Data, n.DataAtom, n.Attr = "span", atom.Span, nil
		return
	}
	set(n, "href", to)
	set(n, "rel", rel)
}

// picture keeps a picture that is in the document itself. One from elsewhere becomes a link (or, inside
// a link, text), because loading it would tell its server who reads what.
func (w *rewriter) picture(n *html.Node) {
	src := attr(n, "src")
	if inline(src) {
		return
	}
	text := &html.Node{Type: html.TextNode, Data: attr(n, "alt")}
	if strings.TrimSpace(text.Data) == "" {
		text.Data = "picture"
	}
	with := text
	if to := cmp.Or(Outside(src), within(w.base.Pictures, src)); to != "" && !inside(n, atom.A) {
		with = &html.Node{
			Type: html.ElementNode, DataAtom: atom.A, Data: "a",
			Attr: []html.Attribute{{Key: "href", Val: to}, {Key: "rel", Val: rel}},
		}
		with.AppendChild(text)
	}
	n.Parent.InsertBefore(with, n)
	n.Parent.RemoveChild(n)
}

// within returns the address of a file below base that a readme names by its path from the root of the package
// or repository, where readmes are. It cannot lead above base; what is no such path is "".
func within(base, address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if base == "" || err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || u.Path == "" ||
		strings.HasPrefix(u.Path, "//") || strings.ContainsAny(u.Path, "\\\x00") {
		return ""
	}
	file := strings.TrimPrefix(path.Clean("/"+u.Path), "/")
	if file == "" {
		return ""
	}
	to := url.URL{Path: file, Fragment: u.Fragment}
	return base + strings.TrimPrefix(to.String(), "./") // which url adds before a colon
}

// Outside returns an address that somebody wrote when it leads to the web or to a mail program, without
// a password in it, and nothing otherwise.
func Outside(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.User != nil {
		return ""
	}
	if (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" || u.Scheme == "mailto" && u.Opaque != "" {
		return u.String()
	}
	return ""
}

// inline reports whether src is a picture in itself. SVG is left out: it is a document, not a picture.
func inline(src string) bool {
	for _, kind := range []string{"png", "jpeg", "gif", "webp"} {
		if strings.HasPrefix(src, "data:image/"+kind+";base64,") {
			return true
		}
	}
	return false
}

func inside(n *html.Node, kind atom.Atom) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.DataAtom == kind {
			return true
		}
	}
	return false
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func set(n *html.Node, key, value string) {
	for i, a := range n.Attr {
		if a.Key == key {
			n.Attr[i].Val = value
			return
		}
	}
	n.Attr = append(n.Attr, html.Attribute{Key: key, Val: value})
}
