package account_test

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/account/accounttest"
)

// gone expects that a session stands for nobody.
func (w *world) gone(id string) {
	w.T.Helper()
	if a := w.As(id); !reflect.DeepEqual(a, visitor(7)) {
		w.T.Fatalf("session %s stands for %+v", id, a)
	}
}

func TestSessionStandsForItsUserWithTheRequestsAddress(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := w.Somebody("ann")
		by := access.Anonymous(netip.MustParseAddr("::ffff:198.51.100.4"), "other")
		a, err := w.ActorFor(t.Context(), by, s.ID)
		w.OK(err)
		want := access.Actor{
			UserID: s.User.ID, Name: "ann", Via: access.ViaBrowser, EmailVerified: true, SessionID: s.ID,
			SudoUntil: w.Now().Add(access.SudoFor), IP: netip.MustParseAddr("198.51.100.4"), Agent: "other",
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
		w.Somebody("ann")
		idle := w.SignedIn("ann")
		w.Pass(time.Hour - time.Second)
		if !w.As(idle.ID).SignedIn() {
			t.Fatal("ended early")
		}
		w.Pass(time.Hour) // 1 h since it was last seen
		w.gone(idle.ID)
		w.gone(idle.ID) // looking at it does not bring it back

		busy := w.SignedIn("ann")
		for range 12*60/5 - 1 {
			w.Pass(5 * time.Minute)
			if !w.As(busy.ID).SignedIn() {
				t.Fatal("ended while in use")
			}
		}
		w.OK(w.Confirm(t.Context(), w.As(busy.ID), good)) // does not prolong it
		w.Pass(5 * time.Minute)
		w.gone(busy.ID)
	})
}

func TestUseIsWrittenDownAtMostOnceAMinute(t *testing.T) {
	w := sqlite(t)
	s := w.Somebody("ann")
	seen := func() (at time.Time) {
		w.OK(w.DB.Get(t.Context(), &at, `SELECT seen_at FROM sessions`))
		return at
	}
	before := seen()
	for range 59 {
		w.Pass(time.Second)
		w.As(s.ID)
	}
	if !seen().Equal(before) {
		t.Error("written within a minute")
	}
	w.Pass(time.Second)
	w.As(s.ID)
	if !seen().Equal(w.Now()) {
		t.Error("not written after a minute")
	}
}

func TestSignedOutSessionIsNotBroughtBackByASlowRequest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := w.Somebody("ann")
		w.Pass(2 * time.Minute)
		slow := w.As(s.ID) // a request that has begun
		w.OK(w.SignOut(t.Context(), slow))
		w.gone(s.ID)
		// What the slow request goes on to do changes nothing.
		w.Is(w.Confirm(t.Context(), slow, good), account.ErrSessionEnded)
		w.Is(w.ChangePassword(t.Context(), slow, "another good password"), access.ErrUnauthenticated)
		w.Is(w.UpdateProfile(t.Context(), slow, account.Profile{FullName: "x"}), access.ErrUnauthenticated)
		w.gone(s.ID)
		w.OK(w.SignOut(t.Context(), slow))
		w.Logged("session.ended", 1)
	})
}

func TestParallelUseNeverOutlivesASignOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := w.Somebody("ann")
		w.Pass(2 * time.Minute) // so that every request wants to write that it was seen
		a := w.As(s.ID)
		w.Pass(2 * time.Minute)
		accounttest.Race(func(i int) error {
			if i == 25 {
				return w.SignOut(t.Context(), a)
			}
			_, err := w.ActorFor(t.Context(), visitor(7), s.ID)
			return err
		})
		w.OK(w.SignOut(t.Context(), a)) // PostgreSQL may have given up on the first
		w.gone(s.ID)
	})
}

func TestOldestSessionEndsWhenThereAreMoreThanTwenty(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Somebody("ann")
		var ids []string
		for range 21 {
			w.Pass(time.Second)
			ids = append(ids, w.SignedIn("ann").ID)
		}
		w.gone(ids[0])
		for _, id := range ids[1:] {
			if !w.As(id).SignedIn() {
				t.Error("a newer one ended")
			}
		}
		if n := w.Rows(`SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL`); n != 20 {
			t.Errorf("%d sessions", n)
		}
		w.Logged("session.ended", 2) // the one of person, too
	})
}

func TestConfirmingLastsFiveMinutesAndOthersPasswordsDoNotDo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, err := w.Create(t.Context(), access.Console(), account.NewAccount{
			Name: "bob", Email: "bob@example.com", Password: "the password of bob instead",
		})
		w.OK(err)
		s := w.Somebody("ann")
		if !w.Now().Before(w.As(s.ID).SudoUntil) {
			t.Error("signing in is no proof")
		}
		w.Pass(access.SudoFor)
		a := w.As(s.ID)
		w.Is(w.ChangePassword(t.Context(), a, "another good password"), access.ErrSudo)
		accounttest.Fields(t, w.Confirm(t.Context(), a, "the password of bob instead"), "password")
		w.Is(w.ChangePassword(t.Context(), w.As(s.ID), "another good password"), access.ErrSudo)
		w.OK(w.Confirm(t.Context(), a, good))
		if got := w.As(s.ID).SudoUntil; !got.Equal(w.Now().Add(access.SudoFor)) {
			t.Errorf("until %v", got)
		}
		w.Is(w.Confirm(t.Context(), visitor(7), good), access.ErrUnauthenticated)
		w.Logged("session.confirmed", 1)
		w.Logged("session.failed", 1)
	})
}

func TestSigningOutWithoutASessionIsFine(t *testing.T) {
	w := sqlite(t)
	w.OK(w.SignOut(t.Context(), visitor(7)))
}

func TestTokenActorCannotTouchSessionsOrPasswords(t *testing.T) {
	w := sqlite(t)
	by := w.As(w.Somebody("ann").ID)
	by.Via, by.Grant = "token", &access.Grant{TokenID: "t"}
	w.Is(w.SignOut(t.Context(), by), access.ErrTokenTooWeak)
	w.Is(w.Confirm(t.Context(), by, good), access.ErrTokenTooWeak)
	w.Is(w.ChangePassword(t.Context(), by, "another good password"), access.ErrTokenTooWeak)
	w.Is(w.ResendVerification(t.Context(), by), access.ErrTokenTooWeak)
}

func TestSweepKeepsWhatIsStillOfUse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Somebody("ann")
		w.Pass(30 * 24 * time.Hour)
		w.OK(w.Sweep(t.Context()))
		if n := w.Rows(`SELECT COUNT(*) FROM sessions`); n != 1 {
			t.Errorf("%d sessions before 30 days after the deadline", n)
		}
		fresh := w.SignedIn("ann")
		w.OK(w.ForgotPassword(t.Context(), visitor(7), "ann"))
		w.Pass(12 * time.Hour)
		w.OK(w.ForgotPassword(t.Context(), visitor(7), "ann"))
		w.OK(w.Sweep(t.Context()))
		if n := w.Rows(`SELECT COUNT(*) FROM sessions WHERE id = ?`, fresh.ID); n != 1 || w.Rows(`SELECT COUNT(*) FROM sessions`) != 1 {
			t.Error("the wrong sessions were swept")
		}
		if n := w.Rows(`SELECT COUNT(*) FROM links WHERE purpose = 'reset'`); n != 1 {
			t.Errorf("%d links", n)
		}
	})
}
