package handlers

import (
	"net/http"
	"strings"
	"testing"
)

// Of thirty ways that the two headers can look beside a cookie, six prove that
// the request comes from our own page.
func TestFormsFromElsewhereAreRefused(t *testing.T) {
	p := newPortal(t, https)
	p.Person("ann")
	p.Operator("olga")
	right := p.server.origin
	passes := map[[2]string]bool{
		{"same-origin", right}: true, {"same-origin", "null"}: true, {"same-origin", ""}: true,
		{"none", right}: true, {"none", ""}: true, {"", right}: true,
	}
	b := p.as("ann")
	for _, site := range []string{"same-origin", "same-site", "cross-site", "none", ""} {
		for _, origin := range []string{right, "https://evil.example", "null", "", "http://registry.example", "https://registry.example:8443"} {
			for route := range matrix {
				method, path, _ := strings.Cut(route, " ")
				if method == http.MethodGet || path == "/logout" || path == "/settings/lock" { // which sign out when they pass
					continue
				}
				r := b.request(method, filled(path), form())
				setOrDelete(r.Header, "Sec-Fetch-Site", site)
				setOrDelete(r.Header, "Origin", origin)
				r.Header.Set("HX-Request", "true") // gives no privilege
				got := b.send(r)
				if refused := got.status == http.StatusForbidden; refused == passes[[2]string{site, origin}] {
					t.Errorf("%s with Sec-Fetch-Site %q and Origin %q: %d", route, site, origin, got.status)
				} else if refused && !strings.Contains(got.body, "cross-origin request rejected") {
					t.Errorf("%s: the page does not say why: %s", route, got.text("main"))
				}
			}
		}
	}
	if !b.signedIn() {
		t.Error("a refused request signed ann out")
	}
}

func setOrDelete(h http.Header, key, value string) {
	if h.Del(key); value != "" {
		h.Set(key, value)
	}
}

func TestSignInFromElsewhereIsRefused(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	b := p.visit()
	for _, headers := range []map[string]string{
		{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
		{"Sec-Fetch-Site": "cross-site", "Origin": p.server.origin},
		{"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
		{"Sec-Fetch-Site": "", "Origin": "null"},
	} {
		r := b.request(http.MethodPost, "/login", form("login", "ann", "password", "x"))
		for k, v := range headers {
			setOrDelete(r.Header, k, v)
		}
		if got := b.send(r); got.status != http.StatusForbidden {
			t.Errorf("%v: %d", headers, got.status)
		}
	}
}

func TestProgramWithoutCookiesMaySendForms(t *testing.T) {
	p := newPortal(t)
	b := p.visit()
	r := b.request(http.MethodPost, "/password/forgot", form("login", "ann"))
	r.Header.Del("Origin")
	r.Header.Del("Sec-Fetch-Site")
	if got := b.send(r); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.text("main"))
	}
}

func TestWrongAddressIsExplained(t *testing.T) {
	p := newPortal(t)
	b := p.visit()
	r := b.request(http.MethodPost, "/login", form())
	r.Header.Set("Origin", "http://127.0.0.1:4873")
	if got := b.send(r); got.status != http.StatusForbidden || !got.has("a[href=http://localhost:4873/]") {
		t.Errorf("%d %s", got.status, got.text("main"))
	}
}

func TestPagesAreNoPartOfOthers(t *testing.T) {
	p := newPortal(t)
	b := p.visit()
	for _, dest := range []string{"iframe", "frame", "embed", "object"} {
		b.headers["Sec-Fetch-Dest"] = dest
		if r := b.get("/"); r.status != http.StatusForbidden {
			t.Errorf("%s: %d", dest, r.status)
		}
	}
}

func TestOnlyOrdinaryFormsAreRead(t *testing.T) {
	p := newPortal(t)
	for name, row := range map[string]struct {
		kind, body string
		status     int
	}{
		"json":                {"application/json", `{"login":"ann"}`, http.StatusUnsupportedMediaType},
		"text":                {"text/plain", "login=ann", http.StatusUnsupportedMediaType},
		"multipart":           {"multipart/form-data; boundary=x", "--x--", http.StatusUnsupportedMediaType},
		"nothing":             {"", "login=ann", http.StatusUnsupportedMediaType},
		"broken":              {"application/x-www-form-urlencoded", "login=%zz", http.StatusUnprocessableEntity},
		"too many fields":     {"application/x-www-form-urlencoded", strings.Repeat("a=&", 50) + manyFields(101), http.StatusUnprocessableEntity},
		"as large as allowed": {"application/x-www-form-urlencoded", "login=" + strings.Repeat("a", 65536-6), http.StatusOK},
		"too large":           {"application/x-www-form-urlencoded", "login=" + strings.Repeat("a", 65536-5), http.StatusRequestEntityTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			b := p.visit()
			r := b.request(http.MethodPost, "/password/forgot?login=bob", nil)
			r.Body, r.ContentLength = body(row.body), int64(len(row.body))
			setOrDelete(r.Header, "Content-Type", row.kind)
			if got := b.send(r); got.status != row.status {
				t.Errorf("%d, want %d: %s", got.status, row.status, got.text("main"))
			}
		})
	}
}

func TestFieldsDoNotComeFromTheAddress(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	b := p.visit()
	if r := b.post("/password/forgot?login=ann", form()); r.status != http.StatusUnprocessableEntity {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
}

func TestNextLeadsNowhereElse(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	for _, next := range []string{
		"//evil.example", `/\evil.example`, `\\evil.example`, "/%2f%2fevil.example", "/%5cevil.example", "https:evil.example", "https://evil.example/",
		"javascript:alert(1)", "/\r\nSet-Cookie: a=b", "/\tevil", " //evil.example", "", "evil.example", "///evil.example", "/x//evil.example", "/%zz", "/a\x00b",
		"/" + strings.Repeat("a", 3000),
	} {
		b := p.visit()
		r := b.post("/login", form("login", "ann", "password", "correct horse battery staple", "next", next))
		if r.status != http.StatusSeeOther || r.location() != "/" {
			t.Errorf("next %q leads to %d %q", next, r.status, r.location())
		}
	}
	for _, next := range []string{"/settings/profile", "/package/@ann/widget/versions?below=3", "/package/@ann%2fwidget", "/~ann"} {
		b := p.visit()
		if r := b.post("/login", form("login", "ann", "password", "correct horse battery staple", "next", next)); r.location() != next {
			t.Errorf("next %q leads to %q", next, r.location())
		}
	}
}
