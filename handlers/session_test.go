package handlers

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/account"
	"latchkey/internal/app/apptest"
	"latchkey/internal/config"
)

// cookieOf is the cookie of the browser's session.
func cookieOf(b *browser) *http.Cookie {
	for name, c := range b.cookies {
		if strings.HasSuffix(name, "session") {
			return c
		}
	}
	return nil
}

func TestCookieOverHTTPS(t *testing.T) {
	p := newPortal(t, https)
	p.Person("ann")
	c := cookieOf(p.as("ann"))
	if c.Name != "__Host-session" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || len(c.Value) < 40 {
		t.Errorf("%+v", c)
	}
}

func TestCookieOverPlainHTTP(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	c := cookieOf(p.as("ann"))
	if c.Name != "latchkey_session" || c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("%+v", c)
	}
}

func TestCookieValueIsNotInTheDatabase(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	value := cookieOf(p.as("ann")).Value
	if _, found, err := p.BrowserState.FindCtx(t.Context(), value); found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestStrangersGetNoCookie(t *testing.T) {
	p := newPortal(t)
	b := p.visit()
	for _, url := range []string{"/", "/login", "/signup", "/help/npm", "/nothing", "/settings/profile", "/operator"} {
		if r := b.get(url); r.header.Get("Set-Cookie") != "" {
			t.Errorf("%s sets %s", url, r.header.Get("Set-Cookie"))
		}
	}
}

func TestSignInGivesANewCookie(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	p.Person("eve")
	for name, planted := range map[string]string{"made up": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "somebody's": cookieOf(p.as("eve")).Value} {
		b := p.visit()
		b.cookies["latchkey_session"] = &http.Cookie{Name: "latchkey_session", Value: planted}
		b.post("/login", form("login", "ann", "password", apptest.Password))
		if got := cookieOf(b).Value; got == planted {
			t.Errorf("%s: the planted cookie is ann's now", name)
		}
		if old := p.visit(); true {
			old.cookies["latchkey_session"] = &http.Cookie{Name: "latchkey_session", Value: planted}
			if r := old.get("/settings/profile"); strings.Contains(r.body, "ann") {
				t.Errorf("%s: the planted cookie leads to ann", name)
			}
		}
	}
}

func TestConfirmingAndChangingThePasswordGiveANewCookie(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	b := p.as("ann")
	for _, step := range []struct{ url, password string }{{"/sudo", apptest.Password}, {"/settings/password", "four other words entirely"}} {
		old := *cookieOf(b)
		if r := b.post(step.url, form("password", step.password)); r.status != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", step.url, r.status, r.text("main"))
		}
		if cookieOf(b).Value == old.Value || !b.signedIn() {
			t.Errorf("%s: the cookie is the same, or ann is signed out", step.url)
		}
		thief := p.visit()
		thief.cookies[old.Name] = &old
		if thief.signedIn() {
			t.Errorf("%s: the cookie from before still works", step.url)
		}
	}
}

func TestBrowserIsKnownAgainAfterItSignsOut(t *testing.T) {
	for name, row := range map[string]struct {
		cookie  string
		options []func(*config.Config)
	}{"http": {"latchkey_device", nil}, "https": {"__Host-device", []func(*config.Config){https}}} {
		p := newPortal(t, append(row.options, func(c *config.Config) { c.Limits.SignInRate.N = 1 })...)
		p.Person("ann")
		b := p.as("ann")
		c := b.cookies[row.cookie]
		if c == nil || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != (name == "https") || c.MaxAge < 1e7 {
			t.Fatalf("%s: %+v", name, c)
		}
		b.post("/logout", form())
		p.visit().post("/login", form("login", "ann", "password", "wrong")) // from the same network
		if r := p.visit().post("/login", form("login", "ann", "password", apptest.Password)); r.status != http.StatusTooManyRequests {
			t.Errorf("%s: an unknown browser: %d", name, r.status)
		}
		if r := b.post("/login", form("login", "ann", "password", apptest.Password)); r.status != http.StatusSeeOther || b.cookies[row.cookie].Value != c.Value {
			t.Errorf("%s: the known browser: %d", name, r.status)
		}
		b.cookies[row.cookie] = &http.Cookie{Name: row.cookie, Value: "not ours"}
		if r := b.get("/settings/profile"); r.status != http.StatusOK {
			t.Errorf("%s: garbage: %d", name, r.status)
		}
	}
}

func TestSignedOutCookieIsWorthNothing(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	b := p.as("ann")
	saved := *cookieOf(b)
	r := b.post("/logout", form())
	if r.status != http.StatusSeeOther || r.location() != "/" || r.header.Get("Clear-Site-Data") != `"cache", "storage"` {
		t.Errorf("%d %q %q", r.status, r.location(), r.header.Get("Clear-Site-Data"))
	}
	if r := b.get("/"); !r.has("#flash:contains(You are signed out.)") || !r.has("nav a[href=/login]") {
		t.Errorf("the page does not say so: %s", r.text("body"))
	}
	if r := b.get("/"); r.has("#flash .note") || cookieOf(b) != nil {
		t.Errorf("the message comes twice, or its cookie stays: %v", b.cookies)
	}
	thief := p.visit()
	thief.cookies[saved.Name] = &saved
	if thief.signedIn() {
		t.Error("the saved cookie still works")
	}
}

// scs writes a session again when a request that began before the sign-out ends after it.
// The row comes back, and leads nowhere, because who somebody is is not in it.
func TestSlowRequestDoesNotBringASessionBack(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	b := p.as("ann")
	saved := *cookieOf(b)

	slow, err := p.server.sessions.Load(t.Context(), saved.Value)
	if err != nil || p.server.sessions.GetString(slow, keySession) == "" {
		t.Fatal("the slow request has no session:", err)
	}
	b.post("/logout", form())
	p.server.sessions.Put(slow, keyFlash, "late")
	if _, _, err := p.server.sessions.Commit(slow); err != nil {
		t.Fatal(err)
	}

	thief := p.visit()
	thief.cookies[saved.Name] = &saved
	if thief.signedIn() {
		t.Error("ann is signed in again")
	}
	if cookieOf(thief) != nil {
		t.Error("the cookie was not taken back")
	}
}

func TestSessionEnds(t *testing.T) {
	for name, row := range map[string]struct {
		step  time.Duration
		steps int
	}{
		"when unused for an hour":           {time.Hour, 1},
		"after twelve hours, used or not":   {5 * time.Minute, 12*12 + 1},
		"also when confirmed all the while": {5 * time.Minute, 12*12 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPortal(t)
			p.Person("ann")
			b := p.as("ann")
			for i := range row.steps {
				if i > 0 && i < row.steps-1 && !b.signedIn() {
					t.Fatalf("signed out after %v", time.Duration(i)*row.step)
				}
				if strings.Contains(name, "confirmed") && i < row.steps-1 {
					b.post("/sudo", form("password", apptest.Password))
				}
				p.Advance(row.step)
			}
			if b.signedIn() {
				t.Error("still signed in")
			}
		})
	}
}

func TestPasswordChangeEndsOtherBrowsers(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	here, there := p.as("ann"), p.as("ann")
	here.post("/settings/password", form("password", "four other words entirely"))
	if !here.signedIn() || there.signedIn() {
		t.Errorf("here %v, there %v", here.signedIn(), there.signedIn())
	}
}

func TestDamagedStateSignsOut(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	b := p.as("ann")
	ctx, err := p.server.sessions.Load(t.Context(), cookieOf(b).Value)
	if err != nil {
		t.Fatal(err)
	}
	p.server.sessions.Codec = broken{}
	if _, _, err := p.server.sessions.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	p.server.sessions.Codec = codec{}
	if r := b.get("/"); r.status != http.StatusOK || !r.has("nav a[href=/login]") || cookieOf(b) != nil {
		t.Errorf("%d, cookies %v: %s", r.status, b.cookies, r.text("nav"))
	}
}

type broken struct{ codec }

func (broken) Encode(time.Time, map[string]any) ([]byte, error) {
	return []byte("\x00\xffnot json"), nil
}

func TestGarbageCookiesAreStrangers(t *testing.T) {
	p := newPortal(t)
	for _, value := range []string{strings.Repeat("a", 8192), "\x01\x02", "%00", `"quoted"`, "'; DROP TABLE users; --"} {
		b := p.visit()
		b.headers["Cookie"] = "latchkey_session=" + value
		if r := b.get("/settings/profile"); r.status != http.StatusSeeOther {
			t.Errorf("%.20q: %d", value, r.status)
		}
	}
}

func TestSessionInTheAddressIsIgnored(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	value := cookieOf(p.as("ann")).Value
	b := p.visit()
	if r := b.get("/settings/profile?latchkey_session=" + value + "&session=" + value); r.status != http.StatusSeeOther {
		t.Errorf("%d", r.status)
	}
}

func TestConfirmingIsAskedForAndLeadsBack(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	b := p.as("ann")
	p.Advance(16 * time.Minute)

	r := b.get("/settings/password")
	if r.status != http.StatusSeeOther || r.location() != "/sudo" {
		t.Fatalf("%d %s", r.status, r.location())
	}
	if r := b.get("/sudo"); !r.has("a[href=/settings/password]") {
		t.Errorf("no way back: %s", r.text("main"))
	}
	if r := b.post("/sudo", form("password", "wrong")); r.status != http.StatusUnprocessableEntity || !r.has("#password[aria-invalid=true]") {
		t.Errorf("wrong password: %d %s", r.status, r.text("main"))
	}
	if r := b.post("/sudo", form("password", apptest.Password)); r.location() != "/settings/password" {
		t.Errorf("leads to %q", r.location())
	}
	if r := b.get("/settings/password"); r.status != http.StatusOK {
		t.Errorf("still %d", r.status)
	}
}

func TestWayBackAfterAFormIsThePageThatHeldIt(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	for referer, want := range map[string]string{
		p.server.origin + "/settings/password?x=1": "/settings/password?x=1",
		"https://evil.example/settings":            "/",
		p.server.origin + ".evil.example/":         "/",
		p.server.origin + "//evil.example":         "/",
		"":                                         "/",
	} {
		b := p.as("ann")
		p.Advance(16 * time.Minute)
		b.headers["Referer"] = referer
		b.post("/settings/password", form("password", "four other words entirely"))
		if r := b.post("/sudo", form("password", apptest.Password)); r.location() != want {
			t.Errorf("from %q back to %q, want %q", referer, r.location(), want)
		}
	}
}

func TestSignInIsAskedForAndLeadsBack(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	b := p.visit()
	r := b.get("/settings/profile?x=1")
	if r.location() != "/login?next=%2Fsettings%2Fprofile%3Fx%3D1" {
		t.Fatalf("leads to %q", r.location())
	}
	if r := b.get(r.location()); !r.has("input[name=next][value=/settings/profile?x=1]") {
		t.Error("the form does not know the way back")
	}
}

func TestStateOfStrangersIsNotASession(t *testing.T) {
	p := newPortal(t)
	b := p.visit()
	session := account.Session{ID: "made-up"}
	ctx, err := p.server.sessions.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	p.server.sessions.Put(ctx, keySession, session.ID)
	token, _, err := p.server.sessions.Commit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	b.cookies["latchkey_session"] = &http.Cookie{Name: "latchkey_session", Value: token}
	if b.signedIn() {
		t.Error("an id that no session has signs somebody in")
	}
}
