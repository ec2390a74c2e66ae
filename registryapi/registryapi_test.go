package registryapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/app/apptest"
	"latchkey/internal/config"
	"latchkey/internal/npmpack"
	"latchkey/registryapi"
)

// registry is a registry with the person ann, who has published left-pad, @ann/open and the hidden
// @ann/hidden.
type registry struct {
	*apptest.World
	t        *testing.T
	handler  http.Handler
	ann, bob account.User
	token    string // ann's
}

func newRegistry(t *testing.T, change ...func(*config.Config)) *registry {
	t.Helper()
	w := apptest.New(t, change...)
	r := &registry{World: w, t: t, handler: registryapi.New(w.App).Handler()}
	r.ann, r.bob = w.Person("ann"), w.Person("bob")
	r.token = w.Token(r.ann, "automation")
	w.Publish(r.ann, npmpack.Package{Name: "left-pad", Version: "1.0.0", Readme: "# left-pad"})
	w.Publish(r.ann, npmpack.Package{Name: "@ann/open", Version: "1.0.0"})
	w.Publish(r.ann, npmpack.Package{Name: "@ann/hidden", Version: "1.0.0", Access: "restricted"})
	return r
}

// terminal signs a terminal in as somebody and returns its token.
func (r *registry) terminal(u account.User) string {
	r.t.Helper()
	secret, err := r.Tokens.SignIn(r.t.Context(), access.Actor{}, u.Name, apptest.Password, "")
	if err != nil {
		r.t.Fatal(err)
	}
	return secret
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	text string
}

// json reads a member of the body.
func (a answer) member(t *testing.T, key string) any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(a.text), &m); err != nil {
		t.Fatalf("not a JSON object: %.200s", a.text)
	}
	return m[key]
}

// do makes a request. header is pairs of names and values; an empty token sends none.
func (r *registry) do(method, path, token, body string, header ...string) answer {
	r.t.Helper()
	req := httptest.NewRequest(method, "http://registry.test"+path, strings.NewReader(body))
	req.RemoteAddr = "192.0.2.1:5000"
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req)
	res := w.Result()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer{res, string(b)}
}

func (r *registry) get(path string, header ...string) answer {
	r.t.Helper()
	return r.do("GET", path, "", "", header...)
}

func TestEverySpellingOfANameIsTheSamePackage(t *testing.T) {
	r := newRegistry(t)
	want := r.get("/@ann%2fopen")
	if want.StatusCode != http.StatusOK || want.member(t, "name") != "@ann/open" {
		t.Fatal(want.StatusCode, want.text)
	}
	for _, path := range []string{"/@ann%2Fopen", "/@ann/open", "/%40ann%2fopen", "/%40ann/open", "/%40ann%2Fopen"} {
		if got := r.get(path); got.text != want.text || got.Header.Get("Etag") != want.Header.Get("Etag") {
			t.Errorf("%s: %d %.100s", path, got.StatusCode, got.text)
		}
	}
	tgz := r.get("/@ann/open/-/open-1.0.0.tgz")
	for _, path := range []string{"/@ann%2fopen/-/open-1.0.0.tgz", "/@ann/open/-/@ann/open-1.0.0.tgz", "/@ann%2fopen/-/@ann%2fopen-1.0.0.tgz"} {
		if got := r.get(path); got.StatusCode != http.StatusOK || got.text != tgz.text {
			t.Errorf("%s: %d %.100s", path, got.StatusCode, got.text)
		}
	}
	for _, path := range []string{"/@ann/open/-/@bob/open-1.0.0.tgz", "/left-pad/-/@ann/left-pad-1.0.0.tgz", "/@ann%2fopen/-/%40bob%2fopen-1.0.0.tgz"} {
		if got := r.get(path); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d %.100s", path, got.StatusCode, got.text)
		}
	}
}

func TestHostilePathsFindNothing(t *testing.T) {
	r := newRegistry(t)
	for _, path := range []string{
		"/@ann%252fopen", "/%252e%252e%252fx", "/@ann/../left-pad", "/left-pad/%2e%2e/b", "/left-pad/./b", "/-/../-/whoami", "/left-pad%5cx", "/left-pad%00",
		"/%C0%AE%C0%AE", "//left-pad", "/left-pad//-/x.tgz", "/@ann//open", "/left-pad;x=1", "/left-pad%3b", "/@ann", "/@", "/@/x",
		"/%2F%2F..%2F..%2Fetc%2Fpasswd", "/left-pad/-/..%2f..%2fsecret.key", "/left-pad/-/left-pad-1.0.0.tgz%3fx=/-/evil-1.0.0.tgz", "/left-pad/-/right-pad-1.0.0.tgz",
		"/left-pad/-/..%2f@ann%2fhidden%2f-%2fhidden-1.0.0.tgz", "/left-pad/-/left-pad-1.0.0.tgz/..", "/constructor", "/__proto__", "/tostring", "/-", "/-/all", "/" + strings.Repeat("a", 5000),
	} {
		got := r.get(path)
		if got.StatusCode != http.StatusNotFound && got.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d %.100s", path, got.StatusCode, got.text)
		}
		if m, ok := got.member(t, "error").(string); !ok || m == "" || got.Header.Get("Location") != "" {
			t.Errorf("%s: %.100s", path, got.text)
		}
	}
}

func TestFormsAndEncodings(t *testing.T) {
	r := newRegistry(t)
	const abbreviated = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*"
	tags := map[string]bool{}
	for _, row := range []struct{ accept, encodings, kind, encoding string }{
		{"application/json", "", "application/json", ""},
		{"*/*", "gzip,deflate", "application/json", "gzip"},
		{abbreviated, "gzip,deflate", "application/vnd.npm.install-v1+json", "gzip"},
		{abbreviated, "gzip, deflate, br, zstd", "application/vnd.npm.install-v1+json", "zstd"},
		{abbreviated, "gzip/deflate", "application/vnd.npm.install-v1+json", "gzip"},
		{abbreviated, "br", "application/vnd.npm.install-v1+json", ""},
		{"application/json", "gzip;q=0", "application/json", ""},
	} {
		got := r.get("/left-pad", "Accept", row.accept, "Accept-Encoding", row.encodings)
		h := got.Header
		if h.Get("Content-Type") != row.kind || h.Get("Content-Encoding") != row.encoding || h.Get("Vary") != "Accept, Accept-Encoding" ||
			h.Get("Cache-Control") != "public, max-age=0, must-revalidate" || h.Get("Last-Modified") != "" {
			t.Errorf("%s, %s: %v", row.accept, row.encodings, h)
		}
		tags[h.Get("Etag")] = true
		again := r.get("/left-pad", "Accept", row.accept, "Accept-Encoding", row.encodings, "If-None-Match", `"x", W/`+h.Get("Etag"))
		if again.StatusCode != http.StatusNotModified || again.text != "" || again.Header.Get("Etag") != h.Get("Etag") {
			t.Errorf("not found unchanged: %d %v", again.StatusCode, again.Header)
		}
	}
	if len(tags) != 5 { // full plain, full gzip; abbreviated plain, gzip, zstd
		t.Error(tags)
	}
}

func TestPrivatePackagesAreNotForSharedCaches(t *testing.T) {
	r := newRegistry(t)
	doc := r.do("GET", "/@ann%2fhidden", r.token, "")
	if doc.Header.Get("Cache-Control") != "private, no-cache" || !strings.Contains(doc.Header.Get("Vary"), "Authorization") {
		t.Error(doc.Header)
	}
	tgz := r.do("GET", "/@ann/hidden/-/hidden-1.0.0.tgz", r.token, "")
	if !strings.HasPrefix(tgz.Header.Get("Cache-Control"), "private") || tgz.Header.Get("Vary") != "Authorization" {
		t.Error(tgz.Header)
	}
}

func TestTarballs(t *testing.T) {
	r := newRegistry(t)
	want := npmpack.Package{Name: "left-pad", Version: "1.0.0", Readme: "# left-pad"}.Tarball()
	got := r.get("/left-pad/-/left-pad-1.0.0.tgz", "Accept-Encoding", "gzip")
	if got.text != string(want) || got.ContentLength != int64(len(want)) || got.Header.Get("Content-Encoding") != "" ||
		got.Header.Get("Content-Type") != "application/octet-stream" || got.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Error(got.Header)
	}
	if again := r.get("/left-pad/-/left-pad-1.0.0.tgz", "If-None-Match", got.Header.Get("Etag")); again.StatusCode != http.StatusNotModified {
		t.Error(again.StatusCode)
	}
}

func TestAddressesComeFromConfigurationOnly(t *testing.T) {
	r := newRegistry(t, func(c *config.Config) { c.RegistryURL = "https://npm.example.test/" })
	for _, h := range [][]string{{"Host", "evil.test"}, {"X-Forwarded-Host", "evil.test"}, {"X-Forwarded-Proto", "gopher"}, {"Forwarded", "host=evil.test"}} {
		for _, got := range []answer{r.get("/left-pad", h...), r.do("POST", "/-/v1/login", "", "{}", h...)} {
			if strings.Contains(got.text, "evil") || strings.Contains(got.text, "registry.test") || !strings.Contains(got.text, "https://npm.example.test/") {
				t.Errorf("%v: %s", h, got.text)
			}
		}
	}
}

func TestPublish(t *testing.T) {
	r := newRegistry(t)
	p := npmpack.Package{Name: "@ann/new", Version: "1.0.0", Tag: "beta"}
	got := r.do("PUT", "/@ann%2fnew", r.token, string(p.PublishBody()))
	if got.StatusCode != http.StatusCreated || got.member(t, "ok") != true || got.member(t, "success") != true || got.member(t, "id") != "@ann/new" {
		t.Fatal(got.StatusCode, got.text)
	}
	doc := r.get("/@ann%2fnew")
	if doc.member(t, "_rev") != got.member(t, "rev") {
		t.Errorf("%v is not %v", doc.member(t, "_rev"), got.member(t, "rev"))
	}
	again := r.do("PUT", "/@ann%2fnew", r.token, string(p.PublishBody()))
	if again.StatusCode != http.StatusForbidden || again.member(t, "error") != "You cannot publish over the existing version 1.0.0 of @ann/new." {
		t.Error(again.StatusCode, again.text)
	}
}

func TestRefusedPublishes(t *testing.T) {
	r := newRegistry(t, func(c *config.Config) { c.Limits.MaxTarball = 1000 })
	good := npmpack.Package{Name: "x", Version: "1.0.0"}
	big := npmpack.Package{Name: "x", Version: "1.0.0", Archive: bytes.Repeat([]byte("x"), 1001)}
	rows := []struct {
		what, path, body string
		header           []string
		status           int
	}{
		{"not JSON", "/x", "hello", nil, 400},
		{"nothing", "/x", "", nil, 400},
		{"another address", "/y", string(good.PublishBody()), nil, 400},
		{"compressed", "/x", string(good.PublishBody()), []string{"Content-Encoding", "gzip"}, 415},
		{"a large tarball", "/x", string(big.PublishBody()), nil, 413},
		{"a large body", "/x", `{"x":"` + strings.Repeat("x", 5<<20) + `"}`, nil, 413},
		{"a name in capitals", "/X", string(npmpack.Package{Name: "X", Version: "1.0.0"}.PublishBody()), nil, 400},
		{"an owned package", "/@bob%2fx", string(npmpack.Package{Name: "@bob/x", Version: "1.0.0"}.PublishBody()), nil, 404},
	}
	for _, row := range rows {
		got := r.do("PUT", row.path, r.token, row.body, row.header...)
		if m, _ := got.member(t, "error").(string); got.StatusCode != row.status || m == "" {
			t.Errorf("%s: %d %s", row.what, got.StatusCode, got.text)
		}
	}
	if got := r.get("/x"); got.StatusCode != http.StatusNotFound {
		t.Error("something was stored:", got.text)
	}
}

func TestErrorsAreOneSentenceOfJSON(t *testing.T) {
	r := newRegistry(t)
	for _, row := range []struct {
		method, path string
		status       int
	}{{"GET", "/absent", 404}, {"GET", "/-/nothing/here", 404}, {"PATCH", "/left-pad", 405}, {"DELETE", "/-/whoami", 405}, {"GET", "/-/whoami", 401}} {
		got := r.do(row.method, row.path, "", "")
		if m, _ := got.member(t, "error").(string); got.StatusCode != row.status || m == "" || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: %d %s", row.method, row.path, got.StatusCode, got.text)
		}
	}
}
