package handlers

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/app/apptest"
	"latchkey/internal/token"
)

// ask is a terminal that asks to be signed in, from an address.
func (p *portal) ask(t *testing.T, ip string) token.WebLogin {
	t.Helper()
	l, err := p.Tokens.StartWebLogin(t.Context(), access.Anonymous(netip.MustParseAddr(ip), "npm/11.19.1 node/v24.1.0 linux x64 workspaces/false"))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// answer is what the terminal is told.
func (p *portal) answer(t *testing.T, l token.WebLogin) (text string, pending bool) {
	t.Helper()
	text, pending, _ = p.Tokens.PollWebLogin(t.Context(), access.Anonymous(netip.MustParseAddr("203.0.113.7"), "npm"), l.Poll)
	return text, pending
}

func TestTerminalIsSignedInByAButton(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	l := p.ask(t, "203.0.113.7")
	b := p.visit()
	url := "/auth/login/" + l.ID
	if r := b.get(url); r.location() != "/login?next=%2Fauth%2Flogin%2F"+l.ID {
		t.Fatalf("a stranger is sent to %q", r.location())
	}
	b.post("/login", form("login", "ann", "password", apptest.Password))
	r := b.get(url)
	for _, sel := range []string{"dd:contains(" + l.ID[20:] + ")", "dd:contains(203.0.113.7)", "dd:contains(npm 11.19.1)", ".tag.ok:contains(Your network)", "p:contains(Continue only if you ran npm login yourself just now)"} {
		if !r.has(sel) {
			t.Errorf("nothing matches %s in %s", sel, r.text("main"))
		}
	}
	if r.has("#code") || strings.Contains(r.body, l.Poll) {
		t.Error("the code is asked for without need, or the terminal's secret is in the page")
	}
	if _, pending := p.answer(t, l); !pending {
		t.Error("opening the page decided")
	}
	if r := b.post(url, form("answer", "approve")); r.location() != url {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := b.get(url); !r.has("h1:contains(The terminal is signed in)") || r.has("main form") {
		t.Errorf("%s", r.text("main"))
	}
	if text, _ := p.answer(t, l); text == "" {
		t.Error("the terminal got no token")
	}
}

func TestTerminalNeedsAFreshProof(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	b := p.as("ann")
	p.Advance(16 * time.Minute)
	l := p.ask(t, "203.0.113.7")
	url := "/auth/login/" + l.ID
	if r := b.get(url); !r.has("p:contains(We ask for your password first.)") {
		t.Errorf("%s", r.text("main"))
	}
	b.headers["Referer"] = p.server.origin + url
	if r := b.post(url, form("answer", "approve")); r.location() != "/sudo" {
		t.Fatalf("%d %q", r.status, r.location())
	}
	if text, pending := p.answer(t, l); text != "" || !pending {
		t.Error("the terminal is signed in without a proof")
	}
	if r := b.post("/sudo", form("password", apptest.Password)); r.location() != url {
		t.Errorf("back to %q", r.location())
	}
	b.post(url, form("answer", "approve"))
	if text, _ := p.answer(t, l); text == "" {
		t.Error("the terminal got no token")
	}
}

func TestRequestFromElsewhereNeedsTheCode(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	b := p.as("ann")
	l := p.ask(t, "198.51.100.9")
	url := "/auth/login/" + l.ID
	if r := b.get(url); !r.has(".note.bad:contains(another network)") || !r.has("#code") {
		t.Fatalf("%s", r.text("main"))
	}
	for _, code := range []string{"", "WRONG1", l.ID} {
		if r := b.post(url, form("answer", "approve", "code", code)); r.status != http.StatusUnprocessableEntity || !r.has("#code-problem") {
			t.Errorf("code %q: %d", code, r.status)
		}
	}
	if r := b.post(url, form("answer", "approve", "code", strings.ToLower(l.ID[20:]))); r.status != http.StatusSeeOther {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
}

func TestOldRequestNeedsTheCode(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	b := p.as("ann")
	l := p.ask(t, "203.0.113.7")
	p.Advance(4 * time.Minute)
	if r := b.get("/auth/login/" + l.ID); !r.has(".note.bad:contains(waited for a while)") || !r.has("#code") {
		t.Errorf("%s", r.text("main"))
	}
	for _, typed := range []string{"", "ABCDEF"} {
		r := b.post("/auth/login/"+l.ID, form("answer", "approve", "code", typed))
		if r.status != http.StatusUnprocessableEntity || !r.has("#code") {
			t.Errorf("approved with %q: %d", typed, r.status)
		}
	}
	if r := b.post("/auth/login/"+l.ID, form("answer", "approve", "code", l.ID[20:])); r.location() != "/auth/login/"+l.ID {
		t.Errorf("not approved with the code: %d", r.status)
	}
}

func TestDeniedRequestStaysDenied(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	b := p.as("ann")
	l := p.ask(t, "198.51.100.9")
	url := "/auth/login/" + l.ID
	b.get(url)
	if r := b.post(url, form("answer", "deny")); r.location() != url {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := b.get(url); !r.has("h1:contains(Nothing was signed in)") {
		t.Errorf("%s", r.text("main"))
	}
	if r := b.post(url, form("answer", "approve", "code", l.ID[20:])); r.status != http.StatusConflict {
		t.Errorf("approved after all: %d", r.status)
	}
	if r := b.post(url, form("answer", "perhaps")); r.status != http.StatusUnprocessableEntity {
		t.Errorf("%d", r.status)
	}
}

func TestRequestBelongsToTheBrowserThatOpenedIt(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	p.Person("eve")
	l := p.ask(t, "203.0.113.7")
	url := "/auth/login/" + l.ID
	p.as("eve").get(url)
	b := p.as("ann")
	if r := b.get(url); r.status != http.StatusNotFound || !r.has("main:contains(This sign-in of a terminal is over. Run npm login again.)") {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	if r := b.post(url, form("answer", "approve")); r.status != http.StatusNotFound {
		t.Errorf("%d", r.status)
	}
}
