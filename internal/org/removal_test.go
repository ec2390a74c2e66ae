package org_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/app/apptest"
	"latchkey/internal/errs"
	"latchkey/internal/org"
)

func TestRemindersAreForThoseWithoutAndRare(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx, e := t.Context(), newEnforced(t, w)
		kind(t, "a member", w.Orgs.Remind(ctx, e.mia, "acme", "bob"), errs.Forbidden)
		kind(t, "one who has it", w.Orgs.Remind(ctx, e.ann, "acme", "mia"), errs.NotFound)
		must(t, w.Orgs.Remind(ctx, e.ann, "acme", "bob"))
		kind(t, "again", w.Orgs.Remind(ctx, e.ann, "acme", "bob"), errs.RateLimited)
		must(t, w.Orgs.Remind(ctx, e.ann, "acme", "")) // bob was reminded today
		kind(t, "all again", w.Orgs.Remind(ctx, e.ann, "acme", ""), errs.RateLimited)
		reminded := func() (n int) {
			for _, m := range w.Mails("bob@example.com") {
				if strings.HasPrefix(m.Subject, "Set up two-factor") {
					n++
				}
			}
			return n
		}
		if n := reminded(); n != 1 {
			t.Errorf("%d letters to bob", n)
		}
		w.Advance(25 * time.Hour)
		e.ann.SudoUntil, e.ann.SessionID = w.Now().Add(time.Minute), "" // the session of yesterday is over
		must(t, w.Orgs.Remind(ctx, e.ann, "acme", ""))
		if n := reminded(); n != 2 {
			t.Errorf("%d letters to bob", n)
		}
		for _, m := range w.Mails("mia@example.com") {
			if strings.HasPrefix(m.Subject, "Set up") {
				t.Error("mia is reminded")
			}
		}
	})
}

// With more members than one round removes or reminds.
func TestManyAreRemovedAndRemindedBitByBit(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx, e := t.Context(), newEnforced(t, w)
		populate(t, w, "acme", 250, false)
		must(t, w.Orgs.Remind(ctx, e.ann, "acme", ""))
		if n := len(w.Mails("p00249@example.com")); n != 1 {
			t.Errorf("%d letters", n)
		}
		must(t, e.enforce(org.Enforcement{Requires: org.AnyFactor}))
		if _, _, err := w.Orgs.Get(ctx, access.Actor{UserID: "p00249", Name: "p00249", Via: access.ViaBrowser}, "acme"); !errors.Is(err, access.ErrHidden) {
			t.Errorf("one of the last: %v", err)
		}
		must(t, w.Orgs.Tend(ctx))
		must(t, w.Orgs.Tend(ctx))
		if got := e.members(); got != "ann mia" {
			t.Errorf("members: %s", got)
		}
	})
}
