package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/npmpack"
)

// maxTarball is the installation's limit in this test, in bytes.
const maxTarball = 4_000_000

// bad is a request that must be refused. says is part of the sentence that npm would show; an empty one
// means only that there is a sentence.
type bad struct {
	name   string
	r      request
	status int
	says   string
}

// TestBadInputIsRefusedAndNothingIsStored sends what no client should, as somebody who may publish.
func TestBadInputIsRefusedAndNothingIsStored(t *testing.T) {
	t.Parallel()
	s := started(t, fmt.Sprint("LATCHKEY_MAX_TARBALL=", maxTarball), "LATCHKEY_PUBLISH_RATE=off", "LATCHKEY_SIGN_IN_RATE=off")
	token := s.person("ann")
	s.publish(t, npmpack.Package{Name: "good", Version: "1.0.0"}, token)
	s.publish(t, npmpack.Package{Name: "@ann/hidden", Version: "1.0.0", Access: "restricted"}, token)
	before := s.stored(t)

	for _, rows := range [][]bad{publishBodies(token), attacks(token), names(token), paths(token), credentials(token), tags(token)} {
		for _, row := range rows {
			a, err := s.ask(row.r)
			if err != nil {
				t.Errorf("%s: %v", row.name, err)
				continue
			}
			checkRefusal(t, s, row, a)
		}
	}

	if after := s.stored(t); after != before {
		t.Errorf("stored before:\n%s\nand afterwards:\n%s", before, after)
	}
	if recent := string(s.get("/", "")); strings.Contains(recent, "/package/bad") || !strings.Contains(recent, "/package/good") {
		t.Errorf("the home page lists something else than was published: %s", recent)
	}
	if len(s.versions(t, "good")) != 1 {
		t.Error("good has another version than the one that was published")
	}
	if a, err := s.ask(request{path: "/healthz"}); err != nil || a.status != http.StatusOK {
		t.Errorf("the server does not feel well: %d %v", a.status, err)
	}
}

// checkRefusal looks at what is true of every refusal: one sentence, and nothing of the inside.
func checkRefusal(t *testing.T, s *server, row bad, a answer) {
	t.Helper()
	if a.status != row.status {
		t.Errorf("%s: status %d, not %d: %.300s", row.name, a.status, row.status, a.body)
	}
	var body map[string]string
	if err := json.Unmarshal(a.body, &body); err != nil || len(body) != 1 || body["error"] == "" || strings.ContainsAny(body["error"], "\r\n") {
		t.Errorf("%s: the answer is not one sentence: %.300s", row.name, a.body)
	}
	if !strings.Contains(body["error"], row.says) {
		t.Errorf("%s: says %q, not %q", row.name, body["error"], row.says)
	}
	if len(body["error"]) > 400 {
		t.Errorf("%s: a sentence of %d bytes", row.name, len(body["error"]))
	}
	for _, inside := range []string{s.data, "SQL", "sql:", "goroutine", "panic", ".go:", "jsontext", "runtime error"} {
		if strings.Contains(body["error"], inside) {
			t.Errorf("%s: the answer tells of the inside: %s", row.name, body["error"])
		}
	}
	if a.status == http.StatusUnauthorized && a.header.Get("WWW-Authenticate") == "" {
		t.Errorf("%s: no WWW-Authenticate", row.name)
	}
}

// stored lists every file of the installation but the database's own and letters, which leave later.
func (s *server) stored(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(s.data, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.Contains(d.Name(), ".db") && filepath.Ext(d.Name()) != ".eml" {
			b.WriteString(strings.TrimPrefix(path, s.data) + "\n")
		}
		if os.IsNotExist(err) {
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// publishing is a PUT of a body under a name.
func publishing(name, token string, body []byte) request {
	return request{method: http.MethodPut, path: packagePath(name), token: token, body: body}
}

// edited is the publish of bad@1.0.0 with something wrong in its body.
func edited(name, token string, edit func(body, version map[string]any)) bad {
	p := npmpack.Package{Name: "bad", Version: "1.0.0", Body: func(body map[string]any) {
		edit(body, body["versions"].(map[string]any)["1.0.0"].(map[string]any))
	}}
	return bad{name, publishing("bad", token, p.PublishBody()), http.StatusBadRequest, ""}
}

func (b bad) saying(says string) bad { b.says = says; return b }

func publishBodies(token string) []bad {
	whole := string(npmpack.Package{Name: "bad", Version: "1.0.0"}.PublishBody())
	text := func(name, body string) bad {
		return bad{name, publishing("bad", token, []byte(body)), http.StatusBadRequest, ""}
	}
	attached := func(body map[string]any) map[string]any {
		return body["_attachments"].(map[string]any)["bad-1.0.0.tgz"].(map[string]any)
	}
	dist := func(version map[string]any) map[string]any { return version["dist"].(map[string]any) }
	rows := []bad{
		text("no body", ""),
		text("half a body", whole[:len(whole)/2]),
		text("not JSON", "hello"),
		text("an array", "[]"),
		text("text", `"bad"`),
		text("two documents", whole+whole),
		text("a key twice", `{"name":"bad",`+whole[1:]),
		text("very deep", strings.Repeat(`{"a":`, 20_000)+"1"+strings.Repeat("}", 20_000)),
		text("not UTF-8", strings.Replace(whole, `"bad"`, "\"b\xffd\"", 1)),
		edited("another integrity", token, func(_, v map[string]any) { dist(v)["integrity"] = "sha512-" + strings.Repeat("A", 86) + "==" }).
			saying("does not match its integrity"),
		edited("another shasum", token, func(_, v map[string]any) { dist(v)["shasum"] = strings.Repeat("0", 40) }).saying("does not match its shasum"),
		edited("dist is no object", token, func(_, v map[string]any) { v["dist"] = "x" }),
		edited("another package's attachment", token, func(b, _ map[string]any) {
			b["_attachments"] = map[string]any{"other-1.0.0.tgz": attached(b)}
		}).saying("belongs to another package"),
		edited("another version's attachment", token, func(b, _ map[string]any) {
			b["_attachments"] = map[string]any{"bad-2.0.0.tgz": attached(b)}
		}).saying("belongs to another version"),
		edited("an attachment named as a path", token, func(b, _ map[string]any) {
			b["_attachments"] = map[string]any{"../../../bad-1.0.0.tgz": attached(b)}
		}).saying("belongs to another package"),
		edited("two attachments", token, func(b, _ map[string]any) {
			b["_attachments"].(map[string]any)["bad-1.0.1.tgz"] = attached(b)
		}).saying("exactly one tarball"),
		edited("no attachment", token, func(b, _ map[string]any) { delete(b, "_attachments") }).saying("exactly one tarball"),
		edited("a wrong length", token, func(b, _ map[string]any) { attached(b)["length"] = 1 }).saying("as announced"),
		edited("base64 with a blank", token, func(b, _ map[string]any) { attached(b)["data"] = "H4sI AAAA" }),
		edited("base64 of the wrong alphabet", token, func(b, _ map[string]any) { attached(b)["data"] = "H4sI_-__" }),
		edited("base64 cut short", token, func(b, _ map[string]any) { attached(b)["data"] = "H4s" }),
		edited("another name", token, func(b, _ map[string]any) { b["name"] = "good" }).saying("for another package than the address"),
		edited("another id", token, func(b, _ map[string]any) { b["_id"] = "good" }).saying("for another package than the address"),
		edited("another name in the version", token, func(_, v map[string]any) { v["name"] = "good" }).saying("expected bad"),
		edited("another version in the version", token, func(_, v map[string]any) { v["version"] = "2.0.0" }).saying("expected 1.0.0"),
		edited("a name that is no text", token, func(b, _ map[string]any) { b["name"] = []string{"bad"} }),
		edited("no version", token, func(b, _ map[string]any) { b["versions"] = map[string]any{} }).saying("exactly one version"),
		edited("two versions", token, func(b, v map[string]any) {
			b["versions"] = map[string]any{"1.0.0": v, "1.0.1": v}
		}).saying("exactly one version"),
		edited("versions that are a list", token, func(b, _ map[string]any) { b["versions"] = []string{} }),
		edited("no tag", token, func(b, _ map[string]any) { b["dist-tags"] = nil }).saying("exactly one tag"),
		edited("a tag that is a range", token, func(b, _ map[string]any) { b["dist-tags"] = map[string]any{"1.x": "1.0.0"} }).saying("not a tag"),
		edited("a tag of the prototype", token, func(b, _ map[string]any) { b["dist-tags"] = map[string]any{"__proto__": "1.0.0"} }).
			saying("object prototype"),
		edited("a tag for another version", token, func(b, _ map[string]any) { b["dist-tags"] = map[string]any{"latest": "2.0.0"} }).
			saying("does not point to the version"),
		edited("dependencies that are a list", token, func(_, v map[string]any) { v["dependencies"] = []string{"x"} }).saying("must be an object"),
		edited("an access that is none", token, func(b, _ map[string]any) { b["access"] = "sometimes" }),
		edited("restricted without a scope", token, func(b, _ map[string]any) { b["access"] = "restricted" }).saying("no scope"),
	}
	for _, version := range []string{"v1.0.0", "1.0", "01.0.0", "1.0.0-01", "latest", "1.0.0 ", "", "9007199254740993.0.0", strings.Repeat("1", 300) + ".0.0"} {
		p := npmpack.Package{Name: "bad", Version: version}
		rows = append(rows, bad{"the version " + version, publishing("bad", token, p.PublishBody()), http.StatusBadRequest, "That is not a version"})
	}
	compressed := publishing("bad", token, gzipped([]byte(whole)))
	compressed.header = http.Header{"Content-Encoding": {"gzip"}}
	large := npmpack.Package{Name: "bad", Version: "1.0.0", Archive: bytes.Repeat([]byte("x"), maxTarball+1)}
	endless := `{"name":"bad","readme":"` + strings.Repeat("x", 6<<20) + `"}`
	return append(rows,
		bad{"a compressed body", compressed, http.StatusUnsupportedMediaType, "Compressed request bodies"},
		bad{"a large tarball", publishing("bad", token, large.PublishBody()), http.StatusRequestEntityTooLarge, "larger than this registry accepts"},
		bad{"a large body", publishing("bad", token, []byte(endless)), http.StatusRequestEntityTooLarge, "too large"},
		bad{
			"an existing version", publishing("good", token, npmpack.Package{Name: "good", Version: "1.0.0", Readme: "other"}.PublishBody()),
			http.StatusForbidden, "cannot publish over the existing version 1.0.0 of good",
		},
	)
}

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

// attacks are hostile archives and manifests.
func attacks(token string) (rows []bad) {
	for _, a := range append(npmpack.Attacks("bad", "1.0.0"), npmpack.Bombs("bad", "1.0.0")...) {
		status := http.StatusBadRequest
		if a.Code == "npm.tarball_link" {
			status = http.StatusUnsupportedMediaType
		}
		rows = append(rows, bad{a.What, publishing("bad", token, a.PublishBody()), status, ""})
	}
	return rows
}

// names are not names of packages, whether they are read or published.
func names(token string) (rows []bad) {
	for _, name := range []string{
		".hidden", "_hidden", "React", "node_modules", "favicon.ico", "fs", "http", "r\u0435act", "a\u200bb", "a b", "a'b", "a!b", "a(b", "a:b",
		"__proto__", strings.Repeat("a", 215), "@ann/", "@/x", "@ann/.x", "@ANN/x", "@ann/Großes",
	} {
		p := npmpack.Package{Name: name, Version: "1.0.0"}
		r := publishing("", token, p.PublishBody())
		r.path = "/npm/" + url.PathEscape(name)
		rows = append(rows, bad{fmt.Sprintf("the name %q", name), r, http.StatusBadRequest, ""})
	}
	somebodyElses := npmpack.Package{Name: "@ben/x", Version: "1.0.0"}
	return append(rows,
		bad{"somebody else's scope", publishing("@ben/x", token, somebodyElses.PublishBody()), http.StatusNotFound, "the scope @ben is not yours"},
		bad{"a name like a method", request{path: "/npm/constructor"}, http.StatusNotFound, "Not found"},
		bad{"a name like a method, scoped", request{path: "/npm/@ann%2fhasownproperty"}, http.StatusNotFound, "Not found"},
	)
}

// paths mean two things to two readers, or nothing.
func paths(token string) (rows []bad) {
	for _, path := range []string{
		"/npm/@ann%252fhidden", "/npm/%252e%252e%252fgood", "/npm/good/%2e%2e/good", "/npm/@ann/../good", "/npm/./good", "/npm//good",
		"/npm/good//-/good-1.0.0.tgz", "/npm/a%5cb", "/npm/a%00b", "/npm/%C0%AE%C0%AE", "/npm/good%3bx", "/npm/good%2f..%2fgood",
		"/npm/good/-/..%2f@ann%2fhidden%2f-%2fhidden-1.0.0.tgz", "/npm/good/-/..%2f..%2f..%2f..%2fetc%2fpasswd", "/npm/good%0d%0aX-Evil:1",
		"/npm/-/../good", "/-/%2e%2e/npm/good",
	} {
		rows = append(rows, bad{"the path " + path, request{path: path, token: token}, http.StatusBadRequest, ""})
	}
	for _, path := range []string{
		"/npm/good/-/bad-1.0.0.tgz", "/npm/good/-/good-9.9.9.tgz", "/npm/good/-/good-1.0.0.tar", "/npm/good/-/good.tgz", "/npm/good/1.0.0/2.0.0",
		"/npm/-/nothing", "/npm/-/v1/nothing", "/-/nothing", "/npm/@ann%2fhidden", "/npm/@ann/hidden/-/hidden-1.0.0.tgz",
	} {
		rows = append(rows, bad{"the path " + path, request{path: path}, http.StatusNotFound, "Not found"})
	}
	return append(rows,
		bad{"a method that is none", request{method: "PATCH", path: "/npm/good", token: token, body: []byte("{}")}, http.StatusMethodNotAllowed, ""},
		bad{"a package that is deleted by a stranger", request{method: "DELETE", path: "/npm/good/-rev/1-1"}, http.StatusUnauthorized, ""},
	)
}

// credentials are wrong, or of nobody.
func credentials(token string) (rows []bad) {
	body := npmpack.Package{Name: "bad", Version: "1.0.0"}.PublishBody()
	for name, wrong := range map[string]string{
		"no token": "", "a word": "hunter2", "a changed token": token[:len(token)-1] + string(token[len(token)-1]^1), "a token that nobody has": "npm_lkAAAAAAAAAAAAAAAAAAAAAAAAAAAA2mLfKs",
	} {
		rows = append(rows, bad{name, publishing("bad", wrong, body), http.StatusUnauthorized, ""})
	}
	two := publishing("bad", "", body)
	two.header = http.Header{"Authorization": {"Bearer " + token, "Bearer " + token}}
	basic := publishing("bad", "", body)
	basic.header = http.Header{"Authorization": {"Basic YW5uOnNldmVuIGhlcnJpbmdzIG9uIGEgYmljeWNsZQ=="}} // ann and her password
	login := func(name, password string) request {
		body, _ := json.Marshal(map[string]any{"_id": "org.couchdb.user:" + name, "name": name, "password": password, "type": "user"})
		return request{method: http.MethodPut, path: "/npm/-/user/org.couchdb.user:" + url.PathEscape(name), body: body}
	}
	const notTogether = "The name or address and the password do not belong together."
	return append(rows,
		bad{"two credentials", two, http.StatusBadRequest, "more than one Authorization"},
		bad{"a password instead of a token", basic, http.StatusUnauthorized, ""},
		bad{"a wrong password", login("ann", "six herrings on a bicycle"), http.StatusUnauthorized, notTogether},
		bad{"an unknown user", login("zoe", password), http.StatusUnauthorized, notTogether},
		bad{"a hostile user", login("' OR 'a'='a", password), http.StatusUnauthorized, notTogether},
		bad{"an unknown user's page", request{path: "/npm/-/user/org.couchdb.user:zoe", token: token}, http.StatusNotFound, "nobody of this name"},
		bad{"whoami of nobody", request{path: "/npm/-/whoami"}, http.StatusUnauthorized, ""},
		bad{"a login that nobody began", request{path: "/npm/-/v1/done?sessionId=nothing"}, http.StatusNotFound, ""},
	)
}

func tags(token string) []bad {
	tag := func(name, tag, body string, status int) bad {
		return bad{name, request{method: http.MethodPut, path: "/npm/-/package/good/dist-tags/" + tag, token: token, body: []byte(body)}, status, ""}
	}
	return []bad{
		tag("a version without quotes", "beta", "1.0.0", 400),
		tag("an object for a version", "beta", `{"version":"1.0.0"}`, 400),
		tag("no version", "beta", "", 404),
		tag("a long version", "beta", `"`+strings.Repeat("1", 1<<20)+`"`, 413),
		tag("a version that is not there", "beta", `"9.9.9"`, 404).saying("no such version"),
		tag("a range for a tag", "1.x", `"1.0.0"`, 400).saying("not a tag"),
		tag("a path for a tag", "..%2flatest", `"1.0.0"`, 400),
		{"latest is removed", request{method: http.MethodDelete, path: "/npm/-/package/good/dist-tags/latest", token: token}, 400, "cannot be removed"},
		{"a stranger tags", request{method: http.MethodPut, path: "/npm/-/package/good/dist-tags/beta", body: []byte(`"1.0.0"`)}, 401, ""},
	}
}
