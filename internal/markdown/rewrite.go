package markdown

import (
	"io"
	"net/url"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// rel is on every link: no credit in search engines, and no hold on our window.
const rel = "nofollow ugc noopener noreferrer"

// idPrefix keeps a readme's ids from being mistaken for ours, by scripts and by links.
const idPrefix = "user-content-"

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
func rewrite(r io.Reader) (string, error) {
	body := &html.Node{Type: html.ElementNode, DataAtom: atom.Body, Data: "body"}
	nodes, err := html.ParseFragment(r, body)
	if err != nil {
		return "", err // among others: nested deeper than the parser goes
	}
	var b strings.Builder
	for _, n := range nodes {
		body.AppendChild(n)
	}
	walk(body)
	for n := body.FirstChild; n != nil; n = n.NextSibling {
		if err := html.Render(&b, n); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

func walk(n *html.Node) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		if c.Type == html.ElementNode {
			walk(c)
			harmless(c)
		}
		c = next
	}
}

// harmless rewrites one element, after everything in it.
func harmless(n *html.Node) {
	for i, a := range n.Attr {
		if a.Key == "id" {
			n.Attr[i].Val = idPrefix + strings.TrimPrefix(a.Val, idPrefix)
		}
	}
	switch n.DataAtom {
	case atom.A:
		link(n)
	case atom.Img:
		picture(n)
	case atom.Pre, atom.Table:
		set(n, "tabindex", "0") // wide ones scroll, and the keyboard must be able to
	case atom.Input:
		if attr(n, "type") != "checkbox" {
			n.Parent.RemoveChild(n)
			return
		}
		set(n, "disabled", "") // it would look as if it could be changed
	}
}

// link leaves a link that leads to a part of the document or to the outside. A relative one would lead
// into our own pages, so only its text stays.
func link(n *html.Node) {
	to := strings.TrimSpace(attr(n, "href"))
	switch {
	case strings.HasPrefix(to, "#") && len(to) > 1:
		set(n, "href", "#"+idPrefix+strings.TrimPrefix(to[1:], idPrefix))
	case Outside(to) != "":
		set(n, "href", Outside(to))
		set(n, "rel", rel)
	default:
		n.Data, n.DataAtom, n.Attr = "span", atom.Span, nil
	}
}

// picture keeps a picture that is in the document itself. One from elsewhere becomes a link (or, inside
// a link, text), because loading it would tell its server who reads what.
func picture(n *html.Node) {
	src := attr(n, "src")
	if inline(src) {
		return
	}
	text := &html.Node{Type: html.TextNode, Data: attr(n, "alt")}
	if strings.TrimSpace(text.Data) == "" {
		text.Data = "picture"
	}
	with := text
	if to := Outside(src); to != "" && !within(n, atom.A) {
		with = &html.Node{
			Type: html.ElementNode, DataAtom: atom.A, Data: "a",
			Attr: []html.Attribute{{Key: "href", Val: to}, {Key: "rel", Val: rel}},
		}
		with.AppendChild(text)
	}
	n.Parent.InsertBefore(with, n)
	n.Parent.RemoveChild(n)
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

func within(n *html.Node, kind atom.Atom) bool {
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
