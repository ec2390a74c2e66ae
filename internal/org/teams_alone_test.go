package org_test

import (
	"fmt"
	"testing"

	"latchkey/internal/account"
	"latchkey/internal/app/apptest"
	"latchkey/internal/audit"
	"latchkey/internal/errs"
	"latchkey/internal/org"
	"latchkey/internal/token"
)

// What only one team reached falls to the owners when it goes: they publish it, and nobody loses it.
func TestPackagesOfTheLastTeamFallToTheOwners(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx, e := t.Context(), newEnforced(t, w)
		w.Publish(e.bob, widget("1.0.0"))
		alone := func(team string) string {
			t.Helper()
			names, err := w.Orgs.Alone(ctx, e.ann, "acme", team)
			must(t, err)
			return fmt.Sprint(names)
		}
		if got := alone(org.Developers); got != "[@acme/widget]" {
			t.Errorf("developers alone reach %s", got)
		}
		must(t, w.Orgs.Grant(ctx, e.ann, "acme", "web", "@acme/widget", org.Write))
		if got := alone(org.Developers) + alone("web"); got != "[][]" {
			t.Errorf("alone: %s", got)
		}
		must(t, w.Orgs.Ungrant(ctx, e.ann, "acme", org.Developers, "@acme/widget"))
		if got := alone("web"); got != "[@acme/widget]" {
			t.Errorf("web alone reaches %s", got)
		}
		_, err := w.Orgs.Alone(ctx, e.ann, "acme", "none")
		kind(t, "no such team", err, errs.NotFound)
		_, err = w.Orgs.Alone(ctx, browser(w.Person("eve")), "acme", "web")
		kind(t, "a stranger", err, errs.NotFound)

		must(t, w.Orgs.RemoveTeam(ctx, e.ann, "acme", "web"))
		page, err := w.Orgs.Log(ctx, e.ann, "acme", audit.Filter{Action: "team.removed"}, "", 10)
		if err != nil || len(page) != 1 || page[0].Detail["to_owners"] != "@acme/widget" {
			t.Errorf("%+v, %v", page, err)
		}
		if err := e.publishes(w.Actor(account.User{Name: "ann"}, token.Automation), widget("1.0.1")); err != nil {
			t.Errorf("the owner publishes: %v", err)
		}
		mia := account.User{Name: "mia"}
		if err := e.publishes(w.Actor(mia, token.Automation), widget("1.0.2")); err == nil {
			t.Error("a member without a team publishes")
		}
	})
}
