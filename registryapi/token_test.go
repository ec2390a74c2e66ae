package registryapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"latchkey/internal/app/apptest"
	"latchkey/internal/token"
)

type listedTokens struct {
	Objects []map[string]any
	Total   int
	URLs    struct{ Next *string }
}

func (r *registry) tokens(path, by string) (l listedTokens) {
	r.t.Helper()
	got := r.do("GET", path, by, "")
	if err := json.Unmarshal([]byte(got.text), &l); err != nil || got.StatusCode != http.StatusOK {
		r.t.Fatal(got.StatusCode, got.text)
	}
	return l
}

func TestTokensAreMadeListedAndRevokedByNpm(t *testing.T) {
	r := newRegistry(t)
	cli := r.terminal(r.ann)
	body := `{"name":"ci","password":"` + apptest.Password + `","description":"the job","expires":30,"packages":["left-pad"],"scopes":["acme"],
		"packages_and_scopes_permission":"read-write","bypass_2fa":true,"cidr_whitelist":["192.0.2.0/24"]}`
	got := r.do("POST", "/-/npm/v1/tokens", cli, body)
	var made map[string]any
	if err := json.Unmarshal([]byte(got.text), &made); err != nil || got.StatusCode != http.StatusCreated || strings.Contains(got.text, apptest.Password) {
		t.Fatal(got.StatusCode, got.text)
	}
	secret, _ := made["token"].(string)
	if made["bypass_2fa"] != true || made["readonly"] != false || fmt.Sprint(made["cidr_whitelist"]) != "[192.0.2.0/24]" || made["expires"] == nil {
		t.Error(got.text)
	}
	if got := r.do("PUT", "/-/package/left-pad/dist-tags/beta", secret, `"1.0.0"`); got.StatusCode != http.StatusCreated && got.StatusCode != http.StatusOK {
		t.Error("within its reach:", got.StatusCode, got.text)
	}
	if got := r.do("PUT", "/-/package/@ann%2fopen/dist-tags/beta", secret, `"1.0.0"`); got.StatusCode != http.StatusForbidden || !strings.Contains(got.text, "does not cover") {
		t.Error("beyond its reach:", got.StatusCode, got.text)
	}
	if got := r.do("GET", "/@ann%2fhidden", secret, ""); got.StatusCode != http.StatusNotFound {
		t.Error("a private package beyond its reach:", got.StatusCode)
	}
	l := r.tokens("/-/npm/v1/tokens", cli)
	var mine map[string]any
	for _, o := range l.Objects {
		if o["name"] == "ci" {
			mine = o
		}
	}
	if mine == nil || mine["key"] != made["key"] || !strings.HasPrefix(secret, mine["token"].(string)) || len(mine["token"].(string)) >= len(secret) {
		t.Fatalf("listed as %v", mine)
	}
	for _, path := range []string{"/-/npm/v1/tokens/token/" + made["key"].(string), "/-/npm/v1/tokens/token/" + r.Token(r.ann, token.Publish)} {
		if got := r.do("DELETE", path, cli, ""); got.StatusCode != http.StatusNoContent {
			t.Error(got.StatusCode, got.text)
		}
	}
	if got := r.do("GET", "/-/whoami", secret, ""); got.StatusCode != http.StatusUnauthorized {
		t.Error("after its end:", got.StatusCode)
	}
}

func TestTokensThatNpmMayNotMake(t *testing.T) {
	r := newRegistry(t)
	cli := r.terminal(r.ann)
	before := r.tokens("/-/npm/v1/tokens", cli).Total
	for body, status := range map[string]int{
		`{"name":"ci","password":"wrong wrong wrong"}`: 401,
		`{"name":"ci"}`: 401,
		`{"name":"ci","password":"PASSWORD","cidr_whitelist":["300.0.0.0/8"]}`:                                                 400,
		`{"name":"ci","password":"PASSWORD","expires":0}`:                                                                      400,
		`{"name":"ci","password":"PASSWORD","expires":1.5}`:                                                                    400,
		`{"name":"ci","password":"PASSWORD","expires":91,"packages":["a"],"packages_and_scopes_permission":"read-write"}`:      400,
		`{"name":"ci","password":"PASSWORD","packages_and_scopes_permission":"all"}`:                                           400,
		`{"name":"ci","password":"PASSWORD","packages":["A B"]}`:                                                               400,
		`{"name":"","password":"PASSWORD"}`:                                                                                    400,
		`{"name":"ci","password":"PASSWORD","packages_all":true,"orgs":["acme"],"packages_and_scopes_permission":"read-only"}`: 400,
		`{"name":["ci"],"password":"PASSWORD"}`:                                                                                400,
	} {
		got := r.do("POST", "/-/npm/v1/tokens", cli, strings.ReplaceAll(body, "PASSWORD", apptest.Password))
		if got.StatusCode != status {
			t.Errorf("%s: %d %s", body, got.StatusCode, got.text)
		}
	}
	wrong := r.do("POST", "/-/npm/v1/tokens", cli, `{"name":"ci","password":"wrong wrong wrong"}`)
	if h := wrong.Header.Get("Www-Authenticate"); h != `Basic realm="registry"` { // with Bearer npm speaks of the token
		t.Error(h, wrong.text)
	}
	if after := r.tokens("/-/npm/v1/tokens", cli).Total; after != before {
		t.Errorf("%d tokens, %d before", after, before)
	}
	for which, status := range map[string]int{
		"0123456789abcdef0123456789abcdef": 404, "..%2f..": 400, strings.Repeat("a", 32) + "x": 404, "npm_lkguess": 404,
	} {
		if got := r.do("DELETE", "/-/npm/v1/tokens/token/"+which, cli, ""); got.StatusCode != status {
			t.Errorf("%s: %d %s", which, got.StatusCode, got.text)
		}
	}
}

func TestOlderClientsMakeTokensThatReachEverything(t *testing.T) {
	r := newRegistry(t)
	cli := r.terminal(r.ann)
	for body, want := range map[string]struct {
		readOnly bool
		publish  int
	}{
		`{"password":"PASSWORD","readonly":true,"cidr_whitelist":[]}`:  {true, 403},
		`{"password":"PASSWORD","readonly":false,"cidr_whitelist":[]}`: {false, 201},
	} {
		got := r.do("POST", "/-/npm/v1/tokens", cli, strings.ReplaceAll(body, "PASSWORD", apptest.Password))
		var made struct {
			Token    string
			ReadOnly bool
		}
		if err := json.Unmarshal([]byte(got.text), &made); err != nil || made.ReadOnly != want.readOnly {
			t.Fatal(got.StatusCode, got.text)
		}
		if got := r.do("GET", "/@ann%2fhidden", made.Token, ""); got.StatusCode != 200 {
			t.Error("its owner's private package:", got.StatusCode)
		}
		if got := r.do("PUT", "/-/package/@ann%2fopen/dist-tags/beta", made.Token, `"1.0.0"`); got.StatusCode/100 != want.publish/100 {
			t.Error(got.StatusCode, got.text)
		}
	}
	if got := r.do("POST", "/-/npm/v1/tokens", cli, `{"name":null,"password":"`+apptest.Password+`"}`); !strings.Contains(got.text, `"readonly":true`) {
		t.Error("without any permission:", got.text)
	}
}

func TestTokenFromAnotherAddressIsToldSo(t *testing.T) {
	r := newRegistry(t)
	cli := r.terminal(r.ann)
	got := r.do("POST", "/-/npm/v1/tokens", cli, `{"name":"ci","password":"`+apptest.Password+`","cidr_whitelist":["203.0.113.0/24"]}`)
	var made struct{ Token string }
	if err := json.Unmarshal([]byte(got.text), &made); err != nil || made.Token == "" {
		t.Fatal(got.StatusCode, got.text)
	}
	if got := r.do("GET", "/-/whoami", made.Token, ""); got.StatusCode != 401 || got.Header.Get("Www-Authenticate") != "ipaddress" {
		t.Error(got.StatusCode, got.Header.Get("Www-Authenticate"), got.text)
	}
}

// A stolen token is no place to guess the password unheard, nor to guess on with the next one.
func TestWrongPasswordsOfTerminalsAreToldAndCounted(t *testing.T) {
	r := newRegistry(t)
	letters := 0
	status := map[int]int{}
	for range 4 {
		cli := r.terminal(r.ann)
		for range 4 {
			status[r.do("POST", "/-/npm/v1/tokens", cli, `{"name":"ci","password":"wrong wrong wrong"}`).StatusCode]++
		}
	}
	for _, m := range r.Mails("ann@example.com") {
		if strings.Contains(m.Subject, "Wrong passwords in a terminal") {
			letters++
		}
	}
	if letters != 1 || status[401] != 10 || status[429] != 6 {
		t.Errorf("%d letters, %v", letters, status)
	}
}
