package account_test

import (
	"errors"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/account/accounttest"
)

func TestRequestIsConfirmedOnceHoweverManyTry(t *testing.T) {
	recovering(t, func(t *testing.T, w *world, _ string) {
		link := w.lost()
		won, lost := accounttest.Race(func(int) error {
			return w.AnswerRecovery(t.Context(), visitor(7), link, true)
		})
		if won != 1 {
			t.Errorf("confirmed %d times", won)
		}
		for _, err := range lost {
			w.Is(err, account.ErrLink)
		}
		w.Logged("account.recovery_confirmed", 1)
	})
}

func TestRequestIsEndedOnceHoweverManyTry(t *testing.T) {
	recovering(t, func(t *testing.T, w *world, _ string) {
		link := w.lost()
		won, lost := accounttest.Race(func(int) error {
			return w.AnswerRecovery(t.Context(), visitor(7), link, false)
		})
		if won != 1 {
			t.Errorf("ended %d times", won)
		}
		for _, err := range lost {
			w.Is(err, account.ErrLink)
		}
		w.Logged("account.recovery_cancelled", 1)
	})
}

// Ending and approving at once: one of them happens, and not both.
func TestRequestIsEitherEndedOrApproved(t *testing.T) {
	recovering(t, func(t *testing.T, w *world, _ string) {
		link := w.lost()
		w.OK(w.AnswerRecovery(t.Context(), visitor(7), link, true))
		w.Pass(account.RecoveryWait)
		won, lost := accounttest.Race(func(i int) error {
			if i%2 == 0 {
				return w.AnswerRecovery(t.Context(), visitor(7), link, false)
			}
			return w.ApproveRecovery(t.Context(), access.Console(), "ann")
		})
		if won != 1 {
			t.Errorf("decided %d times", won)
		}
		for _, err := range lost {
			if !errors.Is(err, account.ErrLink) && !errors.Is(err, account.ErrNoRecovery) {
				t.Error(err)
			}
		}
		approved := w.Rows(`SELECT COUNT(*) FROM recoveries WHERE state = 'approved'`)
		off := w.Rows(`SELECT COUNT(*) FROM two_factor WHERE enabled_at IS NULL`)
		if approved != off {
			t.Errorf("approved %d, off %d", approved, off)
		}
	})
}

func TestUnconfirmedRequestGivesWayToANewOne(t *testing.T) {
	recovering(t, func(t *testing.T, w *world, _ string) {
		first := w.lost()
		second := w.lost()
		_, _, err := w.RecoveryLink(t.Context(), first)
		w.Is(err, account.ErrLink)
		w.Is(w.AnswerRecovery(t.Context(), visitor(7), first, true), account.ErrLink)
		w.OK(w.AnswerRecovery(t.Context(), visitor(7), second, true))
	})
}

func TestRequestsAreMailedOnlySoOften(t *testing.T) {
	recovering(t, func(t *testing.T, w *world, _ string) {
		for range w.Config.Limits.MailRate.N {
			w.lost()
		}
		err := w.AskRecovery(t.Context(), visitor(7), w.halfIn("ann"), "once more")
		w.Is(err, account.ErrRecovering)
		w.Quiet()
	})
}

func TestRequestEndsWithTime(t *testing.T) {
	recovering(t, func(t *testing.T, w *world, _ string) {
		link := w.lost()
		w.Pass(account.RecoveryLife - time.Second)
		_, _, err := w.RecoveryLink(t.Context(), link)
		w.OK(err)
		w.Pass(time.Second)
		_, _, err = w.RecoveryLink(t.Context(), link)
		w.Is(err, account.ErrLink)
		w.OK(w.Sweep(t.Context()))
		if n := w.Rows(`SELECT COUNT(*) FROM recoveries`); n != 0 {
			t.Errorf("%d are left", n)
		}
	})
}

func TestLinkOfARequestIsStoredAsAHashOnly(t *testing.T) {
	recovering(t, func(t *testing.T, w *world, _ string) {
		link := w.lost()
		n := w.Rows(`SELECT COUNT(*) FROM recoveries WHERE link_hash = ? OR reason LIKE '%' || ? || '%'`, link, link)
		if n != 0 {
			t.Error("the link is stored as it is")
		}
		for _, guess := range []string{
			"",
			"x",
			link[:25],
			link + "A",
			"\x00",
		} {
			_, _, err := w.RecoveryLink(t.Context(), guess)
			w.Is(err, account.ErrLink)
			w.Is(w.AnswerRecovery(t.Context(), visitor(7), guess, true), account.ErrLink)
		}
	})
}

// A mailed code is no second factor that could be lost.
func TestWhoHasNoFactorCannotLoseIt(t *testing.T) {
	mailing(t, func(t *testing.T, w *world) {
		pending := w.SignedIn("ann").Pending
		w.mailedCode()
		err := w.AskRecovery(t.Context(), visitor(7), pending, "lost")
		w.Is(err, account.ErrPending)
		w.Quiet()
	})
}

func TestLockedAccountIsNotRecoveredThisWay(t *testing.T) {
	recovering(t, func(t *testing.T, w *world, session string) {
		w.OK(w.AnswerRecovery(t.Context(), visitor(7), w.lost(), true))
		w.OK(w.Lock(t.Context(), w.As(session)))
		w.Pass(account.RecoveryWait)
		err := w.ApproveRecovery(t.Context(), access.Console(), "ann")
		w.Is(err, account.ErrRecoveryOld)
	})
}

func TestDenyingTellsTheOwner(t *testing.T) {
	recovering(t, func(t *testing.T, w *world, _ string) {
		w.OK(w.AnswerRecovery(t.Context(), visitor(7), w.lost(), true))
		w.Mails()
		w.OK(w.DenyRecovery(t.Context(), access.Console(), "ann"))
		w.Mailed("ann@example.com", "is over")
		err := w.DenyRecovery(t.Context(), access.Console(), "ann")
		w.Is(err, account.ErrNoRecovery)
		err = w.DenyRecovery(t.Context(), access.Console(), "nobody")
		w.Is(err, account.ErrNotFound)
	})
}
