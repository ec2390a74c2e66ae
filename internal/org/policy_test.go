package org_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/app/apptest"
	"latchkey/internal/errs"
	"latchkey/internal/npmpack"
	"latchkey/internal/org"
	"latchkey/internal/token"
	"latchkey/internal/twofactor"
)

// enforced is acme of ann, who has an app, and its members: mia with an app, bob without a factor.
type enforced struct {
	*apptest.World
	t        *testing.T
	ann, mia access.Actor
	bob      account.User
}

func newEnforced(t *testing.T, w *apptest.World) *enforced {
	t.Helper()
	ann := acme(t, w)
	mia, bob := w.Person("mia"), w.Person("bob")
	must(t, w.Orgs.CreateTeam(t.Context(), browser(ann), "acme", org.Team{Name: "web"}))
	joins(t, w, ann, mia, org.Member)
	joins(t, w, ann, bob, org.Admin, "web")
	return &enforced{w, t, w.WithApp(ann), w.WithApp(mia), bob}
}

// members are the names of the members.
func (e *enforced) members() string {
	e.t.Helper()
	people, err := e.Orgs.Members(e.t.Context(), access.Console(), "acme", org.Query{Limit: 100})
	must(e.t, err)
	var names []string
	for _, p := range people {
		names = append(names, p.Name)
	}
	return strings.Join(names, " ")
}

// enforce confirms what the preview says.
func (e *enforced) enforce(in org.Enforcement) error {
	e.t.Helper()
	impact, err := e.Orgs.Preview(e.t.Context(), e.ann, "acme", in)
	if err != nil {
		return err
	}
	in.Confirm, in.Expect = "acme", impact.Total
	return e.Orgs.Enforce(e.t.Context(), e.ann, "acme", in)
}

func widget(version string) npmpack.Package {
	return npmpack.Package{Name: "@acme/widget", Version: version}
}

func (e *enforced) publishes(by access.Actor, p npmpack.Package) error {
	_, err := e.Packages.Publish(e.t.Context(), by, p.Name, bytes.NewReader(p.PublishBody()))
	return err
}

func TestEnforcementShowsThenRemovesThenRestores(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx, e := t.Context(), newEnforced(t, w)
		w.Publish(e.bob, widget("1.0.0"))
		bot := w.Actor(e.bob, token.Automation)
		w.Person("ivy")
		must(t, w.Orgs.Invite(ctx, e.ann, "acme", org.Invite{To: "ivy", Role: org.Member}))

		got, err := w.Orgs.Preview(ctx, e.ann, "acme", org.Enforcement{Requires: org.AnyFactor, PeopleOnly: true})
		must(t, err)
		if got.Total != 1 || len(got.People) != 1 || got.People[0].Name != "bob" || fmt.Sprint(got.People[0].Packages) != "[@acme/widget]" ||
			got.People[0].Writes != 1 || !slices.Contains(got.People[0].Tokens, token.Automation) ||
			fmt.Sprint(got.Invitations) != "[ivy]" || !slices.Contains(got.Machines, "bob: "+token.Automation) {
			t.Fatalf("%+v", got)
		}
		wrong := org.Enforcement{Requires: org.AnyFactor, Confirm: "acm", Expect: 1}
		if f := errs.AsInvalid(w.Orgs.Enforce(ctx, e.ann, "acme", wrong)); f == nil || f.Fields["confirm"] == "" {
			t.Errorf("the wrong name: %v", f)
		}
		stale := org.Enforcement{Requires: org.AnyFactor, Confirm: "acme", Expect: 0}
		if f := errs.AsInvalid(w.Orgs.Enforce(ctx, e.ann, "acme", stale)); f == nil || f.Fields["confirm"] == "" {
			t.Errorf("an old list: %v", f)
		}
		w.Mails("bob@example.com")
		must(t, e.enforce(org.Enforcement{Requires: org.AnyFactor}))
		if got := e.members(); got != "ann mia" {
			t.Errorf("members: %s", got)
		}
		if err := e.publishes(bot, widget("1.0.1")); err == nil {
			t.Error("bob's machine still publishes")
		}
		if m := w.Mails("bob@example.com"); len(m) == 0 || !strings.Contains(m[0].Subject, "requires two-factor") {
			t.Errorf("%+v", m)
		}
		if m := w.Mails("ann@example.com"); !strings.Contains(m[0].Body, "acme requires two-factor") {
			t.Errorf("%+v", m[0])
		}

		kind(t, "restored too early", w.Orgs.Restore(ctx, e.ann, "acme", "bob"), errs.Conflict)
		w.WithApp(e.bob)
		back, err := w.Orgs.Restorable(ctx, e.ann, "acme")
		if err != nil || len(back) != 1 || !back[0].Ready || back[0].Teams != "developers, web" {
			t.Fatalf("%+v, %v", back, err)
		}
		must(t, w.Orgs.Restore(ctx, e.ann, "acme", "bob"))
		kind(t, "restored twice", w.Orgs.Restore(ctx, e.ann, "acme", "bob"), errs.NotFound)
		roles, err := w.Orgs.Roles(ctx, e.ann, "acme")
		if err != nil || roles["bob"] != org.Admin {
			t.Errorf("%v, %v", roles, err)
		}
		must(t, e.publishes(w.Actor(e.bob, token.Automation), widget("1.0.1")))
	})
}

func TestOwnersLeadAndOnlyTheyEnforce(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx, e := t.Context(), newEnforced(t, w)
		any := org.Enforcement{Requires: org.AnyFactor, Confirm: "acme", Expect: 1}
		keys := org.Enforcement{Requires: org.KeysRequired, Confirm: "acme", Expect: 3}
		kind(t, "a member", w.Orgs.Enforce(ctx, e.mia, "acme", any), errs.Forbidden)
		kind(t, "with an app, keys", w.Orgs.Enforce(ctx, e.ann, "acme", keys), errs.Conflict)
		stale := e.ann
		stale.SudoUntil = time.Time{}
		kind(t, "not confirmed", w.Orgs.Enforce(ctx, stale, "acme", any), errs.Sudo)
		must(t, w.Orgs.SetRole(ctx, e.ann, "acme", "bob", org.Owner))
		kind(t, "an owner without", w.Orgs.Enforce(ctx, w.Browser(e.bob), "acme", any), errs.Conflict)
		for _, in := range []org.Enforcement{
			{Requires: "sms"}, {Requires: org.AnyFactor, From: w.Now().Add(-time.Hour)}, {Requires: org.AnyFactor, From: w.Now().Add(2 * org.MostAhead)},
		} {
			if _, err := w.Orgs.Preview(ctx, e.ann, "acme", in); errs.AsInvalid(err) == nil {
				t.Errorf("%+v: %v", in, err)
			}
		}
		must(t, w.Orgs.Enforce(ctx, access.Console(), "acme", org.Enforcement{Requires: org.AnyFactor}))
		if got := e.members(); got != "ann mia" {
			t.Errorf("members: %s", got)
		}
		must(t, w.Orgs.StopEnforcing(ctx, e.ann, "acme"))
		kind(t, "off twice", w.Orgs.StopEnforcing(ctx, e.ann, "acme"), errs.Conflict)
		if m := w.Mails("ann@example.com"); !strings.Contains(m[0].Body, "does not require") {
			t.Errorf("%+v", m[0])
		}
	})
}

// Whoever belongs to an organization that requires a factor cannot give theirs up; and when it goes in any
// other way, access goes with it, before anybody removed anybody.
func TestAccessEndsWithTheLastFactor(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx, e := t.Context(), newEnforced(t, w)
		must(t, e.publishes(w.Actor(e.bob, token.Automation), widget("1.0.0")))
		must(t, e.enforce(org.Enforcement{Requires: org.AnyFactor}))
		if err := w.Factors.TurnOff(ctx, e.mia); !errors.Is(err, org.ErrNeeds) || !strings.Contains(err.Error(), "acme") {
			t.Fatalf("mia turns it off: %v", err)
		}
		if err := w.Factors.RemoveApp(ctx, e.mia); !errors.Is(err, twofactor.ErrLast) {
			t.Errorf("mia removes her only factor: %v", err)
		}
		if _, _, err := w.Orgs.Get(ctx, e.mia, "acme"); err != nil {
			t.Error(err)
		}
		bot := w.Actor(account.User{Name: "mia"}, token.Automation)
		must(t, e.publishes(bot, widget("1.0.1")))
		_, err := w.DB().Exec(ctx, `UPDATE two_factor SET mode = '', enabled_at = NULL WHERE user_id = ?`, e.mia.UserID)
		must(t, err)
		if _, _, err := w.Orgs.Get(ctx, e.mia, "acme"); !errors.Is(err, access.ErrHidden) {
			t.Errorf("mia, without a factor: %v", err)
		}
		if err := e.publishes(bot, widget("1.0.2")); err == nil {
			t.Error("mia's machine publishes without her factor")
		}
		of, err := w.Orgs.Of(ctx, e.mia)
		if err != nil || len(of) != 1 || !of[0].Suspended(w.Now()) {
			t.Errorf("%+v, %v", of, err)
		}
		must(t, w.Orgs.Tend(ctx))
		if got := e.members(); got != "ann" {
			t.Errorf("members: %s", got)
		}
		// The last owner loses access and stays: with a factor they are back.
		_, err = w.DB().Exec(ctx, `UPDATE two_factor SET enabled_at = NULL WHERE user_id = ?`, e.ann.UserID)
		must(t, err)
		must(t, w.Orgs.Tend(ctx))
		if got := e.members(); got != "ann" {
			t.Errorf("the last owner: %s", got)
		}
	})
}

func TestKeysAloneAndPeopleOnly(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx, e := t.Context(), newEnforced(t, w)
		d := w.DB()
		key := func(userID string) {
			t.Helper()
			_, err := d.Exec(ctx, `INSERT INTO security_keys (id, user_id, host, credential_id, public_key, name, aaguid, attestation, transports,
					platform, discoverable, sign_count, user_verified, backup_eligible, backed_up, created_at)
				VALUES (?, ?, 'localhost', ?, '', 'Blue', '', '', '', FALSE, FALSE, 0, FALSE, FALSE, FALSE, ?)`, db.NewID(), userID, userID, w.Now())
			must(t, err)
		}
		key(e.ann.UserID)
		key(e.mia.UserID)
		must(t, w.Factors.RemoveApp(ctx, e.ann))
		must(t, e.enforce(org.Enforcement{Requires: org.KeysRequired, PeopleOnly: true}))
		if got := e.members(); got != "ann" { // mia has an app beside her key
			t.Fatalf("members: %s", got)
		}
		must(t, w.Factors.BeginApp(ctx, e.ann, access.AuthAndWrites))
		draft, err := w.Factors.AppDraft(ctx, e.ann)
		must(t, err)
		code, err := totp.GenerateCode(draft.Secret, w.Now())
		must(t, err)
		if _, err := w.Factors.ConfirmApp(ctx, e.ann, draft.ID, code); !errors.Is(err, org.ErrNeeds) {
			t.Errorf("an app beside the key: %v", err)
		}
		if err := e.publishes(w.Actor(account.User{Name: "ann"}, token.Automation), widget("1.0.0")); !errors.Is(err, access.ErrAttended) {
			t.Errorf("a machine publishes: %v", err)
		}
		must(t, w.Orgs.StopEnforcing(ctx, e.ann, "acme"))
		must(t, e.publishes(w.Actor(account.User{Name: "ann"}, token.Automation), widget("1.0.0")))
	})
}

func TestGraceRemindsAndThenRemoves(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx, e := t.Context(), newEnforced(t, w)
		const day = 24 * time.Hour
		letters := func() (n int) {
			t.Helper()
			must(t, w.Orgs.Tend(ctx))
			must(t, w.Orgs.Tend(ctx)) // which changes nothing
			for _, m := range w.Mails("bob@example.com") {
				if strings.Contains(m.Subject, "before") {
					n++
				}
			}
			return n
		}
		must(t, e.enforce(org.Enforcement{Requires: org.AnyFactor, From: w.Now().Add(20 * day)}))
		if n := letters(); n != 1 {
			t.Fatalf("%d letters at once", n)
		}
		left := 20
		for _, row := range []struct{ at, letters int }{{15, 1}, {14, 2}, {8, 2}, {7, 3}, {3, 4}, {2, 4}, {1, 5}} {
			w.Advance(time.Duration(left-row.at) * day)
			left = row.at
			if n := letters(); n != row.letters {
				t.Errorf("%d days before: %d letters, want %d", row.at, n, row.letters)
			}
		}
		if _, _, err := w.Orgs.Get(ctx, w.Browser(e.bob), "acme"); err != nil {
			t.Errorf("bob, a day before: %v", err)
		}
		w.Advance(day)
		if _, _, err := w.Orgs.Get(ctx, w.Browser(e.bob), "acme"); !errors.Is(err, access.ErrHidden) {
			t.Errorf("bob, at the time: %v", err) // nobody has removed him yet
		}
		must(t, w.Orgs.Tend(ctx))
		if got := e.members(); got != "ann mia" {
			t.Errorf("members: %s", got)
		}
		w.Advance(31 * day)
		must(t, w.Orgs.Tend(ctx))
		kind(t, "restored after a month", w.Orgs.Restore(ctx, access.Console(), "acme", "bob"), errs.Conflict)
	})
}

func TestInvitationsAskForTheFactor(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx, e := t.Context(), newEnforced(t, w)
		must(t, e.enforce(org.Enforcement{Requires: org.AnyFactor}))
		ivy := w.Person("ivy")
		must(t, w.Orgs.Invite(ctx, e.ann, "acme", org.Invite{To: "ivy", Role: org.Member}))
		text := secretFor(w, ivy.Email)
		o, err := w.Orgs.Offer(ctx, browser(ivy), text)
		if err != nil || !o.Mine || o.Needs != org.AnyFactor {
			t.Fatalf("%+v, %v", o, err)
		}
		if _, err := w.Orgs.Accept(ctx, browser(ivy), text); !errors.Is(err, org.ErrNeeds) {
			t.Fatal(err)
		}
		by := w.WithApp(ivy)
		if o, err = w.Orgs.Offer(ctx, by, text); err != nil || o.Needs != "" {
			t.Errorf("%+v, %v", o, err)
		}
		if _, err := w.Orgs.Accept(ctx, by, text); err != nil {
			t.Error(err)
		}
	})
}

// However enforcing, turning off, accepting and publishing meet, nobody without a factor belongs or
// publishes in the end.
func TestEnforcementMeetsDisablingAcceptingAndPublishing(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx, e := t.Context(), newEnforced(t, w)
		for round := range 4 {
			name := fmt.Sprint("ivy", round)
			ivy := w.Person(name)
			must(t, w.Orgs.Invite(ctx, e.ann, "acme", org.Invite{To: name, Role: org.Member}))
			text := secretFor(w, ivy.Email)
			leaver := w.Person(fmt.Sprint("lee", round))
			must(t, w.Orgs.Invite(ctx, e.ann, "acme", org.Invite{To: leaver.Name, Role: org.Member}))
			answer := secretFor(w, leaver.Email)
			lee := w.WithApp(leaver)
			_, err := w.Orgs.Accept(ctx, lee, answer)
			must(t, err)
			bot := w.Actor(leaver, token.Automation)
			var enforced, off error
			var all sync.WaitGroup
			for _, do := range []func(){
				func() {
					enforced = w.Orgs.Enforce(ctx, access.Console(), "acme", org.Enforcement{Requires: org.AnyFactor})
				},
				func() { off = w.Factors.TurnOff(ctx, lee) },
				func() { _, _ = w.Orgs.Accept(ctx, browser(ivy), text) },
				func() { _ = e.publishes(bot, widget(fmt.Sprintf("1.%d.0", round))) },
			} {
				all.Go(do)
			}
			all.Wait()
			must(t, enforced)
			if off != nil && !errors.Is(off, org.ErrNeeds) {
				t.Fatal(off)
			}
			for after := range 2 {
				_, _, err = w.Orgs.Get(ctx, lee, "acme")
				if in := err == nil; in != (off != nil) {
					t.Errorf("round %d.%d: turned off %v, belongs %v", round, after, off == nil, in)
				}
				if err := e.publishes(bot, widget(fmt.Sprintf("2.%d.%d", round, after))); (err == nil) != (off != nil) {
					t.Errorf("round %d.%d: turned off %v, publishing: %v", round, after, off == nil, err)
				}
				if _, _, err := w.Orgs.Get(ctx, browser(ivy), "acme"); err == nil {
					t.Errorf("round %d.%d: ivy is in without a factor", round, after)
				}
				must(t, w.Orgs.Tend(ctx))
			}
			must(t, w.Orgs.StopEnforcing(ctx, access.Console(), "acme"))
		}
	})
}

func TestRequirementIsNotSetAgainAndAgain(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		e := newEnforced(t, w)
		in := org.Enforcement{Requires: org.AnyFactor, From: w.Now().Add(30 * 24 * time.Hour), Confirm: "acme"}
		var err error
		for i := 0; err == nil && i < 20; i++ {
			err = w.Orgs.Enforce(t.Context(), e.ann, "acme", in)
		}
		kind(t, "each time writes to everybody without a factor", err, errs.RateLimited)
	})
}
