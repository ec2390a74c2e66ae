package registryapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"latchkey/internal/app/apptest"
)

const user = "/-/npm/v1/user"

func TestProfileIsSetByATerminalAlone(t *testing.T) {
	r := newRegistry(t)
	terminal := r.terminal(r.ann)
	for _, row := range []struct {
		what, token, body string
		status            int
		says              string
	}{
		{"a machine", r.token, `{"fullname":"Ann"}`, 403, "token"},
		{"a machine's password", r.token, `{"password":{"old":"` + apptest.Password + `","new":"a new one that is long enough"}}`, 403, "token"},
		{"a machine turns a factor on", r.token, `{"tfa":{"mode":"auth-only","password":"` + apptest.Password + `"}}`, 403, "token"},
		{"a terminal", terminal, `{"fullname":"Ann Archer","homepage":"https://ann.example.test","twitter":null}`, 200, "Ann Archer"},
		{"what is left out stays", terminal, `{"homepage":null}`, 200, "Ann Archer"},
		{"a name elsewhere", terminal, `{"twitter":"ann"}`, 400, "twitter"},
		{"another address", terminal, `{"email":"eve@example.test"}`, 409, "cannot be changed yet"},
		{"no text", terminal, `{"fullname":7}`, 400, "text"},
		{"a wrong password", terminal, `{"password":{"old":"not the right one at all","new":"a new one that is long enough"}}`, 400, "not the password"},
		{"a weak password", terminal, `{"password":{"old":"` + apptest.Password + `","new":"short"}}`, 400, "15 characters"},
		{"a factor without a password", terminal, `{"tfa":{"mode":"auth-only"}}`, 400, "not the password"},
		{"a mode that is none", terminal, `{"tfa":{"mode":"sometimes","password":"` + apptest.Password + `"}}`, 400, "Choose"},
		{"no mode at all", terminal, `{"tfa":7}`, 400, "Expected"},
		{"a code of nothing", terminal, `{"tfa":["123456"]}`, 409, "Begin again"},
		{"two codes", terminal, `{"tfa":["123456","123456"]}`, 400, "Expected"},
		{"nothing to turn off", terminal, `{"tfa":{"mode":"disable","password":"` + apptest.Password + `"}}`, 409, "off"},
	} {
		if got := r.do("POST", user, row.token, row.body); got.StatusCode != row.status || !strings.Contains(got.text, row.says) || strings.Contains(got.text, apptest.Password) {
			t.Errorf("%s: %d %s", row.what, got.StatusCode, got.text)
		}
	}
	if got := r.do("GET", user, terminal, ""); got.member(t, "homepage") != "" || got.member(t, "tfa") != nil {
		t.Error(got.text)
	}
}

func TestPasswordsOfATerminalAreCounted(t *testing.T) {
	r := newRegistry(t)
	terminal := r.terminal(r.ann)
	guess := func() int {
		return r.do("POST", user, terminal, `{"tfa":{"mode":"auth-only","password":"not the right one at all"}}`).StatusCode
	}
	for range 10 {
		if got := guess(); got != http.StatusBadRequest {
			t.Fatal(got)
		}
	}
	if got := guess(); got != http.StatusTooManyRequests {
		t.Error("the eleventh guess:", got)
	}
}

func TestFactorIsTurnedOnAndOffByATerminal(t *testing.T) {
	r := newRegistry(t)
	terminal, second := r.terminal(r.ann), r.terminal(r.ann)
	with := `"password":"` + apptest.Password + `"}}`
	got := r.do("POST", user, terminal, `{"tfa":{"mode":"auth-only",`+with)
	address, _ := got.member(t, "tfa").(string)
	_, secret, ok := strings.Cut(address, "secret=")
	if !ok {
		t.Fatal(got.text)
	}
	code := func() string {
		c, err := totp.GenerateCode(secret, r.Now())
		must(t, err)
		return c
	}
	if got := r.do("POST", user, second, `{"tfa":["`+code()+`"]}`); got.StatusCode != 409 {
		t.Error("another terminal finishes it:", got.text)
	}
	if got := r.do("POST", user, terminal, `{"tfa":["`+code()+`"]}`); got.StatusCode != 200 || strings.Count(got.text, "-") != 30 {
		t.Fatalf("%d %s", got.StatusCode, got.text)
	}
	if got := r.do("GET", user, terminal, ""); !strings.Contains(got.text, `"tfa":{"pending":false,"mode":"auth-only"}`) {
		t.Error(got.text)
	}
	r.Advance(time.Minute)
	for _, body := range []string{
		`{"tfa":{"mode":"auth-and-writes",` + with, `{"tfa":{"mode":"disable",` + with,
		`{"password":{"old":"` + apptest.Password + `","new":"a new one that is long enough"}}`,
	} {
		if got := r.do("POST", user, terminal, body); got.StatusCode != 401 || got.Header.Get("Www-Authenticate") != "OTP" {
			t.Errorf("%s without the factor: %d %s", body, got.StatusCode, got.text)
		}
	}
	if got := r.do("POST", user, terminal, `{"tfa":{"mode":"disable","password":"not the right one at all"}}`, "Npm-Otp", code()); got.StatusCode != 400 {
		t.Errorf("the factor without the password: %d %s", got.StatusCode, got.text)
	}
	r.Advance(time.Minute)
	if got := r.do("POST", user, terminal, `{"tfa":{"mode":"auth-and-writes",`+with, "Npm-Otp", code()); got.StatusCode != 200 || !strings.Contains(got.text, "auth-and-writes") {
		t.Errorf("%d %s", got.StatusCode, got.text)
	}
	r.Advance(time.Minute)
	if got := r.do("POST", user, terminal, `{"tfa":{"mode":"disable",`+with, "Npm-Otp", code()); got.StatusCode != 200 {
		t.Errorf("%d %s", got.StatusCode, got.text)
	}
	if got := r.do("GET", user, terminal, ""); got.member(t, "tfa") != nil {
		t.Error(got.text)
	}
}
