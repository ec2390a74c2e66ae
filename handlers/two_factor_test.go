package handlers

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/pquerna/otp/totp"

	"latchkey/internal/app/apptest"
)

// securityKey is a key that a browser has.
type securityKey struct {
	auth virtualwebauthn.Authenticator
	cred virtualwebauthn.Credential
	rp   virtualwebauthn.RelyingParty
}

func (p *portal) newKey() *securityKey {
	cred := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	for len(cred.Key.AttestationData()) != 77 { // the library leaves leading zeros out, which no key does
		cred = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return &securityKey{virtualwebauthn.NewAuthenticator(), cred, virtualwebauthn.RelyingParty{ID: "localhost", Name: "x", Origin: p.server.origin}}
}

// create is what the page's script does to make a key.
func (b *browser) create(k *securityKey) string {
	b.p.t.Helper()
	r := b.post("/settings/two-factor/keys/begin", nil)
	var o struct {
		PublicKey struct {
			User struct{ ID string } `json:"user"`
		} `json:"publicKey"`
	}
	if err := json.Unmarshal([]byte(r.body), &o); err != nil {
		b.p.t.Fatalf("%d %s", r.status, r.body)
	}
	options, err := virtualwebauthn.ParseAttestationOptions(r.body)
	if err != nil {
		b.p.t.Fatal(err)
	}
	k.auth.Options.UserHandle, _ = base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID)
	return virtualwebauthn.CreateAttestationResponse(k.rp, k.auth, k.cred, *options)
}

// use is what the page's script does to use one.
func (b *browser) use(k *securityKey, begin string) string {
	b.p.t.Helper()
	r := b.post(begin, nil)
	options, err := virtualwebauthn.ParseAssertionOptions(r.body)
	if err != nil {
		b.p.t.Fatalf("%d %s", r.status, r.body)
	}
	k.cred.Counter++
	return virtualwebauthn.CreateAssertionResponse(k.rp, k.auth, k.cred, *options)
}

var codeForm = regexp.MustCompile(`[A-Z2-7]{4}(-[A-Z2-7]{4}){3}`)

// saveCodes downloads the codes that are shown and returns them.
func (b *browser) saveCodes() []string {
	b.p.t.Helper()
	shown := codeForm.FindAllString(b.get("/settings/two-factor/codes").body, -1)
	file := b.post("/settings/two-factor/codes", form("act", "download"))
	if len(shown) != 10 || !strings.Contains(file.body, shown[9]) || !strings.HasPrefix(file.header.Get("Content-Disposition"), "attachment") {
		b.p.t.Fatalf("%v are shown, and the file says %s", shown, file.body)
	}
	if r := b.post("/settings/two-factor/codes", form("act", "save")); r.location() != "/settings/two-factor" {
		b.p.t.Fatalf("%d %s", r.status, r.text("main"))
	}
	return shown
}

// withKey turns two-factor authentication on with a key.
func (b *browser) withKey() (*securityKey, []string) {
	b.p.t.Helper()
	k := b.p.newKey()
	if r := b.post("/settings/two-factor/keys", form("name", "Blue", "answer", b.create(k))); r.location() != "/settings/two-factor/codes" {
		b.p.t.Fatalf("%d %s", r.status, r.text("main"))
	}
	return k, b.saveCodes()
}

// halfIn is a browser whose person gave the right password of an account with a second factor.
func (p *portal) halfIn(name string) *browser {
	p.t.Helper()
	b := p.visit()
	if r := b.post("/login", form("login", name, "password", apptest.Password, "next", "/settings/profile")); r.location() != "/login/factor" {
		p.t.Fatalf("%d %s", r.status, r.location())
	}
	return b
}

func TestKeyFromEnrolmentToRemoval(t *testing.T) {
	p := peopled(t)
	ann, old := p.as("ann"), p.as("ann")
	if r := ann.get("/settings/two-factor"); !r.has(`a:contains(Turn it on)`) {
		t.Error(r.text("main"))
	}
	k, codes := ann.withKey()
	if !ann.signedIn() || old.signedIn() {
		t.Error("turning it on signs out other browsers, and not this one")
	}
	if r := ann.get("/settings/two-factor"); !r.has("strong:contains(Blue)") || !strings.Contains(r.text("main"), "10 of 10 left") {
		t.Error(r.text("main"))
	}

	b := p.halfIn("ann")
	for _, page := range []string{"/settings/profile", "/settings/two-factor", "/operator"} {
		if r := b.get(page); r.status == 200 {
			t.Errorf("%s is open to a password alone", page)
		}
	}
	if r := b.post("/login/factor", form("answer", "{}")); r.status != 422 || b.signedIn() {
		t.Error("a wrong answer:", r.status)
	}
	answer := b.use(k, "/login/factor/begin")
	if r := b.post("/login/factor", form("answer", answer)); r.location() != "/settings/profile" || !b.signedIn() {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := b.post("/login/factor", form("answer", answer)); r.location() == "/settings/profile" {
		t.Error("the same answer counts again")
	}

	c := p.halfIn("ann")
	if r := c.post("/login/recovery-code", form("code", strings.ToLower(codes[0]))); r.location() != "/settings/two-factor" || !c.signedIn() {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := p.halfIn("ann").post("/login/recovery-code", form("code", codes[0])); r.status != 422 {
		t.Error("a recovery code counts twice:", r.status)
	}

	p.Advance(20 * time.Minute)
	if r := b.get("/settings/two-factor/off"); r.location() != "/sudo" {
		t.Fatalf("%d %s", r.status, r.location())
	}
	if r := b.post("/sudo", form("password", apptest.Password)); r.status != 422 {
		t.Error("the password alone confirms:", r.status)
	}
	if r := b.post("/sudo", form("answer", b.use(k, "/sudo/begin"))); r.location() != "/settings/two-factor/off" {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := b.post("/settings/two-factor/off", nil); r.status != 403 || !strings.Contains(r.text("main"), "recovery code") {
		t.Errorf("after a recovery code it can be turned off: %d %s", r.status, r.text("main"))
	}
}

func TestPasskeyNeedsNoName(t *testing.T) {
	p := peopled(t)
	k, _ := p.as("ann").withKey()
	b := p.visit()
	if r := b.get("/login"); !r.has("form[data-offer=/login/passkey/begin]") || !r.has("[autocomplete=username webauthn]") {
		t.Error("the page offers no passkey")
	}
	if r := b.post("/login/passkey", form("answer", b.use(k, "/login/passkey/begin"), "next", "/settings/packages")); r.location() != "/settings/packages" || !b.signedIn() {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	other := p.visit()
	if r := p.visit().post("/login/passkey", form("answer", other.use(k, "/login/passkey/begin"))); r.status != 422 {
		t.Error("an answer for another browser counts:", r.status)
	}
}

func TestMailedCodeIsAskedForAfterThePassword(t *testing.T) {
	p := peopled(t)
	p.Config.SignInCodes = "always"
	b := p.visit()
	if r := b.post("/login", form("login", "ann", "password", apptest.Password, "next", "/settings/packages")); r.location() != "/login/code" {
		t.Fatalf("%d %s", r.status, r.location())
	}
	if r := b.get("/login/factor"); r.location() != "/login/code" {
		t.Errorf("the page for second factors: %d %s", r.status, r.location())
	}
	if r := b.get("/login/code"); r.status != 200 || !strings.Contains(r.text("main"), "a•••@example") || !r.has("[autocomplete=one-time-code]") {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	if r := b.post("/login/code", form("code", "00000000")); r.status != 422 || !r.has("#code-problem") || b.signedIn() {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	code := regexp.MustCompile(`(?m)^ +([0-9]{8})$`).FindStringSubmatch(p.Mails("ann@example.com")[1].Body) // the newest is about the wrong one
	if code == nil {
		t.Fatal("no code was mailed")
	}
	if r := b.post("/login/code", form("code", code[1])); r.location() != "/settings/packages" || !b.signedIn() {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
}

func TestAppFromEnrolmentToSignIn(t *testing.T) {
	p := peopled(t)
	ann := p.as("ann")
	if r := ann.post("/settings/two-factor/app", form("act", "begin")); r.location() != "/settings/two-factor/app" {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	page := ann.get("/settings/two-factor/app")
	draft := regexp.MustCompile(`name="draft" value="([^"]+)"`).FindStringSubmatch(page.body)[1]
	secret := strings.ReplaceAll(page.text(".copy code"), " ", "")
	if !page.has("svg[role=img]") || page.header.Get("Cache-Control") != "no-store" {
		t.Error("no picture to scan, or it is kept")
	}
	code := func() string {
		c, err := totp.GenerateCode(secret, p.Now())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	wrong := form("act", "confirm", "draft", draft, "code", "000000")
	if r := ann.post("/settings/two-factor/app", wrong); r.status != 422 || !r.has("#code-problem") {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	if r := ann.post("/settings/two-factor/app", form("act", "confirm", "draft", draft, "code", code())); r.location() != "/settings/two-factor/codes" {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := ann.post("/settings/two-factor/codes", form("act", "save", "code", "")); r.status != 422 {
		t.Error("nothing was saved, and it is on:", r.status)
	}
	ann.saveCodes()
	if r := ann.get("/settings/two-factor/app"); r.status != 409 {
		t.Error("the secret is shown again:", r.status)
	}
	p.Advance(time.Minute)
	b := p.halfIn("ann")
	used := code()
	if r := b.post("/login/factor", form("code", used)); !b.signedIn() {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := p.halfIn("ann").post("/login/factor", form("code", used)); r.status != 422 {
		t.Error("a code counts twice:", r.status)
	}
	late := p.halfIn("ann")
	p.Advance(5*time.Minute + time.Second)
	if r := late.post("/login/factor", form("code", code())); r.location() != "/login" {
		t.Errorf("after five minutes: %d %s", r.status, r.location())
	}
	p.Advance(10 * time.Minute)
	if r := b.post("/settings/two-factor/mode", url.Values{"mode": {"auth-only"}}); r.location() != "/sudo" {
		t.Errorf("%d %s", r.status, r.location())
	}
}

func TestLostEverything(t *testing.T) {
	p := peopled(t)
	p.as("ann").withKey()
	b := p.halfIn("ann")
	if r := b.get("/login/factor"); !r.has("a[href=/login/lost]") {
		t.Error("the way is not shown")
	}
	if r := b.get("/login/lost"); r.status != 200 || !strings.Contains(r.text("main"), "a•••@example.com") {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	if r := b.post("/login/lost", form("reason", "")); r.status != 422 || !r.has("#reason-problem") {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	if r := b.post("/login/lost", form("reason", "<b>My phone</b> is gone")); r.location() != "/login" {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	link := regexp.MustCompile(`/recovery/[A-Z2-7]{26}`).FindString(p.Mails("ann@example.com")[0].Body)
	mail := p.visit()
	if r := mail.get(link); r.status != 200 || !r.has("button[value=mine]") {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := mail.post(link, form("answer", "mine")); r.location() != link {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := mail.get(link); r.has("button[value=mine]") || !r.has("button[value=not-mine]") {
		t.Error(r.text("main"))
	}
	olga := p.as("olga")
	if r := olga.get("/operator/recoveries"); !strings.Contains(r.text("main"), "<b>My phone</b> is gone") || r.has("button[value=approve]") {
		t.Error(r.text("main"))
	}
	p.Advance(72 * time.Hour)
	olga = p.as("olga")
	p.Advance(20 * time.Minute)
	if r := olga.post("/operator/recoveries", form("name", "ann", "act", "approve")); r.location() != "/sudo" {
		t.Errorf("without a fresh proof: %d %s", r.status, r.location())
	}
	olga.post("/sudo", form("password", apptest.Password))
	if r := olga.post("/operator/recoveries", form("name", "ann", "act", "approve")); r.location() != "/operator/recoveries" {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	ann := p.as("ann")
	if r := ann.get("/settings/two-factor"); !strings.Contains(r.text("main"), "It is off") || !r.has(".note.warn:contains(read-only for another 3 days, because its second factor was taken off)") {
		t.Error(r.text("main"))
	}
	if r := mail.post(link, form("answer", "not-mine")); r.status != 404 {
		t.Errorf("the link still works: %d", r.status)
	}
}
