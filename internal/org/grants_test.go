package org_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/app/apptest"
	"latchkey/internal/errs"
	"latchkey/internal/npmpack"
	"latchkey/internal/org"
	"latchkey/internal/token"
)

// publish tries to publish a version and returns what is said.
func publish(t *testing.T, w *apptest.World, by account.User, name, version, visibility string) error {
	t.Helper()
	p := npmpack.Package{Name: name, Version: version, Access: visibility, Readme: by.Name} // each their own bytes
	_, err := w.Packages.Publish(t.Context(), w.Actor(by, token.Automation), name, bytes.NewReader(p.PublishBody()))
	return err
}

func reads(t *testing.T, w *apptest.World, by account.User, name string) bool {
	t.Helper()
	_, err := w.Packages.Page(t.Context(), browser(by), name)
	if err != nil && errs.Of(err).Kind != errs.NotFound {
		t.Error(err)
	}
	return err == nil
}

// What teams are given is what their members may, from the next request on, and ends as promptly.
func TestTeamsDecideWhoReadsAndPublishes(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx := t.Context()
		ann := acme(t, w)
		bob, mia, eve := w.Person("bob"), w.Person("mia"), w.Person("eve")
		joins(t, w, ann, bob, org.Member)
		joins(t, w, ann, mia, org.Member)
		as := browser(ann)
		must(t, w.Orgs.SetNewPackages(ctx, as, "acme", org.Developers, ""))
		must(t, w.Orgs.CreateTeam(ctx, as, "acme", org.Team{Name: "web"}))
		must(t, w.Orgs.AddToTeam(ctx, as, "acme", "web", "mia"))

		kind(t, "a stranger in the scope", publish(t, w, eve, "@acme/vault", "1.0.0", "restricted"), errs.NotFound)
		must(t, publish(t, w, bob, "@acme/vault", "1.0.0", "restricted")) // any member makes packages
		say := func(when string, who account.User, read bool, write errs.Kind) {
			t.Helper()
			if got := reads(t, w, who, "@acme/vault"); got != read {
				t.Errorf("%s: %s reads: %v", when, who.Name, got)
			}
			w.Advance(time.Hour) // beyond the time in which a publish may be repeated
			err := publish(t, w, who, "@acme/vault", "1.0.0", "")
			if write == 0 {
				write = errs.Forbidden // the version exists
			}
			if err == nil || errs.Of(err).Kind != write || write == errs.Forbidden && (errs.Of(err).Code == "registry.version_exists") != read {
				t.Errorf("%s: %s publishes: %v", when, who.Name, err)
			}
		}
		say("first", ann, true, 0) // owners reach everything
		say("first", bob, true, 0) // whoever made it
		say("first", mia, false, errs.NotFound)
		say("first", eve, false, errs.NotFound)

		must(t, w.Orgs.Grant(ctx, as, "acme", "web", "@acme/vault", org.Read))
		if !reads(t, w, mia, "@acme/vault") {
			t.Error("a team that may read does not")
		}
		if err := publish(t, w, mia, "@acme/vault", "2.0.0", ""); errs.Of(err).Code != "access.forbidden" {
			t.Errorf("a reader publishes: %v", err)
		}
		must(t, w.Orgs.Grant(ctx, as, "acme", "web", "@acme/vault", org.Write))
		must(t, publish(t, w, mia, "@acme/vault", "2.0.0", ""))

		must(t, w.Orgs.RemoveFromTeam(ctx, as, "acme", "web", "mia"))
		say("out of the team", mia, false, errs.NotFound)
		must(t, w.Orgs.AddToTeam(ctx, as, "acme", "web", "mia"))
		must(t, w.Orgs.Ungrant(ctx, as, "acme", "web", "@acme/vault"))
		say("taken from the team", mia, false, errs.NotFound)
		must(t, w.Orgs.Remove(ctx, as, "acme", "bob"))
		say("whoever made it has left", bob, false, errs.NotFound)
		say("in the end", ann, true, 0)
	})
}

func TestNewPackagesGoToTheTeamsThatGetThem(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx := t.Context()
		ann := acme(t, w)
		mia := w.Person("mia")
		joins(t, w, ann, mia, org.Member)
		must(t, w.Orgs.CreateTeam(ctx, browser(ann), "acme", org.Team{Name: "audit", NewPackages: org.Read}))
		must(t, publish(t, w, ann, "@acme/one", "1.0.0", "restricted"))
		must(t, publish(t, w, mia, "@acme/one", "1.1.0", ""))
		for team, want := range map[string]string{org.Developers: "[{@acme/one write}]", "audit": "[{@acme/one read}]"} {
			got, err := w.Orgs.TeamPackages(ctx, browser(mia), "acme", team)
			if err != nil || fmt.Sprint(got) != want {
				t.Errorf("%s: %v, %v", team, got, err)
			}
		}
		must(t, publish(t, w, ann, "@ann/own", "1.0.0", ""))
		must(t, publish(t, w, ann, "acme", "1.0.0", "")) // unscoped names are not the organization's
		for _, pkg := range []string{"@ann/own", "acme", "@acme/none", ""} {
			kind(t, pkg, w.Orgs.Grant(ctx, browser(ann), "acme", "audit", pkg, org.Write), errs.NotFound)
		}
		for who, want := range map[account.User]string{ann: "[{@acme/one write}]", mia: "[{@acme/one write}]"} {
			got, err := w.Orgs.Packages(ctx, browser(who), "acme")
			if err != nil || fmt.Sprint(got) != want {
				t.Errorf("%s: %v, %v", who.Name, got, err)
			}
		}
		must(t, w.Orgs.RemoveTeam(ctx, browser(ann), "acme", "audit"))
		kind(t, "developers", w.Orgs.RemoveTeam(ctx, browser(ann), "acme", org.Developers), errs.Conflict)
		kind(t, "twice", w.Orgs.RemoveTeam(ctx, browser(ann), "acme", "audit"), errs.NotFound)
		kind(t, "nobody", w.Orgs.AddToTeam(ctx, browser(ann), "acme", org.Developers, "ghost"), errs.NotFound)
		for _, name := range []string{"", "a/b", "..", "UPPER", org.Developers} {
			kind(t, "the team "+name, w.Orgs.CreateTeam(ctx, browser(ann), "acme", org.Team{Name: name}), errs.Invalid)
		}
		kind(t, "a word", w.Orgs.Grant(ctx, browser(ann), "acme", org.Developers, "@acme/one", "own"), errs.Invalid)
		var anyone access.Actor
		kind(t, "nobody", w.Orgs.Grant(ctx, anyone, "acme", org.Developers, "@acme/one", org.Read), errs.NotFound)
	})
}

// Whether a package of the organization is private is its owners' to say, whoever published it.
func TestOwnersDecideWhatIsPrivate(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ann := acme(t, w)
		bob, eve := w.Person("bob"), w.Person("eve")
		joins(t, w, ann, bob, org.Member)
		must(t, publish(t, w, bob, "@acme/vault", "1.0.0", "public"))
		set := func(by account.User, to string) error {
			return w.Packages.SetAccess(t.Context(), w.Actor(by, token.Publish), "@acme/vault", to)
		}
		kind(t, "who published it, but only belongs", set(bob, "restricted"), errs.Forbidden)
		kind(t, "a stranger", set(eve, "restricted"), errs.Forbidden)
		must(t, set(ann, "restricted"))
		if reads(t, w, eve, "@acme/vault") || !reads(t, w, bob, "@acme/vault") {
			t.Error("it is not private, or is to whoever belongs")
		}
		kind(t, "a stranger to what is hidden", set(eve, "public"), errs.NotFound)
		must(t, set(ann, "public"))
		if !reads(t, w, eve, "@acme/vault") {
			t.Error("it is not public again")
		}
	})
}

// What is private and reached by a team alone is not told to members beside it.
func TestTeamTellsOfItsPackagesToWhoMayReadThem(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		e := newEnforced(t, w) // bob is an admin, mia a member and in no team but that of developers
		must(t, w.Orgs.SetNewPackages(t.Context(), e.ann, "acme", org.Developers, ""))
		must(t, publish(t, w, e.bob, "@acme/vault", "1.0.0", "restricted"))
		must(t, publish(t, w, e.bob, "@acme/open", "1.0.0", "public"))
		for _, pkg := range []string{"@acme/vault", "@acme/open"} {
			must(t, w.Orgs.Grant(t.Context(), e.ann, "acme", "web", pkg, org.Read))
		}
		for name, row := range map[string]struct {
			by   access.Actor
			want int
		}{"the owner": {e.ann, 2}, "an admin": {browser(e.bob), 2}, "a member beside it": {e.mia, 1}} {
			all, err := w.Orgs.TeamPackages(t.Context(), row.by, "acme", "web")
			must(t, err)
			alone, err := w.Orgs.Alone(t.Context(), row.by, "acme", "web")
			must(t, err)
			if len(all) != row.want || len(alone) != row.want {
				t.Errorf("%s: %v, %v", name, all, alone)
			}
		}
	})
}
