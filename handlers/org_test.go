package handlers

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/internal/org"
)

// An organization, from its making to somebody's leaving, as people do it in browsers.
func TestOrganizationFromItsMakingToItsLeaving(t *testing.T) {
	p := newPortal(t)
	for _, name := range []string{"ann", "bob", "eve"} {
		p.Person(name)
	}
	ann, bob, eve := p.as("ann"), p.as("bob"), p.as("eve")
	if r := ann.post("/org/new", form("name", "bob")); r.status != http.StatusUnprocessableEntity || !r.has("#name-problem:contains(taken)") {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	if r := ann.post("/org/new", form("name", "acme")); r.location() != "/org/acme/invitations" {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := ann.get("/settings/organizations"); !r.has("li:contains(Owner) a[href=/org/acme/members]") {
		t.Errorf("%s", r.text("main"))
	}
	if err := p.Orgs.CreateTeam(t.Context(), actorOf(p, "ann"), "acme", org.Team{Name: "web"}); err != nil {
		t.Fatal(err)
	}
	if r := ann.post("/org/acme/invitations", form("to", "ghost", "role", "member")); !r.has("#to-problem:contains(ghost)") {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	ann.post("/org/acme/invitations", form("to", "bob", "role", "admin", "team", "web"))
	if r := ann.get("/org/acme/invitations"); !r.has("li:contains(bob) button[value=revoke]") || !strings.Contains(r.text("main"), "into web") {
		t.Errorf("%s", r.text("main"))
	}

	link := path(t, p.Link("bob@example.com"))
	if r := p.visit().get(link); r.status != http.StatusOK || r.has("button[value=accept]") || !r.has("main a[href=/login]") {
		t.Errorf("a stranger: %d %s", r.status, r.text("main"))
	}
	if r := eve.get(link); r.has("button[value=accept]") || !strings.Contains(r.text("main"), "Only bob can answer") {
		t.Errorf("eve: %s", r.text("main"))
	}
	if r := eve.post(link, form("answer", "accept")); r.status != http.StatusForbidden {
		t.Errorf("eve joins: %d", r.status)
	}
	if r := bob.get(link); !r.has("button[value=accept]") || !strings.Contains(r.text("main"), "developers, web") {
		t.Errorf("bob: %s", r.text("main"))
	}
	if r := bob.post(link, form("answer", "accept")); r.location() != "/org/acme/members" {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := bob.get(link); r.status != http.StatusNotFound {
		t.Errorf("the link still works: %d", r.status)
	}

	if r := bob.get("/org/acme/members"); !r.has("tr:contains(Admin) a[href=/~bob]") || r.has("button[name=role]") || !r.has("button:contains(Leave)") {
		t.Errorf("%s", r.text("main"))
	}
	if r := eve.get("/org/acme/members"); r.status != http.StatusNotFound {
		t.Errorf("eve looks: %d", r.status)
	}
	if r := ann.post("/org/acme/members", form("person", "ann", "remove", "yes")); r.status != http.StatusConflict {
		t.Errorf("the last owner leaves: %d", r.status)
	}
	ann.post("/org/acme/members", form("person", "bob", "role", "owner"))
	if r := ann.get("/org/acme/members?find=bo"); !r.has("tr:contains(Owner) a[href=/~bob]") || r.has("main a[href=/~ann]") {
		t.Errorf("%s", r.text("main"))
	}
	if r := ann.post("/org/acme/members", form("person", "ann", "remove", "yes")); r.location() != "/settings/organizations" {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	if r := ann.get("/org/acme/members"); r.status != http.StatusNotFound {
		t.Errorf("whoever left looks: %d", r.status)
	}
}

func TestInvitationsAreDeclinedSentAgainAndTakenBack(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	p.Person("bob")
	ann, bob := p.as("ann"), p.as("bob")
	ann.post("/org/new", form("name", "acme"))
	id := func() string {
		t.Helper()
		all, err := p.Orgs.Invitations(t.Context(), actorOf(p, "ann"), "acme")
		if err != nil || len(all) != 1 {
			t.Fatalf("%v, %v", all, err)
		}
		return all[0].ID
	}
	ann.post("/org/acme/invitations", form("to", "bob", "role", "member"))
	first := path(t, p.Link("bob@example.com"))
	ann.post("/org/acme/invitations/"+id(), form("do", "resend"))
	if r := bob.get(first); r.status != http.StatusNotFound {
		t.Errorf("the first link still works: %d", r.status)
	}
	if r := bob.post(path(t, p.Link("bob@example.com")), form("answer", "decline")); r.location() != "/" {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	ann.post("/org/acme/invitations", form("to", "new@example.com", "role", "member"))
	if r := ann.post("/org/acme/invitations/"+id(), form("do", "revoke")); r.location() != "/org/acme/invitations" {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	if r := ann.get("/org/acme/invitations"); !strings.Contains(r.text("main"), "Nobody is invited just now.") {
		t.Errorf("%s", r.text("main"))
	}
}
