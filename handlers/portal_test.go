package handlers

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/app/apptest"
	"latchkey/internal/config"
)

// portal is the whole product behind the portal's edge.
type portal struct {
	*apptest.World
	server *Server
	t      testing.TB
}

func newPortal(t testing.TB, change ...func(*config.Config)) *portal {
	t.Helper()
	w := apptest.New(t, change...)
	s, err := New(w.App)
	if err != nil {
		t.Fatal(err)
	}
	return &portal{w, s, t}
}

// https makes the portal one that is reached over https, as in production.
func https(c *config.Config) {
	c.URL, c.RegistryURL = "https://registry.example/", "https://registry.example/npm/"
}

// browser is somebody at the portal. It keeps cookies as browsers do.
type browser struct {
	p       *portal
	cookies map[string]*http.Cookie
	headers map[string]string // sent with every request
	script  string            // the part of the page that htmx asks for; empty without script
}

// visit returns a browser in which nobody is signed in.
func (p *portal) visit() *browser {
	return &browser{p: p, cookies: map[string]*http.Cookie{}, headers: map[string]string{}}
}

// actorOf is a person who acts in a browser, for what a test does without one.
func actorOf(p *portal, name string) access.Actor {
	p.t.Helper()
	u, err := p.Accounts.Lookup(p.t.Context(), access.Console(), name)
	if err != nil {
		p.t.Fatal(err)
	}
	return access.Actor{UserID: u.ID, Name: u.Name, Via: access.ViaBrowser, EmailVerified: true}
}

// as returns a browser in which a person is signed in; "" is nobody.
func (p *portal) as(name string) *browser {
	p.t.Helper()
	b := p.visit()
	if name == "" {
		return b
	}
	r := b.post("/login", url.Values{"login": {name}, "password": {apptest.Password}})
	if r.status != http.StatusSeeOther {
		p.t.Fatalf("%s cannot sign in: %d %s", name, r.status, r.text("main"))
	}
	return b
}

// request makes a request as the browser would send it from one of the portal's own pages.
func (b *browser) request(method, target string, form url.Values) *http.Request {
	body := ""
	if form != nil {
		body = form.Encode()
	}
	r := httptest.NewRequest(method, b.p.server.origin+target, strings.NewReader(body))
	r.RequestURI = target
	r.RemoteAddr = "203.0.113.7:40000"
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	if method != http.MethodGet && method != http.MethodHead {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", b.p.server.origin)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	if b.script != "" {
		r.Header.Set("HX-Request", "true")
		r.Header.Set("HX-Target", b.script)
		r.Header.Set("HX-Current-URL", b.p.server.origin+target)
	}
	for k, v := range b.headers {
		r.Header.Set(k, v)
	}
	return r
}

func (b *browser) send(r *http.Request) response {
	w := httptest.NewRecorder()
	b.p.server.Handler().ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c
		}
	}
	return response{b.p.t, w.Code, w.Header(), w.Body.String()}
}

func (b *browser) get(target string) response { return b.send(b.request(http.MethodGet, target, nil)) }

func (b *browser) post(target string, form url.Values) response {
	return b.send(b.request(http.MethodPost, target, form))
}

// signedIn reports whether the browser is signed in as somebody.
func (b *browser) signedIn() bool {
	return b.get("/settings/profile").status == http.StatusOK
}

// response is an answer, as tests look at it.
type response struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

func (r response) location() string { return r.header.Get("Location") }

func (r response) has(sel string) bool {
	r.t.Helper()
	return len(parseSelector(r.t, sel).find(parseHTML(r.t, r.body))) > 0
}

// text is what a reader sees of the first element that a selector leads to.
func (r response) text(sel string) string {
	r.t.Helper()
	found := parseSelector(r.t, sel).find(parseHTML(r.t, r.body))
	if len(found) == 0 {
		return ""
	}
	return textOf(found[0])
}

// path is a link's path, as a request's target.
func path(t testing.TB, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	return u.RequestURI()
}

// form is a form's values: name, value, name, value …
func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

func body(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }

// manyFields is a form of n fields.
func manyFields(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "f%d=&", i)
	}
	return b.String()
}

// contents is a hash of all that the database holds.
func (p *portal) contents(t *testing.T) string {
	t.Helper()
	h := sha256.New()
	for _, name := range []string{"latchkey.db", "latchkey.db-wal"} {
		b, err := os.ReadFile(filepath.Join(p.Config.Data, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))
}
