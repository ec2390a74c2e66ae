package org_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/app/apptest"
	"latchkey/internal/errs"
	"latchkey/internal/org"
)

// browser is somebody who is signed in in a browser.
func browser(u account.User) access.Actor {
	return access.Actor{UserID: u.ID, Name: u.Name, Via: access.ViaBrowser, EmailVerified: u.EmailVerified}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func kind(t *testing.T, what string, err error, want errs.Kind) {
	t.Helper()
	if err == nil || errs.Of(err).Kind != want {
		t.Errorf("%s: %v", what, err)
	}
}

// acme is an organization of ann's.
func acme(t *testing.T, w *apptest.World) (ann account.User) {
	t.Helper()
	ann = w.Person("ann")
	_, err := w.Orgs.Create(t.Context(), browser(ann), org.NewOrg{Name: "acme"})
	must(t, err)
	return ann
}

// joins makes somebody a member by an invitation.
func joins(t *testing.T, w *apptest.World, owner, u account.User, role org.Role, teams ...string) {
	t.Helper()
	must(t, w.Orgs.Invite(t.Context(), browser(owner), "acme", org.Invite{To: u.Name, Role: role, Teams: teams}))
	_, err := w.Orgs.Accept(t.Context(), browser(u), secretFor(w, u.Email))
	must(t, err)
}

func secretFor(w *apptest.World, email string) string {
	link := w.Link(email)
	return link[strings.LastIndex(link, "/")+1:]
}

func TestWhoeverMakesAnOrganizationOwnsIt(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx := t.Context()
		ann := acme(t, w)
		bob := w.Person("bob")
		for _, name := range []string{"acme", "bob", "org", "", "UPPER", "a/b", "..", "-x"} {
			_, err := w.Orgs.Create(ctx, browser(bob), org.NewOrg{Name: name})
			if e := errs.AsInvalid(err); e == nil || e.Fields["name"] == "" {
				t.Errorf("%q: %v", name, err)
			}
		}
		_, err := w.Orgs.Create(ctx, browser(bob), org.NewOrg{Name: "theirs", Owner: "ann"})
		kind(t, "for somebody else", err, errs.NotFound)
		unverified := browser(bob)
		unverified.EmailVerified = false
		_, err = w.Orgs.Create(ctx, unverified, org.NewOrg{Name: "fresh"})
		kind(t, "unverified", err, errs.Forbidden)
		_, err = w.Orgs.Create(ctx, access.Actor{}, org.NewOrg{Name: "fresh"})
		kind(t, "a stranger", err, errs.Unauthenticated)

		roles, err := w.Orgs.Roles(ctx, browser(ann), "acme")
		if err != nil || len(roles) != 1 || roles["ann"] != org.Owner {
			t.Errorf("%v, %v", roles, err)
		}
		team, people, err := w.Orgs.Team(ctx, browser(ann), "acme", org.Developers, "", 10)
		if err != nil || team.NewPackages != org.Write || fmt.Sprint(people) != "[ann]" {
			t.Errorf("%+v, %v, %v", team, people, err)
		}
		if _, err := w.Accounts.Create(ctx, access.Console(), account.NewAccount{Name: "acme", Email: "x@example.com", Password: apptest.Password}); errs.AsInvalid(err) == nil {
			t.Errorf("a person took the organization's name: %v", err)
		}
		if _, err := w.Orgs.Create(ctx, access.Console(), org.NewOrg{Name: "given", Owner: "bob"}); err != nil {
			t.Error(err)
		}
		of, err := w.Orgs.Of(ctx, browser(bob))
		if err != nil || len(of) != 1 || of[0].Name != "given" || of[0].Role != org.Owner {
			t.Errorf("%+v, %v", of, err)
		}
	})
}

// What each role may, and what others are told: nothing.
func TestRolesDecide(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx := t.Context()
		ann := acme(t, w)
		adam, mia, eve := w.Person("adam"), w.Person("mia"), w.Person("eve")
		w.Person("pat")
		joins(t, w, ann, adam, org.Admin)
		joins(t, w, ann, mia, org.Member)
		must(t, w.Orgs.Invite(ctx, browser(ann), "acme", org.Invite{To: "pat", Role: org.Member}))
		pending, err := w.Orgs.Invitations(ctx, browser(ann), "acme")
		if err != nil || len(pending) != 1 || pending[0].To != "pat" || pending[0].InvitedBy != "ann" {
			t.Fatalf("%+v, %v", pending, err)
		}
		for i, r := range []struct {
			name          string
			do            func(by access.Actor) error
			member, admin errs.Kind // what a member and an admin are told; 0 stands for yes
		}{
			{"list", func(by access.Actor) error {
				_, err := w.Orgs.Members(ctx, by, "acme", org.Query{Limit: 10})
				return err
			}, 0, 0},
			{"count", func(by access.Actor) error { _, err := w.Orgs.Count(ctx, by, "acme"); return err }, 0, 0},
			{"get", func(by access.Actor) error { _, _, err := w.Orgs.Get(ctx, by, "acme"); return err }, 0, 0},
			{"teams", func(by access.Actor) error { _, err := w.Orgs.Teams(ctx, by, "acme"); return err }, 0, 0},
			{"team", func(by access.Actor) error {
				_, _, err := w.Orgs.Team(ctx, by, "acme", org.Developers, "", 10)
				return err
			}, 0, 0},
			{"packages", func(by access.Actor) error { _, err := w.Orgs.Packages(ctx, by, "acme"); return err }, 0, 0},
			{"team's packages", func(by access.Actor) error {
				_, err := w.Orgs.TeamPackages(ctx, by, "acme", org.Developers)
				return err
			}, 0, 0},
			{"make a team", func(by access.Actor) error {
				return w.Orgs.CreateTeam(ctx, by, "acme", org.Team{Name: "web-" + by.Name})
			}, errs.Forbidden, 0},
			{"add to a team", func(by access.Actor) error { return w.Orgs.AddToTeam(ctx, by, "acme", org.Developers, "mia") }, errs.Forbidden, 0},
			{"default", func(by access.Actor) error {
				return w.Orgs.SetNewPackages(ctx, by, "acme", org.Developers, org.Write)
			}, errs.Forbidden, 0},
			{"invite", func(by access.Actor) error {
				return w.Orgs.Invite(ctx, by, "acme", org.Invite{To: "eve", Role: org.Owner})
			}, errs.Forbidden, errs.Forbidden},
			{"invitations", func(by access.Actor) error { _, err := w.Orgs.Invitations(ctx, by, "acme"); return err }, errs.Forbidden, errs.Forbidden},
			{"take back", func(by access.Actor) error { return w.Orgs.Revoke(ctx, by, "acme", pending[0].ID) }, errs.Forbidden, errs.Forbidden},
			{"send again", func(by access.Actor) error { return w.Orgs.Resend(ctx, by, "acme", pending[0].ID) }, errs.Forbidden, errs.Forbidden},
			{"make oneself an owner", func(by access.Actor) error { return w.Orgs.SetRole(ctx, by, "acme", by.Name, org.Owner) }, errs.Forbidden, errs.Forbidden},
			{"remove", func(by access.Actor) error { return w.Orgs.Remove(ctx, by, "acme", "ann") }, errs.Forbidden, errs.Forbidden},
			{"grant", func(by access.Actor) error {
				return w.Orgs.Grant(ctx, by, "acme", org.Developers, "@acme/none", org.Read)
			}, errs.Forbidden, errs.NotFound},
		} {
			say := func(who string, by access.Actor, want errs.Kind) {
				t.Helper()
				err := r.do(by)
				if want == 0 && err != nil || want != 0 && (err == nil || errs.Of(err).Kind != want) {
					t.Errorf("%d %s, %s: %v", i, r.name, who, err)
				}
			}
			say("a member", browser(mia), r.member)
			say("an admin", browser(adam), r.admin)
			say("somebody else", browser(eve), errs.NotFound)
			say("nobody", access.Actor{}, errs.NotFound)
			automation := browser(ann)
			automation.Grant = &access.Grant{TokenID: "t"}
			if r.member != 0 {
				say("an automation token of an owner", automation, errs.Forbidden)
			}
		}
		kind(t, "an organization that is not there", func() error { _, _, err := w.Orgs.Get(ctx, browser(eve), "nowhere"); return err }(), errs.NotFound)
	})
}

func TestOwnersAreNeverAllGone(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx := t.Context()
		ann := acme(t, w)
		bob := w.Person("bob")
		joins(t, w, ann, bob, org.Member)
		for name, err := range map[string]error{
			"leave":  w.Orgs.Remove(ctx, browser(ann), "acme", "ann"),
			"demote": w.Orgs.SetRole(ctx, browser(ann), "acme", "ann", org.Member),
		} {
			if !errors.Is(err, org.ErrLastOwner) {
				t.Errorf("%s: %v", name, err)
			}
		}
		must(t, w.Orgs.SetRole(ctx, browser(ann), "acme", "bob", org.Owner))
		if mails := w.Mails(bob.Email); !strings.Contains(mails[0].Subject, "owner of acme") {
			t.Errorf("%q", mails[0].Subject)
		}
		must(t, w.Orgs.Remove(ctx, browser(ann), "acme", "ann"))
		kind(t, "whoever left", w.Orgs.Remove(ctx, browser(ann), "acme", "ann"), errs.NotFound)
	})
}

// Thirty owners leave at once, and one of them must stay.
func TestOneOfThirtyOwnersStays(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx := t.Context()
		ann := acme(t, w)
		owners := []account.User{ann}
		for i := range 29 {
			u := w.Person(fmt.Sprintf("owner%d", i))
			joins(t, w, ann, u, org.Owner)
			owners = append(owners, u)
		}
		var wg sync.WaitGroup
		failed := make([]error, len(owners))
		for i, u := range owners {
			wg.Go(func() {
				if i%2 == 0 {
					failed[i] = w.Orgs.Remove(ctx, browser(u), "acme", u.Name)
				} else {
					failed[i] = w.Orgs.SetRole(ctx, browser(u), "acme", u.Name, org.Member)
				}
			})
		}
		wg.Wait()
		stayed := 0
		for i, err := range failed {
			if errors.Is(err, org.ErrLastOwner) {
				stayed++
			} else if err != nil {
				t.Errorf("%s: %v", owners[i].Name, err)
			}
		}
		n := 0
		for _, u := range owners {
			roles, err := w.Orgs.Roles(ctx, browser(u), "acme")
			if err == nil && roles[u.Name] == org.Owner {
				n++
			}
		}
		if stayed != 1 || n != 1 {
			t.Errorf("%d were told to stay, %d own it", stayed, n)
		}
	})
}

func TestRemovedMembersLoseTheirTeamsAndAreTold(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx := t.Context()
		ann := acme(t, w)
		bob := w.Person("bob")
		must(t, w.Orgs.CreateTeam(ctx, browser(ann), "acme", org.Team{Name: "web"}))
		joins(t, w, ann, bob, org.Member, "web")
		people, err := w.Orgs.Members(ctx, browser(ann), "acme", org.Query{Find: "bo", Limit: 10})
		if err != nil || len(people) != 1 || people[0].Teams != "developers, web" {
			t.Errorf("%+v, %v", people, err)
		}
		must(t, w.Orgs.Remove(ctx, browser(ann), "acme", "bob"))
		if mails := w.Mails(bob.Email); !strings.Contains(mails[0].Subject, "no member of acme") {
			t.Errorf("%q", mails[0].Subject)
		}
		_, people2, err := w.Orgs.Team(ctx, browser(ann), "acme", "web", "", 10)
		if err != nil || len(people2) != 0 {
			t.Errorf("%v, %v", people2, err)
		}
		kind(t, "again", w.Orgs.Remove(ctx, browser(ann), "acme", "bob"), errs.NotFound)
	})
}
