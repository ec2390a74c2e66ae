package handlers

import (
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/static"
)

// everywhere are requests for each route and for what goes wrong.
func everywhere() map[string]string {
	all := map[string]string{"GET /nothing": "", "POST /settings/packages": "", "TRACE /": "", "GET " + static.URL("app.css"): "", "GET /package/%2e%2e": ""}
	for route := range matrix {
		all[filled(route)] = route
	}
	return all
}

func TestHeadersAreOnEveryAnswer(t *testing.T) {
	p := newPortal(t, https)
	p.Person("ann")
	p.Operator("olga")
	for _, name := range []string{"", "ann", "olga"} {
		for request, route := range everywhere() {
			method, path, _ := strings.Cut(request, " ")
			r := p.as(name).send(p.as(name).request(method, path, nil))
			if route == "POST /settings/lock" && name != "" {
				if err := p.Accounts.Unlock(t.Context(), access.Console(), name); err != nil {
					t.Error(err)
				}
			}
			h := r.header
			for key, want := range map[string]string{
				"Content-Security-Policy":      contentPolicy,
				"X-Content-Type-Options":       "nosniff",
				"X-Frame-Options":              "DENY",
				"Cross-Origin-Opener-Policy":   "same-origin",
				"Cross-Origin-Resource-Policy": "same-origin",
				"Strict-Transport-Security":    "max-age=63072000; includeSubDomains",
				"Server":                       "",
				"X-Powered-By":                 "",
				"Access-Control-Allow-Origin":  "",
			} {
				if got := h.Get(key); got != want {
					t.Errorf("%s as %q: %s is %q", request, name, key, got)
				}
			}
			policy := "same-origin"
			if strings.Contains(route, ":token") {
				policy = "no-referrer"
			}
			if got := h.Get("Referrer-Policy"); got != policy {
				t.Errorf("%s: Referrer-Policy %q", request, got)
			}
			if r.body != "" && h.Get("Content-Type") != "application/json" && !strings.Contains(h.Get("Content-Type"), "charset=") && !strings.HasPrefix(h.Get("Content-Type"), "image/") {
				t.Errorf("%s: Content-Type %q", request, h.Get("Content-Type"))
			}
			if h.Get("X-Request-Id") == "" || len(h.Values("Set-Cookie")) > 1 {
				t.Errorf("%s: no number, or several cookies: %v", request, h)
			}
		}
	}
}

func TestPagesForOnePersonAreNotKept(t *testing.T) {
	p := peopled(t)
	for _, name := range []string{"", "ann"} {
		b := p.as(name)
		for request, route := range everywhere() {
			method, path, _ := strings.Cut(request, " ")
			if method != http.MethodGet || strings.HasPrefix(path, "/static/") || path == "/robots.txt" || strings.HasPrefix(path, "/favicon") {
				continue
			}
			r := b.get(path)
			if got := r.header.Get("Cache-Control"); (name != "" || strings.Contains(route, ":token")) && got != "no-store" {
				t.Errorf("%s as %q: Cache-Control %q", request, name, got)
			}
			if !strings.Contains(strings.Join(r.header.Values("Vary"), ","), "Cookie") {
				t.Errorf("%s: Vary %q", request, r.header.Values("Vary"))
			}
		}
	}
}

func TestFilesAreKeptForEver(t *testing.T) {
	p := newPortal(t)
	b := p.visit()
	r := b.get(static.URL("app.css"))
	if r.status != http.StatusOK || r.header.Get("Cache-Control") != "public, max-age=31536000, immutable" || strings.Contains(r.header.Get("Vary"), "Cookie") {
		t.Errorf("%d %v", r.status, r.header)
	}
	b.headers["Accept-Encoding"] = "gzip, br"
	if r := b.get(static.URL("app.css")); r.header.Get("Content-Encoding") != "gzip" || !strings.HasPrefix(r.body, "\x1f\x8b") {
		t.Errorf("%v", r.header)
	}
	for _, path := range []string{"/static/", "/static/app.css", "/static/..%2fembed.go", "/static/embed.go", "/static/%2e%2e/NOTICE", "/.git/config", "/.env"} {
		if r := b.get(path); r.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, r.status)
		}
	}
}

func TestLinksOverPlainHTTPElsewhereStillWork(t *testing.T) {
	for address, want := range map[string]string{
		"http://10.1.2.3:4873/": "strict-origin", "http://localhost:4873/": "no-referrer", "http://127.0.0.1/": "no-referrer", "https://registry.example/": "no-referrer",
	} {
		p := newPortal(t, func(c *config.Config) { c.URL = address })
		if got := p.visit().get("/verify/x").header.Get("Referrer-Policy"); got != want {
			t.Errorf("%s: %q", address, got)
		}
	}
}

// The content policy refuses what is inline, so a page must not have any: no script, no style, no event
// attribute. What htmx would evaluate is refused too.
func TestNothingIsInline(t *testing.T) {
	p := peopled(t)
	for _, name := range []string{"", "ann", "olga"} {
		b := p.as(name)
		for request := range everywhere() {
			if path, ok := strings.CutPrefix(request, "GET "); ok {
				checkInline(t, request, parseHTML(t, b.get(path).body))
			}
		}
		checkInline(t, "package", parseHTML(t, b.get("/package/@ann/widget").body))
	}
}

func checkInline(t *testing.T, where string, doc *html.Node) {
	t.Helper()
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		src, _ := attribute(n, "src")
		if n.Data == "style" || n.Data == "script" && (n.FirstChild != nil || !strings.HasPrefix(src, "/static/")) {
			t.Errorf("%s: <%s>", where, n.Data)
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Key, "hx-on") || a.Key == "hx-vals" || a.Key == "hx-vars" || a.Key == "formaction" {
				t.Errorf("%s: %s on <%s>", where, a.Key, n.Data)
			}
		}
		if _, ok := attribute(n, "name"); ok && n.Data == "form" {
			t.Errorf("%s: a named form", where)
		}
	}
}

// Ids are unique, labels lead to inputs, and what htmx asks for is a part that the page has.
func TestPagesAreWellMade(t *testing.T) {
	p := peopled(t)
	for _, name := range []string{"", "ann", "olga"} {
		b := p.as(name)
		for request := range everywhere() {
			path, ok := strings.CutPrefix(request, "GET ")
			if !ok {
				continue
			}
			r := b.get(path)
			if !strings.HasPrefix(r.header.Get("Content-Type"), "text/html") || r.status >= 300 && r.status < 400 {
				continue
			}
			doc := parseHTML(t, r.body)
			ids := map[string]int{}
			for n := range doc.Descendants() {
				if id, ok := attribute(n, "id"); ok {
					ids[id]++
				}
			}
			for id, n := range ids {
				if n > 1 {
					t.Errorf("%s: %d times id=%q", request, n, id)
				}
			}
			for n := range doc.Descendants() {
				for _, key := range []string{"for", "aria-describedby"} {
					if to, ok := attribute(n, key); ok {
						for id := range strings.FieldsSeq(to) {
							if ids[id] == 0 {
								t.Errorf("%s: %s=%q leads nowhere", request, key, to)
							}
						}
					}
				}
				if target, ok := attribute(n, "hx-target"); ok {
					b.script = strings.TrimPrefix(target, "#")
					if part := b.get(path); strings.Contains(part.body, "<html") || !part.has("[id="+b.script+"]") || part.header.Get("HX-Retarget") != "" {
						t.Errorf("%s: %s is no part of the page", request, target)
					}
					b.script = ""
				}
			}
			if n := len(parseSelector(t, "h1").find(doc)); n != 1 && !strings.HasPrefix(path, "/package/") {
				t.Errorf("%s: %d first-level headings", request, n)
			}
		}
	}
}
