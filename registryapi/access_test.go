package registryapi_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/internal/npmpack"
	"latchkey/internal/org"
	"latchkey/registryapi"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// TestPermissions asks for every route with every kind of credential and compares the answers with a
// golden file. A route without a row fails: a new one must say who may use it.
func TestPermissions(t *testing.T) {
	rows := []struct{ method, route, path, body string }{
		{"GET", "/", "/", ""},
		{"GET", "/-/ping", "/-/ping", ""},
		{"GET", "/-/whoami", "/-/whoami", ""},
		{"POST", "/-/v1/login", "/-/v1/login", "{}"},
		{"GET", "/-/v1/done", "/-/v1/done?sessionId=guess", ""},
		{"PUT", "/-/v1/done", "/-/v1/done?sessionId=guess", ""},
		{"POST", "/-/v1/done", "/-/v1/done?sessionId=guess", ""},
		{"DELETE", "/-/v1/done", "/-/v1/done?sessionId=guess", ""},
		{"GET", "/-/v1/confirmed", "/-/v1/confirmed?id=guess", ""},
		{"PUT", "/-/v1/confirmed", "/-/v1/confirmed?id=guess", ""},
		{"POST", "/-/v1/confirmed", "/-/v1/confirmed?id=guess", ""},
		{"DELETE", "/-/v1/confirmed", "/-/v1/confirmed?id=guess", ""},
		{"PUT", "/-/user/:user", "/-/user/org.couchdb.user:ann", `{"name":"ann","password":"wrong wrong wrong"}`},
		{"PUT", "/-/user/:user/-rev/:rev", "/-/user/org.couchdb.user:ann/-rev/1", `{"name":"ann","password":"wrong wrong wrong"}`},
		{"GET", "/-/user/:user", "/-/user/org.couchdb.user:ann", ""},
		{"GET", "/-/user/:user", "/-/user/org.couchdb.user:nobody", ""},
		{"DELETE", "/-/user/token/:token", "/-/user/token/guess", ""},
		{"GET", "/-/npm/v1/user", "/-/npm/v1/user", ""},
		{"POST", "/-/npm/v1/user", "/-/npm/v1/user", `{"fullname":"Ann"}`},
		{"POST", "/-/npm/v1/user", "/-/npm/v1/user", `{"tfa":{"mode":"disable","password":"wrong wrong wrong"}}`},
		{"GET", "/-/npm/v1/keys", "/-/npm/v1/keys", ""},
		{"GET", "/-/npm/v1/tokens", "/-/npm/v1/tokens", ""},
		{"POST", "/-/npm/v1/tokens", "/-/npm/v1/tokens", `{"name":"ci","password":"wrong wrong wrong"}`},
		{"DELETE", "/-/npm/v1/tokens/token/:token", "/-/npm/v1/tokens/token/guess", ""},
		{"GET", "/-/v1/search", "/-/v1/search?text=hidden", ""},
		{"GET", "/-/package/:name/dist-tags", "/-/package/left-pad/dist-tags", ""},
		{"GET", "/-/package/:name/dist-tags", "/-/package/@ann%2fhidden/dist-tags", ""},
		{"PUT", "/-/package/:name/dist-tags/:tag", "/-/package/left-pad/dist-tags/beta", `"1.0.0"`},
		{"PUT", "/-/package/:name/dist-tags/:tag", "/-/package/@ann%2fhidden/dist-tags/beta", `"1.0.0"`},
		{"POST", "/-/package/:name/dist-tags/:tag", "/-/package/left-pad/dist-tags/beta", `"1.0.0"`},
		{"DELETE", "/-/package/:name/dist-tags/:tag", "/-/package/left-pad/dist-tags/absent", ""},
		{"DELETE", "/-/package/:name/dist-tags/:tag", "/-/package/@ann%2fhidden/dist-tags/absent", ""},
		{"POST", "/-/npm/v1/security/advisories/bulk", "/-/npm/v1/security/advisories/bulk", `{"left-pad":["1.0.0"]}`},
		{"POST", "/-/npm/v1/security/audits", "/-/npm/v1/security/audits", `{"dependencies":{}}`},
		{"POST", "/-/npm/v1/security/audits/quick", "/-/npm/v1/security/audits/quick", `{"dependencies":{}}`},
		{"GET", "/downloads/point/:period", "/downloads/point/last-day", ""},
		{"GET", "/downloads/range/:period", "/downloads/range/last-day", ""},
		{"GET", "/downloads/point/:period/:name", "/downloads/point/last-day/left-pad", ""},
		{"GET", "/downloads/point/:period/:name", "/downloads/point/last-day/@ann%2fhidden", ""},
		{"GET", "/downloads/range/:period/:name", "/downloads/range/last-day/@ann%2fhidden", ""},
		{"GET", "/downloads/range/:period/:name", "/downloads/range/last-day/@ann%2fabsent", ""},
		{"GET", "/versions/:name/last-week", "/versions/@ann%2fhidden/last-week", ""},
		{"GET", "/versions/:name/last-week", "/versions/@ann%2fopen/last-week", ""},
		{"GET", "/-/package/:name/collaborators", "/-/package/left-pad/collaborators", ""},
		{"GET", "/-/package/:name/collaborators", "/-/package/@ann%2fhidden/collaborators", ""},
		{"GET", "/-/package/:name/visibility", "/-/package/left-pad/visibility", ""},
		{"GET", "/-/package/:name/visibility", "/-/package/@ann%2fhidden/visibility", ""},
		{"GET", "/-/package/:name/access", "/-/package/@ann%2fhidden/access", ""},
		{"POST", "/-/package/:name/access", "/-/package/@ann%2fopen/access", `{"access":"public"}`},
		{"POST", "/-/package/:name/access", "/-/package/@ann%2fhidden/access", `{"access":"restricted"}`},
		{"POST", "/-/package/:name/access", "/-/package/@ann%2fhidden/access", `{"publish_requires_tfa":true}`},
		{"POST", "/-/package/:name/access", "/-/package/@ann%2fabsent/access", `{"publish_requires_tfa":true}`},
		{"PUT", "/-/package/:name/owners", "/-/package/left-pad/owners", `{"user":"bob"}`},
		{"PUT", "/-/package/:name/owners", "/-/package/@ann%2fhidden/owners", `{"user":"bob"}`},
		{"DELETE", "/-/package/:name/owners/:user", "/-/package/left-pad/owners/bob", ""},
		{"DELETE", "/-/package/:name/owners/:user", "/-/package/@ann%2fhidden/owners/ann", ""},
		{"GET", "/-/user/:user/package", "/-/user/ann/package", ""},
		{"GET", "/-/user/:user/package", "/-/user/nobody/package", ""},
		{"GET", "/-/user/v1/star", "/-/user/v1/star", ""},
		{"PUT", "/-/user/v1/star", "/-/user/v1/star", `{"name":"left-pad"}`},
		{"PUT", "/-/user/v1/star", "/-/user/v1/star", `{"name":"@ann/hidden"}`},
		{"DELETE", "/-/user/v1/star", "/-/user/v1/star", `{"name":"left-pad"}`},
		{"GET", "/-/_view/starredByUser", "/-/_view/starredByUser?key=%22ann%22", ""},
		{"GET", "/:name", "/left-pad", ""},
		{"GET", "/:name", "/@ann%2fhidden", ""},
		{"GET", "/:name", "/@ann%2fabsent", ""},
		{"GET", "/:name/-/:file", "/left-pad/-/left-pad-1.0.0.tgz", ""},
		{"GET", "/:name/-/:file", "/@ann%2fhidden/-/hidden-1.0.0.tgz", ""},
		{"PUT", "/:name", "/left-pad", string(npmpack.Package{Name: "left-pad", Version: "0.0.1"}.PublishBody())},
		{"PUT", "/:name", "/@ann%2fhidden", string(npmpack.Package{Name: "@ann/hidden", Version: "0.0.1"}.PublishBody())},
		{"PUT", "/:name", "/@ann%2fnew", string(npmpack.Package{Name: "@ann/new", Version: "0.0.1"}.PublishBody())},
	}
	rows = append(rows, []struct{ method, route, path, body string }{
		{"PUT", "/:name", "/left-pad", `{"_id":"left-pad","_rev":"0-0","versions":{"1.0.0":{"deprecated":"old"}}}`},
		{"PUT", "/:name", "/@ann%2fhidden", `{"_id":"@ann/hidden","_rev":"0-0","versions":{"1.0.0":{"deprecated":"old"}}}`},
		{"PUT", "/:name", "/left-pad", `{"_id":"left-pad","_rev":"0-0","users":{"ann":true}}`},
		{"PUT", "/:name", "/@ann%2fhidden", `{"_id":"@ann/hidden","_rev":"0-0","users":{"ann":true}}`},
		{"PUT", "/:name/-rev/:rev", "/left-pad/-rev/undefined", `{"maintainers":[{"name":"ann"},{"name":"bob"}]}`},
		{"PUT", "/:name/-rev/:rev", "/@ann%2fhidden/-rev/undefined", `{"maintainers":[{"name":"ann"},{"name":"bob"}]}`},
		{"PUT", "/:name/-rev/:rev", "/left-pad/-rev/undefined", `{"versions":{}}`},
		{"DELETE", "/:name/-rev/:rev", "/left-pad/-rev/undefined", ""},
		{"DELETE", "/:name/-rev/:rev", "/@ann%2fhidden/-rev/undefined", ""},
		{"DELETE", "/:name/-/:file/-rev/:rev", "/left-pad/-/left-pad-1.0.0.tgz/-rev/1", ""},
		{"DELETE", "/:name/-/:file/-rev/:rev", "/@ann%2fhidden/-/hidden-1.0.0.tgz/-rev/1", ""},
	}...)
	for _, row := range []struct{ method, route, body string }{
		{"GET", "/-/org/:org/user", ""},
		{"PUT", "/-/org/:org/user", `{"user":"bob","role":"admin"}`},
		{"DELETE", "/-/org/:org/user", `{"user":"bob"}`},
		{"GET", "/-/org/:org/package", ""},
		{"GET", "/-/org/:org/team", ""},
		{"PUT", "/-/org/:org/team", `{"name":"web"}`},
		{"GET", "/-/team/:org/:team/user", ""},
		{"PUT", "/-/team/:org/:team/user", `{"user":"ann"}`},
		{"DELETE", "/-/team/:org/:team/user", `{"user":"ann"}`},
		{"GET", "/-/team/:org/:team/package", ""},
		{"PUT", "/-/team/:org/:team/package", `{"package":"@acme/none","permissions":"read-only"}`},
		{"DELETE", "/-/team/:org/:team/package", `{"package":"@acme/none"}`},
		{"DELETE", "/-/team/:org/:team", ""},
	} {
		path := strings.NewReplacer(":org", "acme", ":team", "web").Replace(row.route)
		rows = append(rows, struct{ method, route, path, body string }{row.method, row.route, path, row.body})
	}
	r := newRegistry(t, func(c *config.Config) {
		c.Limits.SignInRate, c.Limits.LoginRate, c.Limits.LoginTerminalsOpen = config.Rate{}, config.Rate{}, 1000
	})
	callers := []struct{ name, token string }{
		{"anonymous", ""},
		{"forged", "npm_lk0000000000000000000000000000000000"},
		{"other", r.Token(r.bob, "automation")},
		{"read-only", r.Token(r.ann, "read-only")},
		{"owner", r.token},
		{"owner's terminal", r.terminal(r.ann)},
	}
	if _, err := r.Orgs.Create(t.Context(), access.Console(), org.NewOrg{Name: "acme", Owner: "ann"}); err != nil {
		t.Fatal(err)
	}
	covered := map[string]bool{}
	var b strings.Builder
	for _, row := range rows {
		covered[row.method+" "+row.route] = true
		line := fmt.Sprintf("%-6s %-50s", row.method, strings.SplitN(row.path, "?", 2)[0])
		for _, c := range callers {
			line += fmt.Sprintf(" %s: %d", c.name, r.do(row.method, row.path, c.token, row.body).StatusCode)
		}
		b.WriteString(line + "\n")
	}
	for _, route := range registryapi.New(r.App).Routes() {
		if !covered[route] {
			t.Errorf("no row for the route %s", route)
		}
	}
	const file = "testdata/permissions.golden"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != b.String() {
		t.Errorf("the answers changed (go test ./registryapi -update, then look at the difference): %v\n%s", err, b.String())
	}
}

func TestHiddenAnswersAreThoseOfAbsentOnes(t *testing.T) {
	r := newRegistry(t)
	other := r.Token(r.bob, "automation")
	for _, path := range []string{
		"/@ann%%2f%s", "/@ann/%s/-/hidden-1.0.0.tgz", "/-/package/@ann%%2f%s/dist-tags", "/-/package/@ann%%2f%s/collaborators",
		"/-/package/@ann%%2f%s/visibility", "/-/package/@ann%%2f%s/access",
	} {
		for _, token := range []string{"", other} {
			hidden, absent := r.do("GET", fmt.Sprintf(path, "hidden"), token, ""), r.do("GET", fmt.Sprintf(path, "absent"), token, "")
			hidden.Header.Del("X-Request-Id")
			absent.Header.Del("X-Request-Id")
			if hidden.StatusCode != 404 || hidden.text != absent.text || fmt.Sprint(hidden.Header) != fmt.Sprint(absent.Header) {
				t.Errorf("%s: %v %s is not %v %s", path, hidden.Header, hidden.text, absent.Header, absent.text)
			}
		}
	}
}

func TestEveryBadCredentialGetsTheSameAnswer(t *testing.T) {
	r := newRegistry(t)
	revoked := r.Token(r.ann, "automation")
	if got := r.do("DELETE", "/-/user/token/"+revoked, revoked, ""); got.StatusCode != http.StatusOK {
		t.Fatal(got.text)
	}
	expired := r.do("PUT", "/-/user/org.couchdb.user:ann", "", `{"name":"ann","password":"correct horse battery staple"}`).member(t, "token").(string)
	if got := r.do("GET", "/-/whoami", expired, ""); got.member(t, "username") != "ann" {
		t.Fatal(got.text)
	}
	r.Advance(13 * time.Hour)
	want := ""
	for what, token := range map[string]string{
		"revoked": revoked, "expired": expired, "unknown": "npm_lk0000000000000000000000000000000000", "mistyped": revoked[:39] + "x", "nonsense": "hello",
	} {
		got := r.do("GET", "/-/whoami", token, "")
		if want == "" {
			want = got.text
		}
		if got.StatusCode != 401 || got.text != want || !strings.Contains(got.Header.Get("Www-Authenticate"), "Bearer") {
			t.Errorf("%s: %d %s %s", what, got.StatusCode, got.text, got.Header.Get("Www-Authenticate"))
		}
	}
}

func TestCredentialsTravelInOneHeaderOnly(t *testing.T) {
	r := newRegistry(t)
	if got := r.do("GET", "/-/whoami", "", "", "Authorization", "Bearer "+r.token, "Authorization", "Bearer "+r.token); got.StatusCode != 400 {
		t.Error("two headers:", got.StatusCode)
	}
	for what, got := range map[string]answer{
		"query":  r.get("/-/whoami?_authToken=" + r.token + "&token=" + r.token),
		"cookie": r.get("/-/whoami", "Cookie", "latchkey_session="+r.token),
		"scheme": r.get("/-/whoami", "Authorization", "Digest "+r.token),
		"bare":   r.get("/-/whoami", "Authorization", r.token),
	} {
		if got.StatusCode != 401 {
			t.Errorf("%s: %d", what, got.StatusCode)
		}
	}
	if got := r.get("/-/whoami", "Authorization", "bearer "+r.token); got.member(t, "username") != "ann" {
		t.Error("the scheme's case matters:", got.text)
	}
}
