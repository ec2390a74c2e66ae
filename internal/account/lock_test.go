package account_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/account/accounttest"
	"latchkey/internal/audit"
)

// recover goes the way that a locked account is opened.
func (w *world) recover(password string) {
	w.T.Helper()
	w.OK(w.ForgotPassword(w.T.Context(), visitor(7), "ann"))
	w.OK(w.ResetPassword(w.T.Context(), visitor(7), w.mailed("ann@example.com", "Choose a new password"), password))
}

func TestLockedAccountDoesNothingUntilItIsRecovered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann, other := w.Somebody("ann"), w.SignedIn("ann")
		w.Mails()
		w.OK(w.ForgotPassword(t.Context(), visitor(66), "ann")) // by whoever reads her mail
		stolen := w.mailed("ann@example.com", "Choose a new password")
		w.OK(w.Lock(t.Context(), w.As(ann.ID)))
		w.Mailed("ann@example.com", "is locked")
		w.gone(ann.ID)
		w.gone(other.ID)
		w.Is(w.trySignIn(visitor(7), "ann", good), access.ErrLocked)
		accounttest.Fields(t, w.trySignIn(visitor(7), "ann", "a wrong password"), "password") // who cannot prove it learns nothing
		w.Is(w.ResetPassword(t.Context(), visitor(66), stolen, "another good password"), account.ErrLink)

		w.recover("another good password")
		w.Mailed("ann@example.com", "was reset")
		w.OK(w.trySignIn(visitor(7), "ann", "another good password"))
		w.Logged("account.locked", 1)
		w.Logged("account.unlocked", 1)
	})
}

func TestEveryLetterAboutAnAccountLocksItOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.Somebody("ann")
		w.Mails()
		w.OK(w.ChangePassword(t.Context(), w.As(ann.ID), "another good password"))
		link := accounttest.Link(w.Mailed("ann@example.com", "was changed"), "lock")
		for range 3 {
			if name, err := w.LockLink(t.Context(), link); err != nil || name != "ann" {
				t.Fatalf("shows %q, %v", name, err)
			}
		}
		if !w.As(ann.ID).SignedIn() {
			t.Fatal("looking locks")
		}
		won, lost := accounttest.Race(func(int) error { return w.LockByLink(t.Context(), visitor(99), link) })
		if won != 1 {
			t.Errorf("used %d times", won)
		}
		for _, err := range lost {
			w.Is(err, account.ErrLink)
		}
		w.gone(ann.ID)
		w.Logged("account.locked", 1)
		w.Mailed("ann@example.com", "is locked")
		w.recover("a third good password")
		w.Is(w.LockByLink(t.Context(), visitor(99), link), account.ErrLink)
	})
}

func TestLockLinkWorksForAMonthAndForNothingElse(t *testing.T) {
	w := sqlite(t)
	ann := w.Somebody("ann")
	w.Mails()
	w.OK(w.ChangePassword(t.Context(), w.As(ann.ID), "another good password"))
	link := accounttest.Link(w.Mailed("ann@example.com", "was changed"), "lock")
	w.Is(w.ResetPassword(t.Context(), visitor(7), link, "a third good password"), account.ErrLink)
	w.Pass(account.LockLife - time.Second)
	if _, err := w.LockLink(t.Context(), link); err != nil {
		t.Error(err)
	}
	w.Pass(time.Second)
	w.Is(w.LockByLink(t.Context(), visitor(7), link), account.ErrLink)
}

func TestOperatorOpensALockedAccount(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.Somebody("ann")
		w.Is(w.Unlock(t.Context(), access.Console(), "ann"), account.ErrNotLocked)
		w.OK(w.Lock(t.Context(), w.As(ann.ID)))
		w.Mails()
		w.Is(w.Unlock(t.Context(), w.As(w.Somebody("eve").ID), "ann"), access.ErrHidden)
		w.Is(w.Unlock(t.Context(), access.Console(), "nobody"), account.ErrNotFound)
		w.OK(w.Unlock(t.Context(), access.Console(), "ann"))
		w.Mailed("ann@example.com", "open again")
		w.OK(w.trySignIn(visitor(7), "ann", good))
	})
}

func TestHeldAccountIsReadOnlyForThreeDaysAndNotLonger(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.Somebody("ann")
		w.Mails()
		start, by := w.Now(), w.As(ann.ID)
		hold := func() {
			w.OK(w.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				return w.Hold(ctx, tx, by, ann.User.ID, access.HeldAfterRecoveryCode)
			}))
		}
		hold()
		w.Mailed("ann@example.com", "read-only for 3 days")
		w.Pass(30 * time.Minute)
		hold() // does not prolong it
		w.Quiet()
		by = w.As(ann.ID)
		if !by.Hold.Until.Equal(start.Add(access.HoldFor)) || by.Hold.Reason != access.HeldAfterRecoveryCode {
			t.Errorf("held %+v", by.Hold)
		}
		w.Is(w.UpdateProfile(t.Context(), by, account.Profile{FullName: "Ann"}), access.ErrHeld)
		if _, err := w.Profile(t.Context(), by); err != nil {
			t.Error("cannot read:", err)
		}
		w.Pass(access.HoldFor - 30*time.Minute)
		w.OK(w.UpdateProfile(t.Context(), w.As(w.SignedIn("ann").ID), account.Profile{FullName: "Ann"}))
		w.Logged("account.held", 1)
	})
}

func TestBrowsersAreListedAndSignedOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		here := w.Somebody("ann")
		eve := w.Somebody("eve")
		w.Pass(time.Minute)
		one, two := w.SignedIn("ann"), w.SignedIn("ann")
		w.Mails()
		by := w.As(here.ID)
		list, err := w.Browsers(t.Context(), by)
		w.OK(err)
		if len(list) != 3 || list[2].Agent != accounttest.Firefox || list[2].IP != "203.0.113.7" || list[2].CreatedAt.IsZero() {
			t.Errorf("%+v", list)
		}
		w.Is(w.EndBrowser(t.Context(), by, eve.ID), account.ErrNoSession)
		w.OK(w.EndBrowser(t.Context(), by, one.ID))
		w.Mailed("ann@example.com", "signed out")
		w.gone(one.ID)
		w.Is(w.EndBrowser(t.Context(), by, one.ID), account.ErrNoSession)
		w.OK(w.EndOtherBrowsers(t.Context(), by))
		w.Mailed("ann@example.com", "signed out")
		w.OK(w.EndOtherBrowsers(t.Context(), by)) // there are none
		w.Quiet()
		w.gone(two.ID)
		if !w.As(here.ID).SignedIn() || !w.As(eve.ID).SignedIn() {
			t.Error("too many were signed out")
		}
		three := w.SignedIn("ann")
		w.OK(w.EndEverything(t.Context(), w.As(three.ID)))
		w.gone(here.ID)
		w.gone(three.ID)
		w.Is(w.EndEverything(t.Context(), by), access.ErrUnauthenticated)
	})
}

func TestThirdWrongPasswordInASessionIsMailedOnce(t *testing.T) {
	w := sqlite(t)
	by := w.As(w.Somebody("ann").ID)
	w.Mails()
	for i := range 5 {
		accounttest.Fields(t, w.Confirm(t.Context(), by, "a wrong password"), "password")
		if i == 2 {
			w.Mailed("ann@example.com", "Wrong passwords")
		} else {
			w.Quiet()
		}
	}
	w.OK(w.Confirm(t.Context(), by, good))
	for range 3 {
		accounttest.Fields(t, w.Confirm(t.Context(), by, "a wrong password"), "password")
	}
	w.Mailed("ann@example.com", "Wrong passwords")
}

func TestFailedSignInsAreInTheLogOfTheAccount(t *testing.T) {
	w := sqlite(t)
	ann := w.Somebody("ann")
	_ = w.trySignIn(visitor(9), "ann", "a wrong password")
	_ = w.trySignIn(visitor(9), "nobody", "a wrong password")
	if n := w.Rows(`SELECT COUNT(*) FROM audit_log WHERE event = ? AND account_id = ?`, audit.SessionFailed, ann.User.ID); n != 1 {
		t.Errorf("%d", n)
	}
	if err := w.Lock(t.Context(), visitor(7)); !errors.Is(err, access.ErrUnauthenticated) {
		t.Error(err)
	}
}

func TestRecoveryHoldsForTheWholeTimeWhateverHeldBefore(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.Somebody("ann").User
		hold := func(reason access.Reason) {
			t.Helper()
			w.OK(w.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return w.Hold(ctx, tx, access.Console(), u.ID, reason) }))
		}
		left := func() time.Duration {
			t.Helper()
			return w.As(w.SignedIn("ann").ID).Hold.Until.Sub(w.Now())
		}
		hold(access.HeldAfterRecoveryCode)
		w.Pass(70 * time.Hour)
		hold(access.HeldAfterRecoveryCode)
		if d := left(); d != 2*time.Hour {
			t.Errorf("a second code: %v are left", d)
		}
		hold(access.HeldAfterRecovery)
		if d := left(); d != access.HoldFor {
			t.Errorf("a recovery: %v are left", d)
		}
	})
}
