package org_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/app/apptest"
	"latchkey/internal/audit"
	"latchkey/internal/errs"
	"latchkey/internal/org"
)

func TestOwnersReadWhatHappened(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx, e := t.Context(), newEnforced(t, w)
		w.Publish(e.bob, widget("1.0.0"))
		must(t, w.Orgs.SetRole(ctx, e.ann, "acme", "bob", org.Member))
		_, err := w.Orgs.Create(ctx, e.mia, org.NewOrg{Name: "other"})
		must(t, err)
		for _, row := range []struct {
			name string
			f    audit.Filter
			want int
		}{
			{"all", audit.Filter{}, 9}, // made, a team, two invited, two joined, a package, its version, a role
			{"bob's", audit.Filter{Person: "bob"}, 4},
			{"nobody's", audit.Filter{Person: "zed"}, 0},
			{"teams", audit.Filter{Action: "team"}, 1},
			{"roles", audit.Filter{Action: "org.role_changed"}, 1},
			{"the package", audit.Filter{Package: "@acme/widget"}, 2},
			{"before", audit.Filter{Until: w.Now().Add(-time.Hour)}, 0},
			{"since", audit.Filter{From: w.Now().Add(-time.Hour)}, 9},
		} {
			n := 0
			must(t, w.Orgs.EachLogged(ctx, e.ann, "acme", row.f, func(audit.Logged) error { n++; return nil }))
			if n != row.want {
				t.Errorf("%s: %d entries, want %d", row.name, n, row.want)
			}
		}
		page, err := w.Orgs.Log(ctx, e.ann, "acme", audit.Filter{}, "", 2)
		if err != nil || len(page) != 2 || page[0].Event != audit.OrgRoleChanged || page[0].Detail["from"] != "admin" || page[0].Detail["to"] != "member" {
			t.Fatalf("%+v, %v", page, err)
		}
		rest, err := w.Orgs.Log(ctx, e.ann, "acme", audit.Filter{}, page[1].ID, 100)
		if err != nil || len(rest) != 7 {
			t.Errorf("%d entries, %v", len(rest), err)
		}
		_, err = w.Orgs.Log(ctx, e.mia, "acme", audit.Filter{}, "", 10)
		kind(t, "a member", err, errs.Forbidden)
		_, err = w.Orgs.Log(ctx, browser(w.Person("eve")), "acme", audit.Filter{}, "", 10)
		if !errors.Is(err, access.ErrHidden) {
			t.Errorf("a stranger: %v", err)
		}
	})
}

// Who likes a package, and from where somebody declines, is not for the owners of its scope to know.
func TestLogTellsNothingOfOutsiders(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx, e := t.Context(), newEnforced(t, w)
		w.Publish(e.bob, widget("1.0.0"))
		eve := w.Browser(w.Person("eve"))
		must(t, w.Packages.Star(ctx, eve, "@acme/widget", true))
		must(t, w.Orgs.Invite(ctx, e.ann, "acme", org.Invite{To: "eve", Role: org.Member}))
		link := w.Link("eve@example.com")
		must(t, w.Orgs.Decline(ctx, eve, link[strings.LastIndexByte(link, '/')+1:]))
		declined := 0
		must(t, w.Orgs.EachLogged(ctx, e.ann, "acme", audit.Filter{}, func(l audit.Logged) error {
			if l.Actor != "eve" {
				return nil
			}
			if declined++; l.Event != audit.OrgInvitationDeclined || l.IP != "" || l.Agent != "" || l.Session != "" {
				t.Errorf("%+v", l)
			}
			return nil
		}))
		if declined != 1 {
			t.Errorf("%d entries", declined)
		}
	})
}
