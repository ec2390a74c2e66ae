package account_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/limit"
)

// gone expects that a session stands for nobody.
func (w *world) gone(id string) {
	w.t.Helper()
	if a := w.as(id); !reflect.DeepEqual(a, visitor(7)) {
		w.t.Fatalf("session %s stands for %+v", id, a)
	}
}

func TestSessionStandsForItsUserWithTheRequestsAddress(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := w.person("ann")
		by := access.Anonymous(netip.MustParseAddr("::ffff:198.51.100.4"), "other")
		a, err := w.ActorFor(t.Context(), by, s.ID)
		w.ok(err)
		want := access.Actor{
			UserID: s.User.ID, Name: "ann", Via: access.ViaBrowser, EmailVerified: true, SessionID: s.ID,
			SudoUntil: w.at.Add(access.SudoFor), IP: netip.MustParseAddr("198.51.100.4"), Agent: "other",
		}
		if !reflect.DeepEqual(a, want) {
			t.Errorf("got %+v\nwant %+v", a, want)
		}
		for _, id := range []string{"", "nonsense", s.User.ID} {
			w.gone(id)
		}
	})
}

func TestSessionEndsWhenUnusedOrAfterItsLife(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		idle := w.signIn("ann")
		w.pass(time.Hour - time.Second)
		if !w.as(idle.ID).SignedIn() {
			t.Fatal("ended early")
		}
		w.pass(time.Hour) // 1 h since it was last seen
		w.gone(idle.ID)
		w.gone(idle.ID) // looking at it does not bring it back

		busy := w.signIn("ann")
		for range 12*60/5 - 1 {
			w.pass(5 * time.Minute)
			if !w.as(busy.ID).SignedIn() {
				t.Fatal("ended while in use")
			}
		}
		w.ok(w.Confirm(t.Context(), w.as(busy.ID), good)) // does not prolong it
		w.pass(5 * time.Minute)
		w.gone(busy.ID)
	})
}

func TestUseIsWrittenDownAtMostOnceAMinute(t *testing.T) {
	w := sqlite(t)
	s := w.person("ann")
	seen := func() (at time.Time) {
		w.ok(w.db.Get(t.Context(), &at, `SELECT seen_at FROM sessions`))
		return at
	}
	before := seen()
	for range 59 {
		w.pass(time.Second)
		w.as(s.ID)
	}
	if !seen().Equal(before) {
		t.Error("written within a minute")
	}
	w.pass(time.Second)
	w.as(s.ID)
	if !seen().Equal(w.at) {
		t.Error("not written after a minute")
	}
}

func TestSignedOutSessionIsNotBroughtBackByASlowRequest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := w.person("ann")
		w.pass(2 * time.Minute)
		slow := w.as(s.ID) // a request that has begun
		w.ok(w.SignOut(t.Context(), slow))
		w.gone(s.ID)
		// What the slow request goes on to do changes nothing.
		w.is(w.Confirm(t.Context(), slow, good), account.ErrSessionEnded)
		w.is(w.ChangePassword(t.Context(), slow, "another good password"), account.ErrSessionEnded)
		w.is(w.UpdateProfile(t.Context(), slow, account.Profile{FullName: "x"}), account.ErrSessionEnded)
		w.gone(s.ID)
		w.ok(w.SignOut(t.Context(), slow))
		w.logged("session.ended", 1)
	})
}

func TestParallelUseNeverOutlivesASignOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := w.person("ann")
		w.pass(2 * time.Minute) // so that every request wants to write that it was seen
		a := w.as(s.ID)
		w.pass(2 * time.Minute)
		race(func(i int) error {
			if i == 25 {
				return w.SignOut(t.Context(), a)
			}
			_, err := w.ActorFor(t.Context(), visitor(7), s.ID)
			return err
		})
		w.ok(w.SignOut(t.Context(), a)) // PostgreSQL may have given up on the first
		w.gone(s.ID)
	})
}

func TestOldestSessionEndsWhenThereAreMoreThanTwenty(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		var ids []string
		for range 21 {
			w.pass(time.Second)
			ids = append(ids, w.signIn("ann").ID)
		}
		w.gone(ids[0])
		for _, id := range ids[1:] {
			if !w.as(id).SignedIn() {
				t.Error("a newer one ended")
			}
		}
		if n := w.count(`SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL`); n != 20 {
			t.Errorf("%d sessions", n)
		}
		w.logged("session.ended", 2) // the one of person, too
	})
}

func TestConfirmingLastsFiveMinutesAndOthersPasswordsDoNotDo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, err := w.Create(t.Context(), access.Console(), account.NewAccount{
			Name: "bob", Email: "bob@example.com", Password: "the password of bob instead",
		})
		w.ok(err)
		s := w.person("ann")
		if !w.now().Before(w.as(s.ID).SudoUntil) {
			t.Error("signing in is no proof")
		}
		w.pass(access.SudoFor)
		a := w.as(s.ID)
		w.is(w.ChangePassword(t.Context(), a, "another good password"), access.ErrSudo)
		fields(t, w.Confirm(t.Context(), a, "the password of bob instead"), "password")
		w.is(w.ChangePassword(t.Context(), w.as(s.ID), "another good password"), access.ErrSudo)
		w.ok(w.Confirm(t.Context(), a, good))
		if got := w.as(s.ID).SudoUntil; !got.Equal(w.at.Add(access.SudoFor)) {
			t.Errorf("until %v", got)
		}
		w.is(w.Confirm(t.Context(), visitor(7), good), access.ErrUnauthenticated)
		w.logged("session.confirmed", 1)
		w.logged("session.failed", 1)
	})
}

func TestConfirmingIsLimitedTogetherWithSigningIn(t *testing.T) {
	w := sqlite(t)
	s := w.person("ann")
	for i := range 10 {
		by := w.as(s.ID)
		by.IP = netip.MustParseAddr(fmt.Sprintf("198.51.100.%d", i))
		fields(t, w.Confirm(t.Context(), by, "a wrong password"), "password")
	}
	w.is(w.Confirm(t.Context(), w.as(s.ID), good), limit.ErrTooMany)
	w.is(w.trySignIn(visitor(50), "ann", good), limit.ErrTooMany)
	if !w.as(s.ID).SignedIn() {
		t.Error("the session ended")
	}
}

func TestSigningOutWithoutASessionIsFine(t *testing.T) {
	w := sqlite(t)
	w.ok(w.SignOut(t.Context(), visitor(7)))
}

func TestTokenActorCannotTouchSessionsOrPasswords(t *testing.T) {
	w := sqlite(t)
	by := w.as(w.person("ann").ID)
	by.Via, by.Grant = "token", &access.Grant{TokenID: "t"}
	w.is(w.SignOut(t.Context(), by), access.ErrTokenTooWeak)
	w.is(w.Confirm(t.Context(), by, good), access.ErrTokenTooWeak)
	w.is(w.ChangePassword(t.Context(), by, "another good password"), access.ErrTokenTooWeak)
	w.is(w.ResendVerification(t.Context(), by), access.ErrTokenTooWeak)
}

func TestSweepKeepsWhatIsStillOfUse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		w.pass(30 * 24 * time.Hour)
		w.ok(w.Sweep(t.Context()))
		if n := w.count(`SELECT COUNT(*) FROM sessions`); n != 1 {
			t.Errorf("%d sessions before 30 days after the deadline", n)
		}
		fresh := w.signIn("ann")
		w.ok(w.ForgotPassword(t.Context(), visitor(7), "ann"))
		w.pass(12 * time.Hour)
		w.ok(w.ForgotPassword(t.Context(), visitor(7), "ann"))
		w.ok(w.Sweep(t.Context()))
		if n := w.count(`SELECT COUNT(*) FROM sessions WHERE id = ?`, fresh.ID); n != 1 || w.count(`SELECT COUNT(*) FROM sessions`) != 1 {
			t.Error("the wrong sessions were swept")
		}
		if n := w.count(`SELECT COUNT(*) FROM links`); n != 1 {
			t.Errorf("%d links", n)
		}
	})
}
