package account_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/account/accounttest"
	"latchkey/internal/twofactor"
)

// withApp turns a person's second factor on and returns what their app shows.
func (w *world) withApp(name string) (id string, code func() string) {
	w.T.Helper()
	s := w.Somebody(name)
	by := w.As(s.ID)
	w.OK(w.Factors.BeginApp(w.T.Context(), by, access.AuthAndWrites))
	d, err := w.Factors.AppDraft(w.T.Context(), by)
	w.OK(err)
	code = func() string {
		c, err := totp.GenerateCode(d.Secret, w.Now())
		w.OK(err)
		return c
	}
	_, err = w.Factors.ConfirmApp(w.T.Context(), by, d.ID, code())
	w.OK(err)
	w.OK(w.Factors.Downloaded(w.T.Context(), by))
	on, err := w.SaveCodes(w.T.Context(), by, "")
	w.OK(err)
	if !on {
		w.T.Fatal("it is not on")
	}
	w.Pass(time.Minute)
	return s.ID, code
}

// halfIn gives the right password of an account with a second factor.
func (w *world) halfIn(name string) string {
	w.T.Helper()
	s := w.SignedIn(name)
	if s.Pending == "" || s.ID != "" {
		w.T.Fatalf("a password alone signs in: %+v", s)
	}
	return s.Pending
}

func TestPasswordAloneOpensNothingWithASecondFactor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id, code := w.withApp("ann")
		if by := w.As(id); by.Factor != access.AuthAndWrites || !by.Verified {
			t.Errorf("the browser that turned it on: %+v", by)
		}
		before := w.Rows(`SELECT COUNT(*) FROM sessions`)
		pending := w.halfIn("ann")
		if n := w.Rows(`SELECT COUNT(*) FROM sessions`); n != before {
			t.Error("there is a session")
		}
		if by := w.As(pending); by.SignedIn() {
			t.Error("the unfinished sign-in is one")
		}
		_, err := w.FinishSignIn(t.Context(), visitor(7), pending, twofactor.Answer{Code: "000000"})
		w.Is(err, twofactor.ErrCode)
		s, err := w.FinishSignIn(t.Context(), visitor(7), pending, twofactor.Answer{Code: code()})
		w.OK(err)
		if by := w.As(s.ID); !by.Verified || by.Name != "ann" {
			t.Errorf("%+v", by)
		}
		w.Pass(time.Minute)
		_, err = w.FinishSignIn(t.Context(), visitor(7), pending, twofactor.Answer{Code: code()})
		w.Is(err, account.ErrPending)
	})
}

func TestUnfinishedSignInEndsOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, code := w.withApp("ann")
		pending, now := w.halfIn("ann"), code()
		before := w.Rows(`SELECT COUNT(*) FROM sessions`)
		won, _ := accounttest.Race(func(int) error {
			_, err := w.FinishSignIn(t.Context(), visitor(7), pending, twofactor.Answer{Code: now})
			return err
		})
		if n := w.Rows(`SELECT COUNT(*) FROM sessions`); won != 1 || n != before+1 {
			t.Errorf("%d of 50 came in, %d sessions", won, n-before)
		}
	})
}

func TestUnfinishedSignInEndsWithTimeAndWithThePassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id, code := w.withApp("ann")
		late, replaced := w.halfIn("ann"), w.halfIn("ann")
		w.OK(w.ChangePassword(t.Context(), w.As(id), "another password, as long as it"))
		_, err := w.FinishSignIn(t.Context(), visitor(7), replaced, twofactor.Answer{Code: code()})
		w.Is(err, account.ErrPending)
		w.Pass(account.PendingLife)
		_, err = w.Pending(t.Context(), visitor(7), late)
		w.Is(err, account.ErrPending)
		_, err = w.Pending(t.Context(), visitor(7), "")
		w.Is(err, account.ErrPending)
	})
}

func TestConfirmingTakesTheSecondFactor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id, code := w.withApp("ann")
		w.Pass(access.SudoFor)
		by := w.As(id)
		w.Is(w.ChangePassword(t.Context(), by, "another password, as long as it"), access.ErrSudo)
		w.Is(w.Confirm(t.Context(), by, good), account.ErrUseFactor)
		w.Is(w.ConfirmWith(t.Context(), by, twofactor.Answer{Code: "000000"}), twofactor.ErrCode)
		w.OK(w.ConfirmWith(t.Context(), by, twofactor.Answer{Code: code()}))
		w.OK(w.ChangePassword(t.Context(), w.As(id), "another password, as long as it"))
		bob := w.Somebody("bob")
		w.Is(w.ConfirmWith(t.Context(), w.As(bob.ID), twofactor.Answer{Code: code()}), twofactor.ErrCode)
	})
}

func TestSignInWithARecoveryCodeHoldsTheAccount(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id, _ := w.withApp("ann")
		by := w.As(id)
		w.OK(w.Factors.NewCodes(t.Context(), by))
		d, err := w.Factors.NewCodesOf(t.Context(), by)
		w.OK(err)
		_, err = w.SaveCodes(t.Context(), by, d.Codes[0])
		w.OK(err)
		s, err := w.FinishSignIn(t.Context(), visitor(7), w.halfIn("ann"), twofactor.Answer{Code: d.Codes[0]})
		w.OK(err)
		held := w.As(s.ID)
		w.Is(access.Check(held, access.PackagePublish, access.Facts{Standing: access.Owner}, w.Now()), access.ErrHeld)
		w.Is(w.Factors.TurnOff(t.Context(), held), access.ErrHeld)
		w.OK(w.Factors.BeginApp(t.Context(), held, access.AuthAndWrites)) // a new factor may be added
		w.Logged("account.held", 1)
	})
}

func TestConfirmingWithARecoveryCodeHoldsTheAccountToo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id, _ := w.withApp("ann")
		by := w.As(id)
		w.OK(w.Factors.NewCodes(t.Context(), by))
		d, err := w.Factors.NewCodesOf(t.Context(), by)
		w.OK(err)
		_, err = w.SaveCodes(t.Context(), by, d.Codes[0])
		w.OK(err)
		w.OK(w.ConfirmWith(t.Context(), by, twofactor.Answer{Code: d.Codes[0]}))
		w.Is(w.Factors.TurnOff(t.Context(), w.As(id)), access.ErrHeld)
		w.Logged("account.held", 1)
	})
}

func TestTurningItOnEndsWhatAPasswordOpened(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Somebody("ann")
		other := w.SignedIn("ann")
		w.OK(w.ForgotPassword(t.Context(), visitor(9), "ann"))
		by := w.As(w.SignedIn("ann").ID)
		w.OK(w.Factors.BeginApp(t.Context(), by, access.AuthAndWrites))
		d, err := w.Factors.AppDraft(t.Context(), by)
		w.OK(err)
		c, err := totp.GenerateCode(d.Secret, w.Now())
		w.OK(err)
		_, err = w.Factors.ConfirmApp(t.Context(), by, d.ID, c)
		w.OK(err)
		w.OK(w.Factors.Downloaded(t.Context(), by))
		_, err = w.SaveCodes(t.Context(), by, "")
		w.OK(err)
		if w.As(other.ID).SignedIn() || !w.As(by.SessionID).SignedIn() {
			t.Error("other browsers are signed out, and this one is not")
		}
		if n := w.Rows(`SELECT COUNT(*) FROM links WHERE purpose = 'reset'`); n != 0 {
			t.Error("a link to choose a password still works")
		}
	})
}

func TestTerminalWithAPasswordOwesACode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, code := w.withApp("ann")
		w.Somebody("bob")
		for name, row := range map[string]struct {
			code string
			want error
		}{"ann": {"", access.ErrSecondFactor}, "bob": {"", nil}} {
			err := w.WithPassword(t.Context(), visitor(7), name, good, row.code, nothing)
			if !errors.Is(err, row.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.Is(w.WithPassword(t.Context(), visitor(7), "ann", good, "000000", nothing), twofactor.ErrCode)
		w.Is(w.WithPassword(t.Context(), visitor(7), "ann", "not the password of ann", code(), nothing), account.ErrSignIn)
		now := code()
		w.OK(w.WithPassword(t.Context(), visitor(7), "ann", good, now, nothing))
		w.Is(w.WithPassword(t.Context(), visitor(7), "ann", good, now, nothing), twofactor.ErrCode)
	})
}

func nothing(context.Context, *db.Tx, account.User) error { return nil }

// A lock also ends sign-ins that had begun: whoever gave the right password before gets no further.
func TestLockedAccountRefusesAnUnfinishedSignIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id, code := w.withApp("ann")
		pending := w.halfIn("ann")
		w.OK(w.Lock(t.Context(), w.As(id)))
		before := w.Rows(`SELECT COUNT(*) FROM sessions`)
		_, err := w.FinishSignIn(t.Context(), visitor(7), pending, twofactor.Answer{Code: code()})
		w.Is(err, access.ErrLocked)
		if n := w.Rows(`SELECT COUNT(*) FROM sessions`); n != before {
			t.Error("there is a session")
		}
	})
}
