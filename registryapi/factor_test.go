package registryapi_test

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"latchkey/internal/access"
	"latchkey/internal/app/apptest"
	"latchkey/internal/npmpack"
	"latchkey/internal/twofactor"
)

// withApp turns two-factor authentication on for ann and returns her browser and what her app shows.
func (r *registry) withApp(t *testing.T) (ann access.Actor, code func() string) {
	t.Helper()
	ctx := t.Context()
	visitor := access.Anonymous(netip.MustParseAddr("192.0.2.1"), "")
	s, err := r.Accounts.SignIn(ctx, visitor, "ann", apptest.Password)
	must(t, err)
	ann, err = r.Accounts.ActorFor(ctx, visitor, s.ID)
	must(t, err)
	must(t, r.Factors.BeginApp(ctx, ann, access.AuthAndWrites))
	d, err := r.Factors.AppDraft(ctx, ann)
	must(t, err)
	code = func() string {
		c, err := totp.GenerateCode(d.Secret, r.Now())
		must(t, err)
		return c
	}
	_, err = r.Factors.ConfirmApp(ctx, ann, d.ID, code())
	must(t, err)
	must(t, r.Factors.Downloaded(ctx, ann))
	_, err = r.Accounts.SaveCodes(ctx, ann, "")
	must(t, err)
	r.Advance(time.Minute)
	return ann, code
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var webHeaders = []string{"Npm-Auth-Type", "web", "Npm-Command", "publish", "Npm-Session", "0123456789abcdef"}

// approve answers the question that a challenge leads to and returns the code that the terminal is handed.
func (r *registry) approve(t *testing.T, ann access.Actor, code string, challenge answer) string {
	t.Helper()
	id := challenge.member(t, "authUrl").(string)
	id = id[strings.LastIndex(id, "/")+1:]
	done := strings.TrimPrefix(challenge.member(t, "doneUrl").(string), r.Config.RegistryURL)
	if got := r.do("PUT", "/"+done, "", `"1.0.0"`); got.StatusCode != http.StatusAccepted || got.Header.Get("Retry-After") != "1" {
		t.Fatalf("before the answer: %d %v", got.StatusCode, got.Header)
	}
	_, err := r.Factors.Approve(context.Background(), ann, id, twofactor.Answer{Code: code}, twofactor.CoverAct)
	must(t, err)
	got := r.do("DELETE", "/"+done, "", "")
	if got.StatusCode != http.StatusOK || got.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("after the answer: %d %s", got.StatusCode, got.text)
	}
	return got.member(t, "token").(string)
}

func TestPublishAsksForTheSecondFactor(t *testing.T) {
	r := newRegistry(t)
	ann, code := r.withApp(t)
	token := r.Token(r.ann, "publish")
	pack := npmpack.Package{Name: "gift", Version: "1.0.0"}
	body := string(pack.PublishBody())

	asked := r.do("PUT", "/gift", token, body, webHeaders...)
	if asked.StatusCode != 401 || asked.Header.Get("Www-Authenticate") != "OTP" {
		t.Fatalf("%d %s", asked.StatusCode, asked.text)
	}
	if got := r.get("/gift"); got.StatusCode != 404 {
		t.Error("it is there without a proof")
	}
	classic := r.do("PUT", "/gift", token, body)
	if classic.StatusCode != 401 || strings.Contains(classic.text, "authUrl") || !strings.Contains(classic.text, "one-time pass") {
		t.Errorf("to a client without a browser: %d %s", classic.StatusCode, classic.text)
	}

	otp := r.approve(t, ann, code(), asked)
	swapped := pack
	swapped.Files = map[string]string{"evil.js": "1"}
	with := append([]string{"Npm-Otp", otp}, webHeaders...)
	if got := r.do("PUT", "/-/package/left-pad/dist-tags/beta", token, `"1.0.0"`, with...); got.StatusCode != 401 {
		t.Error("an approval to publish sets a tag:", got.StatusCode)
	}
	r.Advance(time.Minute)
	asked = r.do("PUT", "/gift", token, body, webHeaders...)
	with[1] = r.approve(t, ann, code(), asked)
	if got := r.do("PUT", "/gift", token, string(swapped.PublishBody()), with...); got.StatusCode != 401 {
		t.Error("another tarball is published:", got.StatusCode, got.text)
	}
	r.Advance(time.Minute)
	asked = r.do("PUT", "/gift", token, body, webHeaders...)
	with[1] = r.approve(t, ann, code(), asked)
	if got := r.do("PUT", "/gift", token, body, with...); got.StatusCode != 201 {
		t.Fatalf("%d %s", got.StatusCode, got.text)
	}
	next := npmpack.Package{Name: "gift", Version: "1.0.1"}
	if got := r.do("PUT", "/gift", token, string(next.PublishBody()), with...); got.StatusCode != 401 {
		t.Error("the code counts twice:", got.StatusCode)
	}
	r.Advance(time.Minute)
	if got := r.do("PUT", "/gift", token, string(next.PublishBody()), "Npm-Otp", code()); got.StatusCode != 201 {
		t.Errorf("with --otp: %d %s", got.StatusCode, got.text)
	}
	machine := npmpack.Package{Name: "gift", Version: "1.0.2"}
	if got := r.do("PUT", "/gift", r.token, string(machine.PublishBody())); got.StatusCode != 201 {
		t.Errorf("a machine is asked: %d %s", got.StatusCode, got.text)
	}
	if got := r.do("PUT", "/gift", token, string(next.PublishBody()), webHeaders...); got.StatusCode != 403 || !strings.Contains(got.text, "cannot publish over") {
		t.Errorf("a version that is there: %d %s", got.StatusCode, got.text)
	}
}

func TestTagIsConfirmedByItsVeryRequest(t *testing.T) {
	r := newRegistry(t)
	ann, code := r.withApp(t)
	token := r.Token(r.ann, "publish")
	r.do("PUT", "/left-pad", r.token, string(npmpack.Package{Name: "left-pad", Version: "1.0.1"}.PublishBody()))
	const address = "/-/package/left-pad/dist-tags/beta"
	asked := r.do("PUT", address, token, `"1.0.0"`, webHeaders...)
	with := append([]string{"Npm-Otp", r.approve(t, ann, code(), asked)}, webHeaders...)
	if got := r.do("PUT", address, token, `"1.0.1"`, with...); got.StatusCode != 401 {
		t.Error("another version is tagged:", got.StatusCode)
	}
	r.Advance(time.Minute)
	with[1] = r.approve(t, ann, code(), r.do("PUT", address, token, `"1.0.0"`, webHeaders...))
	if got := r.do("PUT", address, token, `"1.0.0"`, with...); got.StatusCode != 201 {
		t.Fatalf("%d %s", got.StatusCode, got.text)
	}
	r.Advance(time.Minute)
	with[1] = r.approve(t, ann, code(), r.do("DELETE", address, token, "", webHeaders...))
	if got := r.do("DELETE", address, token, "", with...); got.StatusCode != 200 {
		t.Fatalf("%d %s", got.StatusCode, got.text)
	}
}

func TestLegacyLoginNeedsTheSecondFactorToo(t *testing.T) {
	r := newRegistry(t)
	_, code := r.withApp(t)
	login := `{"name":"ann","password":"` + apptest.Password + `"}`
	for _, path := range []string{"/-/user/org.couchdb.user:ann", "/-/user/org.couchdb.user:ann/-rev/1-x"} {
		if got := r.do("PUT", path, "", login); got.StatusCode != 401 || got.Header.Get("Www-Authenticate") != "OTP" {
			t.Errorf("%s without a code: %d %v", path, got.StatusCode, got.Header)
		}
		if got := r.do("PUT", path, "", login, "Npm-Otp", "000000"); got.StatusCode != 401 || got.Header.Get("Www-Authenticate") != "OTP" {
			t.Errorf("%s with a wrong code: %d %s", path, got.StatusCode, got.text)
		}
		if got := r.do("PUT", path, "", login, "Npm-Otp", code()); got.StatusCode != 201 {
			t.Errorf("%s with the code: %d %s", path, got.StatusCode, got.text)
		}
		r.Advance(time.Minute)
	}
	wrong := r.do("PUT", "/-/user/org.couchdb.user:ann", "", `{"name":"ann","password":"wrong wrong wrong"}`, "Npm-Otp", code())
	if wrong.Header.Get("Www-Authenticate") == "OTP" {
		t.Error("a wrong password is told of the second factor")
	}
}
