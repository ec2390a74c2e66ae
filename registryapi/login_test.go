package registryapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/app/apptest"
)

func TestWebLogin(t *testing.T) {
	r := newRegistry(t)
	started := r.do("POST", "/-/v1/login", "stale", "")
	login, done := started.member(t, "loginUrl").(string), started.member(t, "doneUrl").(string)
	if started.StatusCode != 200 || !strings.HasPrefix(login, "http://localhost:4873/auth/login/") || !strings.HasPrefix(done, "http://localhost:4873/npm/-/v1/done?sessionId=") {
		t.Fatal(started.StatusCode, started.text)
	}
	u, err := url.Parse(done)
	if err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(u.RequestURI(), "/npm")
	id := login[strings.LastIndex(login, "/")+1:]
	for _, method := range []string{"GET", "PUT", "POST", "DELETE"} {
		if got := r.do(method, path, "stale", `"1.0.0"`); got.StatusCode != http.StatusAccepted || got.text != "{}\n" || got.Header.Get("Retry-After") == "" {
			t.Errorf("%s while pending: %d %s", method, got.StatusCode, got.text)
		}
	}
	if got := r.get("/-/v1/done?sessionId=" + id); got.StatusCode != http.StatusNotFound {
		t.Error("the id in the browser's address is the secret of the terminal:", got.StatusCode)
	}
	session, err := r.Accounts.SignIn(t.Context(), access.Actor{}, "ann", apptest.Password)
	if err != nil {
		t.Fatal(err)
	}
	by, err := r.Accounts.ActorFor(t.Context(), access.Actor{}, session.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Tokens.WebLogin(t.Context(), by, id); err != nil {
		t.Fatal(err)
	}
	if err := r.Tokens.ApproveWebLogin(t.Context(), by, id, id[len(id)-6:]); err != nil {
		t.Fatal(err)
	}
	got := r.get(path)
	token, _ := got.member(t, "token").(string)
	if got.StatusCode != 200 || got.Header.Get("Cache-Control") != "no-store" || r.do("GET", "/-/whoami", token, "").member(t, "username") != "ann" {
		t.Error(got.StatusCode, got.text)
	}
}

func TestLoginIsNeverRefusedInAWayThatAsksForAPassword(t *testing.T) {
	r := newRegistry(t)
	for range 30 {
		got := r.do("POST", "/-/v1/login", "", "{}")
		if got.StatusCode != 200 && got.StatusCode != 503 {
			t.Fatal(got.StatusCode, got.text)
		}
		if got.StatusCode == 503 {
			if got.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			return
		}
	}
	t.Error("30 terminals may wait at once")
}

func TestLegacyLogin(t *testing.T) {
	r := newRegistry(t)
	login := func(address, body string) answer {
		return r.do("PUT", "/-/user/org.couchdb.user:"+address, "stale", body)
	}
	good := login("ann", `{"_id":"org.couchdb.user:ann","name":"ann","password":"`+apptest.Password+`","type":"user","roles":[],"date":"2026-01-01T00:00:00Z"}`)
	token, _ := good.member(t, "token").(string)
	if good.StatusCode != 201 || good.member(t, "ok") != true || r.do("GET", "/-/whoami", token, "").member(t, "username") != "ann" {
		t.Fatal(good.StatusCode, good.text)
	}
	wrong := login("ann", `{"name":"ann","password":"wrong wrong wrong"}`)
	unknown := login("nobody", `{"name":"nobody","password":"wrong wrong wrong","email":"nobody@example.com"}`)
	if wrong.StatusCode != 401 || wrong.text != unknown.text || unknown.StatusCode != 401 || wrong.Header.Get("Www-Authenticate") != `Basic realm="registry"` {
		t.Error(wrong.StatusCode, wrong.text, unknown.StatusCode, unknown.text)
	}
	if _, err := r.Accounts.Person(t.Context(), access.Actor{}, "nobody"); err == nil {
		t.Error("an account was made")
	}
	for what, got := range map[string]answer{
		"another name": login("ann", `{"name":"bob","password":"x"}`), "no JSON": login("ann", "hello"), "a list": login("ann", "[]"),
		"two names": login("ann", `{"name":"ann","name":"bob","password":"x"}`),
	} {
		if got.StatusCode != 400 {
			t.Errorf("%s: %d %s", what, got.StatusCode, got.text)
		}
	}
	if got := login("ann", `{"name":"ann","password":"`+strings.Repeat("x", 1<<17)+`"}`); got.StatusCode != 413 {
		t.Error("a large body:", got.StatusCode)
	}
}

func TestLogoutEndsTheTokenAndMayBeRepeated(t *testing.T) {
	r := newRegistry(t)
	for range 2 {
		if got := r.do("DELETE", "/-/user/token/"+r.token, r.token, ""); got.StatusCode != 200 {
			t.Error(got.StatusCode, got.text)
		}
		if got := r.do("GET", "/-/whoami", r.token, ""); got.StatusCode != 401 {
			t.Error("the token still works:", got.text)
		}
	}
}

func TestProfileIsOnesOwn(t *testing.T) {
	r := newRegistry(t)
	got := r.do("GET", "/-/npm/v1/user", r.token, "")
	if got.member(t, "name") != "ann" || got.member(t, "email") != "ann@example.com" || got.member(t, "email_verified") != true || got.member(t, "tfa") != nil ||
		got.Header.Get("Cache-Control") != "no-store" {
		t.Error(got.text)
	}
	other := r.do("GET", "/-/user/org.couchdb.user:ann", r.Token(r.bob, "automation"), "")
	if other.member(t, "name") != "ann" || strings.Contains(other.text, "example.com") {
		t.Error("an address is told:", other.text)
	}
}

func TestDistTags(t *testing.T) {
	r := newRegistry(t)
	path := "/-/package/@ann%2fopen/dist-tags"
	if got := r.do("PUT", path+"/beta", r.token, `"1.0.0"`); got.StatusCode != 201 || got.member(t, "ok") != true {
		t.Error(got.StatusCode, got.text)
	}
	if got := r.get(path); got.text != `{"beta":"1.0.0","latest":"1.0.0"}`+"\n" {
		t.Error(got.text)
	}
	for _, row := range []struct {
		method, tag, body string
		status            int
	}{
		{"PUT", "beta", "1.0.0", 400},
		{"PUT", "beta", `{"v":1}`, 400},
		{"PUT", "beta", `"9.9.9"`, 404},
		{"PUT", "1.x", `"1.0.0"`, 400},
		{"PUT", "a%2fb", `"1.0.0"`, 400},
		{"PUT", "beta", `"` + strings.Repeat("1", 1<<20) + `"`, 413},
		{"DELETE", "latest", "", 400},
		{"DELETE", "absent", "", 404},
		{"DELETE", "beta", "", 200},
	} {
		if got := r.do(row.method, path+"/"+row.tag, r.token, row.body); got.StatusCode != row.status {
			t.Errorf("%s %s %.20s: %d %s", row.method, row.tag, row.body, got.StatusCode, got.text)
		}
	}
}
