package handlers

import (
	"net/http"
	"strings"
	"testing"
)

func TestLogOfAnOrganizationIsReadAndDownloaded(t *testing.T) {
	p := newPortal(t)
	ann := acmeOf(t, p)
	ann.post("/org/acme/members", form("person", "bob", "role", "admin"))
	if r := ann.get("/org/acme/audit-log"); !r.has("li:contains(from: member):contains(to: admin)") || !r.has("a[aria-current=page]:contains(Audit log)") {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	if r := ann.get("/org/acme/audit-log?person=cyd&action=org"); r.has("li:contains(to: admin)") || !r.has("li:contains(cyd)") {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	if r := ann.get("/org/acme/audit-log?until=2001-01-01"); !r.has(".empty") || !r.has("input[name=until][value=2001-01-01]") {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	if r := ann.get("/org/acme/audit-log/export?action=org.role_changed"); strings.Count(r.body, "\n") != 1 || !strings.Contains(r.body, `"event":"org.role_changed"`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := ann.get("/org/acme/audit-log/export?as=csv&action=org.role_changed"); !strings.HasPrefix(r.body, "id,at,event,") || strings.Count(r.body, "\n") != 2 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := p.as("cyd").get("/org/acme/audit-log"); r.status != http.StatusForbidden {
		t.Errorf("a member: %d", r.status)
	}
}
