package handlers

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/org"
)

// acmeOf is acme, whose owner ann has a key, with the members bob and cyd who have none.
func acmeOf(t *testing.T, p *portal) (ann *browser) {
	t.Helper()
	for _, name := range []string{"ann", "bob", "cyd", "dan"} {
		p.Person(name)
	}
	ann = p.as("ann")
	ann.withKey()
	ann.post("/org/new", form("name", "acme"))
	for _, name := range []string{"bob", "cyd"} {
		if err := p.Orgs.Invite(t.Context(), actorOf(p, "ann"), "acme", org.Invite{To: name, Role: org.Member}); err != nil {
			t.Fatal(err)
		}
		if r := p.as(name).post(path(t, p.Link(name+"@example.com")), form("answer", "accept")); r.location() != "/org/acme/members" {
			t.Fatalf("%d %s", r.status, r.text("main"))
		}
	}
	return ann
}

func TestMembersAreFilteredExportedAndReminded(t *testing.T) {
	p := newPortal(t)
	ann := acmeOf(t, p)
	r := ann.get("/org/acme/members")
	for _, sel := range []string{"meter[value=1]", ".seg a:contains(2FA off 2)", "tr:contains(Security key) a[href=/~ann]", "a:contains(Enable 2FA Enforcement)"} {
		if !r.has(sel) {
			t.Errorf("no %s in %s", sel, r.text("main"))
		}
	}
	if r = ann.get("/org/acme/members?factor=off"); r.has("main a[href=/~ann]") || !r.has("main a[href=/~bob]") || !r.has(".seg a[aria-current=true]:contains(2FA off)") {
		t.Errorf("%s", r.text("main"))
	}
	csv := ann.get("/org/acme/members/export?factor=off")
	if lines := strings.Split(strings.TrimSpace(csv.body), "\n"); len(lines) != 3 || !strings.HasPrefix(lines[1], "bob,,member,developers,") || !strings.Contains(lines[1], ",off,off,off,") {
		t.Errorf("%d %s", csv.status, csv.body)
	}
	if r = ann.post("/org/acme/reminders", form("person", "bob")); r.location() != "/org/acme/members?factor=off" {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	if r = ann.post("/org/acme/reminders", form("person", "bob")); r.status != http.StatusTooManyRequests {
		t.Errorf("again: %d", r.status)
	}
	if r = ann.post("/org/acme/reminders", form()); r.status != http.StatusSeeOther {
		t.Errorf("all: %d", r.status)
	}
	if m := p.Mails("cyd@example.com"); len(m) == 0 || !strings.Contains(m[0].Subject, "Set up two-factor") {
		t.Errorf("%+v", m)
	}
	bob := p.as("bob")
	if r = bob.get("/org/acme/members"); r.has("meter") || r.has(".seg") || r.has("td:contains(Off)") {
		t.Errorf("a member sees %s", r.text("main"))
	}
	if r = bob.get("/org/acme/members/export"); r.status != http.StatusForbidden {
		t.Errorf("a member exports: %d", r.status)
	}
}

func TestEnforcementFromChoiceToRestoring(t *testing.T) {
	p := newPortal(t)
	ann := acmeOf(t, p)
	const home, choice = "/org/acme/security", "/org/acme/security/preview?when=now&factors=any&people_only=yes"
	if r := ann.get(home); !r.has("button:contains(See what would happen)") {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := ann.get("/org/acme/security/preview?when=date&factors=any"); r.status != http.StatusUnprocessableEntity || !r.has("#date-problem") {
		t.Errorf("no day: %d %s", r.status, r.text("main"))
	}
	r := ann.get(choice)
	if !r.has("button:contains(Remove 2 and enforce)") || !r.has("li:contains(no packages) a[href=/~bob]") || !r.has("input[name=expect][value=2]") {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	confirm := form("factors", "any", "people_only", "yes", "expect", "2", "confirm", "acmee")
	if r = ann.post(home, confirm); r.status != http.StatusUnprocessableEntity || !r.has("#confirm-problem") || !r.has("li a[href=/~bob]") {
		t.Errorf("the wrong name: %d %s", r.status, r.text("main"))
	}
	confirm.Set("confirm", "acme")
	p.Advance(access.SudoFor)
	if r = ann.post(home, confirm); r.location() != "/sudo" {
		t.Errorf("not confirmed: %d %s", r.status, r.location())
	}
	p.Advance(-access.SudoFor)
	if r = ann.post(home, confirm); r.location() != home {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r = ann.get("/org/acme/members"); r.has("main a[href=/~bob]") || !r.has(".tag:contains(Required)") {
		t.Errorf("%s", r.text("main"))
	}
	bob := p.as("bob")
	if r = bob.get("/org/acme/members"); r.status != http.StatusNotFound {
		t.Errorf("bob: %d", r.status)
	}
	if r = ann.get("/settings/two-factor/off"); r.has("button:contains(Turn it off)") || !strings.Contains(r.text("main"), "acme requires") {
		t.Errorf("%s", r.text("main"))
	}
	if r = ann.post("/settings/two-factor/off", form()); r.status != http.StatusConflict {
		t.Errorf("ann turns it off: %d", r.status)
	}
	if r = ann.get(home); !r.has("li:contains(Still without) a[href=/~bob]") {
		t.Errorf("%s", r.text("main"))
	}
	bob.withKey()
	if r = ann.get(home); !r.has("li:contains(bob) button:contains(Bring back)") {
		t.Errorf("%s", r.text("main"))
	}
	if r = ann.post(home+"/restore", form("person", "bob")); r.location() != home {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	if r = bob.get("/org/acme/members"); r.status != http.StatusOK {
		t.Errorf("bob: %d", r.status)
	}
	if r = ann.post(home, form("do", "off")); r.location() != home || ann.get(home).has("button:contains(Stop requiring)") {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
}

func TestEnforcementFromADayAndJoiningIt(t *testing.T) {
	p := newPortal(t)
	ann := acmeOf(t, p)
	from := p.Now().Add(10 * 24 * time.Hour).UTC().Format(time.DateOnly)
	if r := ann.get("/org/acme/security/preview?when=date&factors=any&date=" + from); !r.has("button:contains(Enforce from)") {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := ann.post("/org/acme/security", form("when", "date", "date", from, "factors", "any", "expect", "2", "confirm", "acme")); r.location() != "/org/acme/security" {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	bob := p.as("bob")
	if r := bob.get("/org/acme/members"); !r.has(".note:contains(requires two-factor)") {
		t.Errorf("no banner: %s", r.text("main"))
	}
	p.Advance(10 * 24 * time.Hour)
	bob = p.as("bob")
	if r := bob.get("/org/acme/members"); r.status != http.StatusNotFound {
		t.Errorf("bob on the day: %d", r.status)
	}
	if r := bob.get("/settings/organizations"); !r.has("li:contains(No access) a[href=/settings/two-factor]") {
		t.Errorf("%s", r.text("main"))
	}
	if err := p.Orgs.Invite(t.Context(), actorOf(p, "ann"), "acme", org.Invite{To: "dan", Role: org.Member}); err != nil {
		t.Fatal(err)
	}
	dan, link := p.as("dan"), path(t, p.Link("dan@example.com"))
	if r := dan.get(link); r.has("button[value=accept]") || !r.has("button[value=enrol]") {
		t.Errorf("%s", r.text("main"))
	}
	if r := dan.post(link, form("answer", "accept")); r.status != http.StatusConflict {
		t.Errorf("dan joins without: %d", r.status)
	}
	if r := dan.post(link, form("answer", "enrol")); r.location() != "/settings/two-factor" {
		t.Errorf("%d %s", r.status, r.location())
	}
	k := p.newKey()
	dan.post("/settings/two-factor/keys", form("name", "Blue", "answer", dan.create(k)))
	dan.post("/settings/two-factor/codes", form("act", "download"))
	if r := dan.post("/settings/two-factor/codes", form("act", "save")); r.location() != link {
		t.Fatalf("not back to the invitation: %d %s", r.status, r.location())
	}
	if r := dan.post(link, form("answer", "accept")); r.location() != "/org/acme/members" {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
}

func TestOrganizationIsDeletedAfterItsNameWasTyped(t *testing.T) {
	p := newPortal(t)
	ann := acmeOf(t, p)
	if r := ann.get("/org/acme/delete"); r.status != http.StatusOK || !strings.Contains(r.text("main"), "1 team goes with it") {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := ann.post("/org/acme/delete", form("confirm", "acmee")); r.status != http.StatusUnprocessableEntity || !r.has("#confirm-problem") {
		t.Errorf("the wrong name: %d %s", r.status, r.text("main"))
	}
	if r := ann.post("/org/acme/delete", form("confirm", "acme")); r.location() != "/settings/organizations" {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := ann.get("/org/acme/members"); r.status != http.StatusNotFound {
		t.Errorf("it is still there: %d", r.status)
	}
}
