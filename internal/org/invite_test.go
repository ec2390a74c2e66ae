package org_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/app/apptest"
	"latchkey/internal/errs"
	"latchkey/internal/org"
)

func TestInvitationIsForOnePersonAndOnce(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx := t.Context()
		ann := acme(t, w)
		bob, eve := w.Person("bob"), w.Person("eve")
		must(t, w.Orgs.CreateTeam(ctx, browser(ann), "acme", org.Team{Name: "web"}))
		must(t, w.Orgs.Invite(ctx, browser(ann), "acme", org.Invite{To: "@bob", Role: org.Admin, Teams: []string{"web", "web"}}))
		text := secretFor(w, bob.Email)
		for who, by := range map[string]access.Actor{"eve": browser(eve), "nobody": {}, "bob": browser(bob)} {
			o, err := w.Orgs.Offer(ctx, by, text)
			if err != nil || o.Org != "acme" || o.By != "ann" || o.Role != org.Admin || o.Teams != "web" || o.To != "bob" || o.Mine != (who == "bob") {
				t.Errorf("%s: %+v, %v", who, o, err)
			}
		}
		_, err := w.Orgs.Accept(ctx, browser(eve), text)
		if !errors.Is(err, org.ErrOtherAccount) {
			t.Errorf("eve: %v", err)
		}
		if err := w.Orgs.Decline(ctx, browser(eve), text); !errors.Is(err, org.ErrOtherAccount) {
			t.Errorf("eve declined: %v", err)
		}
		_, err = w.Orgs.Accept(ctx, access.Actor{}, text)
		kind(t, "nobody", err, errs.Unauthenticated)
		_, err = w.Orgs.Accept(ctx, browser(eve), "no such secret")
		kind(t, "another secret", err, errs.NotFound)

		var wg sync.WaitGroup
		var accepted atomic.Int64
		for range 20 {
			wg.Go(func() {
				if _, err := w.Orgs.Accept(ctx, browser(bob), text); err == nil {
					accepted.Add(1)
				} else if !errors.Is(err, org.ErrInvitation) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		people, err := w.Orgs.Members(ctx, browser(ann), "acme", org.Query{After: "ann", Limit: 10})
		if accepted.Load() != 1 || err != nil || len(people) != 1 || people[0].Role != org.Admin || people[0].Teams != "developers, web" {
			t.Errorf("%d accepted, %+v, %v", accepted.Load(), people, err)
		}
		kind(t, "a member", w.Orgs.Invite(ctx, browser(ann), "acme", org.Invite{To: "bob", Role: org.Owner}), errs.Invalid)
	})
}

// An address is its verified owner's: whoever only claims it gets nothing.
func TestInvitationByAddressIsForWhoeverVerifiedIt(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx := t.Context()
		ann := acme(t, w)
		must(t, w.Orgs.Invite(ctx, browser(ann), "acme", org.Invite{To: "New.Hire@example.com", Role: org.Member}))
		text := secretFor(w, "New.Hire@example.com")
		s, err := w.Accounts.SignUp(ctx, access.Actor{}, account.SignUp{Name: "thief", Email: "new.hire@example.com", Password: apptest.Password})
		must(t, err)
		thief := browser(s.User)
		thief.EmailVerified = true // even if the session believed so
		if _, err := w.Orgs.Accept(ctx, thief, text); !errors.Is(err, org.ErrOtherAccount) {
			t.Errorf("an unverified claim: %v", err)
		}
		u, err := w.Accounts.Create(ctx, access.Console(), account.NewAccount{Name: "hire", Email: "new.hire@example.com", Password: apptest.Password})
		must(t, err)
		if _, err := w.Orgs.Accept(ctx, browser(u), text); err != nil {
			t.Error(err)
		}
	})
}

func TestInvitationsEnd(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx := t.Context()
		ann := acme(t, w)
		bob, olga := w.Person("bob"), w.Person("olga")
		joins(t, w, ann, olga, org.Owner)
		invite := func(by account.User) (id, text string) {
			t.Helper()
			must(t, w.Orgs.Invite(ctx, browser(by), "acme", org.Invite{To: "bob", Role: org.Member}))
			pending, err := w.Orgs.Invitations(ctx, browser(ann), "acme")
			if err != nil || len(pending) != 1 {
				t.Fatalf("%+v, %v", pending, err)
			}
			w.Advance(2 * time.Hour) // letters to one person are limited
			return pending[0].ID, secretFor(w, bob.Email)
		}
		ended := func(why, text string) {
			t.Helper()
			if _, err := w.Orgs.Accept(ctx, browser(bob), text); !errors.Is(err, org.ErrInvitation) {
				t.Errorf("%s: %v", why, err)
			}
		}
		id, text := invite(ann)
		must(t, w.Orgs.Revoke(ctx, browser(ann), "acme", id))
		ended("taken back", text)
		kind(t, "take back again", w.Orgs.Revoke(ctx, browser(ann), "acme", id), errs.NotFound)

		_, text = invite(ann)
		must(t, w.Orgs.Decline(ctx, browser(bob), text))
		ended("declined", text)

		_, first := invite(ann)
		id, second := invite(ann) // replaces it
		ended("replaced", first)
		must(t, w.Orgs.Resend(ctx, browser(ann), "acme", id))
		ended("sent again", second)
		text = secretFor(w, bob.Email)
		w.Advance(org.InvitationLife)
		ended("too old", text)
		must(t, w.Orgs.Sweep(ctx))

		_, text = invite(olga)
		must(t, w.Orgs.SetRole(ctx, browser(ann), "acme", "olga", org.Member))
		ended("its sender may not invite any more", text)
	})
}

func TestInvitationsSayWhatIsWrong(t *testing.T) {
	w := apptest.New(t)
	ann := acme(t, w)
	for field, in := range map[string]org.Invite{
		"to":    {To: " ", Role: org.Member},
		"role":  {To: "x@example.com", Role: "king"},
		"teams": {To: "x@example.com", Role: org.Member, Teams: []string{"nowhere"}},
	} {
		e := errs.AsInvalid(w.Orgs.Invite(t.Context(), browser(ann), "acme", in))
		if e == nil || e.Fields[field] == "" {
			t.Errorf("%s: %+v", field, e)
		}
	}
	for _, to := range []string{"ghost", "not an@address", "a@b", "x\r\nBcc: y@example.com"} {
		e := errs.AsInvalid(w.Orgs.Invite(t.Context(), browser(ann), "acme", org.Invite{To: to, Role: org.Member}))
		if e == nil || e.Fields["to"] == "" {
			t.Errorf("%q: %+v", to, e)
		}
	}
	flooded := false
	for range 20 {
		err := w.Orgs.Invite(t.Context(), browser(ann), "acme", org.Invite{To: "x@example.com", Role: org.Member})
		flooded = flooded || err != nil
	}
	if !flooded || len(w.Mails("x@example.com")) > 10 {
		t.Errorf("%d letters went to one address", len(w.Mails("x@example.com")))
	}
}
