package handlers

import (
	"net/http"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/npmpack"
)

func TestTeamFromItsMakingToItsEnd(t *testing.T) {
	p := newPortal(t)
	ann := acmeOf(t, p)
	if r := ann.post("/org/acme/teams", form("name", "A b")); r.status != http.StatusUnprocessableEntity || !r.has("#name-problem") {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	if r := ann.post("/org/acme/teams", form("name", "web", "description", "The shop", "new_packages", "read")); r.location() != "/org/acme/teams/web" {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	if r := ann.get("/org/acme/teams"); !r.has("li:contains(The shop):contains(reads new packages) a[href=/org/acme/teams/web]") {
		t.Errorf("%s", r.text("main"))
	}
	bob, err := p.Accounts.Lookup(t.Context(), access.Console(), "bob")
	if err != nil {
		t.Fatal(err)
	}
	p.Publish(bob, npmpack.Package{Name: "@acme/widget", Version: "1.0.0"})
	ann.post("/org/acme/teams/web", form("do", "add", "person", "bob"))
	ann.post("/org/acme/teams/web", form("do", "grant", "package", "@acme/widget", "permission", "write"))
	r := ann.get("/org/acme/teams/web")
	if !r.has("main a[href=/~bob]") || !r.has("li:contains(read and publish) a[href=/package/@acme/widget]") || r.has("li:contains(fall to the owners)") {
		t.Errorf("%s", r.text("main"))
	}
	ann.post("/org/acme/teams/developers", form("do", "ungrant", "package", "@acme/widget"))
	if r = ann.get("/org/acme/teams/web"); !r.has(".says li:contains(@acme/widget)") {
		t.Errorf("%s", r.text("main"))
	}
	cyd := p.as("cyd")
	if r = cyd.get("/org/acme/teams/web"); r.has("button:contains(Take out)") || r.has("button:contains(Remove web)") {
		t.Errorf("a member sees %s", r.text("main"))
	}
	if r = cyd.post("/org/acme/teams/web", form("do", "destroy")); r.status != http.StatusForbidden {
		t.Errorf("a member removes it: %d", r.status)
	}
	ann.post("/org/acme/teams/web", form("do", "defaults", "new_packages", "write"))
	ann.post("/org/acme/teams/web", form("do", "remove", "person", "bob"))
	if r = ann.get("/org/acme/teams/web"); r.has("main a[href=/~bob]") || !r.has("input[value=write]") {
		t.Errorf("%s", r.text("main"))
	}
	if r = ann.post("/org/acme/teams/web", form("do", "destroy")); r.location() != "/org/acme/teams" {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	if r = ann.get("/org/acme/audit-log?action=team.removed"); !r.has("li:contains(to owners: @acme/widget)") {
		t.Errorf("%s", r.text("main"))
	}
	if r = ann.get("/org/acme/teams/web"); r.status != http.StatusNotFound {
		t.Errorf("%d", r.status)
	}
}
