package handlers

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/app/apptest"
	"latchkey/internal/config"
)

const newPassword = "four other words entirely"

func TestSigningUpVerifyingAndPublishingRights(t *testing.T) {
	p := newPortal(t)
	b := p.visit()
	r := b.post("/signup", form("name", "ann", "full_name", "Ann", "email", "ann@example.com", "password", apptest.Password, "operator", "true", "verified", "true"))
	if r.status != http.StatusSeeOther || r.location() != "/help/npm" {
		t.Fatalf("%d %q %s", r.status, r.location(), r.text("main"))
	}
	if r := b.get("/help/npm"); !r.has("#flash:contains(Welcome, ann.)") || r.has("a[href=/operator]") {
		t.Errorf("%s", r.text("body"))
	}
	if r := b.get("/settings/packages"); !r.has(".note:contains(not verified yet)") {
		t.Error("the page does not say what is missing")
	}
	if r := b.get("/settings/emails"); !r.has(".tag.warn:contains(Not verified)") {
		t.Errorf("%s", r.text("main"))
	}

	link := path(t, p.Link("ann@example.com"))
	if r := b.get(link); !r.has("form button:contains(Verify this address)") || !r.has("strong:contains(ann@example.com)") {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := b.get("/settings/emails"); !r.has(".tag.warn") {
		t.Error("opening the link verified the address")
	}
	if r := b.post(link, form()); r.location() != "/settings/emails" {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	if r := b.get("/settings/emails"); !r.has(".tag.ok:contains(Verified)") || !r.has("#flash .note.ok") {
		t.Errorf("%s", r.text("main"))
	}
	if r := b.post(link, form()); r.status != http.StatusNotFound || !r.has("main:contains(This link does not work any more)") {
		t.Errorf("second use: %d %s", r.status, r.text("main"))
	}
}

func TestVerifyLinkAsksAStrangerToSignInAndRefusesAnother(t *testing.T) {
	p := newPortal(t)
	p.Person("eve")
	b := p.visit()
	b.post("/signup", form("name", "ann", "email", "ann@example.com", "password", apptest.Password))
	link := path(t, p.Link("ann@example.com"))
	if r := p.visit().get(link); r.status != http.StatusSeeOther || !strings.HasPrefix(r.location(), "/login?next=%2Fverify%2F") {
		t.Errorf("a stranger: %d %q", r.status, r.location())
	}
	if r := p.as("eve").get(link); r.status != http.StatusForbidden {
		t.Errorf("another: %d", r.status)
	}
}

func TestFormsSayWhatIsWrongAndKeepWhatWasTyped(t *testing.T) {
	p := newPortal(t)
	p.Person("bob")
	b := p.visit()
	r := b.post("/signup", form("name", "Not A Name", "full_name", "Ann \"<b>\"", "email", "nowhere", "password", "short"))
	if r.status != http.StatusUnprocessableEntity {
		t.Fatalf("%d", r.status)
	}
	for _, sel := range []string{
		"#name[value=Not A Name][aria-invalid=true]", "#full_name[value=Ann \"<b>\"]", "#email[value=nowhere][aria-describedby=email-problem email-hint]",
		"#password[aria-invalid=true]", "#name-problem", "#email-problem", "#password-problem", "[role=alert][data-focus]:contains(A few things)",
	} {
		if !r.has(sel) {
			t.Errorf("nothing matches %s in %s", sel, r.text("main"))
		}
	}
	if strings.Contains(r.body, "short") || r.has("#password[value]") {
		t.Error("the password is sent back")
	}
	if r := b.post("/signup", form("name", "bob", "email", "b@example.com", "password", apptest.Password)); !r.has("#name-problem:contains(taken)") {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
}

func TestWrongNameAndWrongPasswordLookAlike(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	answers := map[string]bool{}
	for _, login := range []string{"ann", "nobody"} {
		r := p.visit().post("/login", form("login", login, "password", "wrong"))
		if r.status != http.StatusUnprocessableEntity || !r.has("[role=alert]") {
			t.Errorf("%s: %d %s", login, r.status, r.text("main"))
		}
		answers[strings.ReplaceAll(r.body, `value="`+login+`"`, "")] = true
	}
	if len(answers) != 1 {
		t.Error("the answers differ")
	}
}

func TestTooManyTriesSayWhenToComeBack(t *testing.T) {
	p := newPortal(t, func(c *config.Config) { c.Limits.SignInRate = config.Rate{N: 2, Per: 10 * time.Minute} })
	p.Person("ann")
	b := p.visit()
	for range 2 {
		b.post("/login", form("login", "ann", "password", "wrong"))
	}
	r := b.post("/login", form("login", "ann", "password", apptest.Password))
	if r.status != http.StatusTooManyRequests || r.header.Get("Retry-After") == "" || !r.has("main:contains(You can try again in 5 minutes.)") {
		t.Errorf("%d %q %s", r.status, r.header.Get("Retry-After"), r.text("main"))
	}
}

func TestForgottenPassword(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	elsewhere := p.as("ann")
	known, unknown := p.visit().post("/password/forgot", form("login", "ann")), p.visit().post("/password/forgot", form("login", "nobody@example.com"))
	if known.status != http.StatusOK || known.body != unknown.body || !known.has("h1:contains(Look at your mail)") {
		t.Errorf("%d, alike: %v", known.status, known.body == unknown.body)
	}
	link := path(t, p.Link("ann@example.com"))
	b := p.visit()
	if r := b.get(link); !r.has("p:contains(For the account ann)") {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := b.post(link, form("password", "short")); r.status != http.StatusUnprocessableEntity || !r.has("#password-problem") {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	if r := b.post(link, form("password", newPassword)); r.location() != "/login" {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := b.get("/login"); !r.has("#flash:contains(Your password is changed.)") {
		t.Error("the page does not say so")
	}
	if elsewhere.signedIn() {
		t.Error("the other browser is still signed in")
	}
	if r := b.post("/login", form("login", "ann@example.com", "password", newPassword)); r.status != http.StatusSeeOther || !b.signedIn() {
		t.Errorf("the new password does not work: %d", r.status)
	}
	if r := b.get(link); r.status != http.StatusNotFound {
		t.Errorf("the link still works: %d", r.status)
	}
}

func TestInvitation(t *testing.T) {
	p := newPortal(t, func(c *config.Config) { c.SignUp = config.SignUpByInvite })
	p.Operator("olga")
	if r := p.visit().get("/signup"); !r.has("h1:contains(Accounts are by invitation)") || r.has("main form") {
		t.Errorf("%s", r.text("main"))
	}
	if r := p.visit().post("/signup", form("name", "eve", "email", "eve@example.com", "password", apptest.Password)); r.status != http.StatusForbidden {
		t.Errorf("without an invitation: %d", r.status)
	}
	p.as("olga").post("/operator/people", form("email", "ann@example.com"))
	link, b := path(t, p.Link("ann@example.com")), p.visit()
	if r := b.get(link); !r.has("#email[readonly][value=ann@example.com]") {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := b.post(link, form("name", "ann", "email", "eve@example.com", "password", apptest.Password)); r.status != http.StatusSeeOther {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := b.get("/settings/emails"); !r.has("li:contains(ann@example.com) .tag.ok") {
		t.Errorf("%s", r.text("main"))
	}
	if r := p.visit().get(link); r.status != http.StatusNotFound {
		t.Errorf("the link still works: %d", r.status)
	}
}

func TestClosedRegistrySaysSo(t *testing.T) {
	p := newPortal(t, func(c *config.Config) { c.SignUp = config.SignUpClosed })
	if r := p.visit().get("/signup"); !r.has("h1:contains(No new accounts)") || r.has("nav a[href=/signup]") {
		t.Errorf("%s", r.text("body"))
	}
	if r := p.visit().post("/signup", form("name", "eve", "email", "eve@example.com", "password", apptest.Password)); r.status != http.StatusForbidden {
		t.Errorf("%d", r.status)
	}
}

func TestFirstAccountRunsTheRegistry(t *testing.T) {
	p := newPortal(t)
	link, err := p.Accounts.SetupLink(t.Context(), access.Console())
	if err != nil {
		t.Fatal(err)
	}
	b := p.visit()
	if r := b.get(path(t, link)); !r.has("h1:contains(Make the first account)") {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := b.post(path(t, link), form("name", "olga", "email", "olga@example.com", "password", apptest.Password)); r.location() != "/operator" {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := b.get("/operator"); r.status != http.StatusOK || !r.has("#flash:contains(You run this registry now.)") {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	if r := p.visit().get(path(t, link)); r.status != http.StatusNotFound {
		t.Errorf("the link still works: %d", r.status)
	}
}

func TestPartsOfAPageAreAnsweredAlone(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	b := p.as("ann")
	b.script = "profile"
	r := b.post("/settings/profile", form("full_name", "Ann", "homepage", ""))
	if r.status != http.StatusOK || strings.Contains(r.body, "<html") || !r.has("form[id=profile] #full_name[value=Ann]") || !r.has("#flash[hx-swap-oob=true]:contains(Your profile is saved.)") {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := b.post("/settings/profile", form("homepage", "nowhere")); r.status != http.StatusUnprocessableEntity || strings.Contains(r.body, "<html") || !r.has("#homepage-problem") {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.script = "nothing-like-it"
	if r := b.get("/settings/profile"); !strings.Contains(r.body, "<html") || r.header.Get("HX-Retarget") != "body" {
		t.Errorf("%v", r.header)
	}
	b.script = "profile"
	b.cookies = map[string]*http.Cookie{}
	if r := b.post("/settings/profile", form()); r.status != http.StatusUnauthorized || r.header.Get("HX-Redirect") != "/login?next=%2Fsettings%2Fprofile" {
		t.Errorf("signed out: %d %v", r.status, r.header)
	}
}
