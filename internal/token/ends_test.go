package token_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/account/accounttest"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
	"latchkey/internal/secret"
	"latchkey/internal/token"
)

func TestTerminalSignsInWithNameAndPassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		w.Mails()
		text, err := w.SignIn(t.Context(), terminal(1), "ann", good, "")
		w.OK(err)
		if a := w.works(text); a.Grant.ReadOnly {
			t.Error("read-only")
		}
		body := w.mailed("with your password")
		for _, want := range []string{"npm 11.6.2 on Linux", "198.51.100.1", "2 January 2030, 15:04 UTC", secret.Hint(text)} {
			if !strings.Contains(body, want) {
				t.Errorf("the mail lacks %q: %s", want, body)
			}
		}
		var name string
		w.OK(w.DB.Get(t.Context(), &name, `SELECT name FROM tokens`))
		if name != "npm login on npm 11.6.2 on Linux" {
			t.Errorf("named %q", name)
		}
		_, wrong := w.SignIn(t.Context(), terminal(1), "ann", "a wrong password", "")
		_, unknown := w.SignIn(t.Context(), terminal(1), "nobody", good, "")
		w.Is(wrong, account.ErrSignIn)
		if !reflect.DeepEqual(wrong, unknown) || w.Rows(`SELECT COUNT(*) FROM users`) != 1 {
			t.Errorf("answers %v and %v", wrong, unknown)
		}
		for range 8 { // two were wrong before
			_, _ = w.SignIn(t.Context(), terminal(1), "ann", "a wrong password", "")
		}
		_, err = w.SignIn(t.Context(), terminal(1), "ann", good, "")
		w.Is(err, limit.ErrTooMany)
	})
}

func TestAccountHoldsAThousandTokensAtMost(t *testing.T) {
	w := sqlite(t)
	ann := w.person("ann")
	if _, err := w.DB.Exec(t.Context(), `INSERT INTO tokens (id, user_id, name, kind, secret_hash, hint, created_at)
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
		SELECT 'id' || i, ?, 'x', 'publish', 'hash' || i, '', ? FROM n`, ann.UserID, w.Now()); err != nil {
		t.Fatal(err)
	}
	text := w.create(token.Publish)
	_, err := w.Create(t.Context(), ann, token.NewToken{Name: "ci", Kind: token.Publish})
	w.Is(err, token.ErrTooMany)
	w.OK(w.Revoke(t.Context(), ann, text))
	w.create(token.Publish)
}

func TestTerminalsThatSignInWithAPasswordAreCountedAlsoWhenTheySucceed(t *testing.T) {
	w := sqlite(t)
	w.Config.Limits.LoginRate.N = 4
	w.person("ann")
	for range 4 {
		_, err := w.SignIn(t.Context(), terminal(1), "ann", good, "")
		w.OK(err)
	}
	_, known := w.SignIn(t.Context(), terminal(1), "ann", good, "")
	_, unknown := w.SignIn(t.Context(), terminal(1), "nobody", good, "")
	w.Is(known, limit.ErrTooMany)
	if !reflect.DeepEqual(known, unknown) {
		t.Errorf("known %v, unknown %v", known, unknown)
	}
	_, err := w.SignIn(t.Context(), terminal(2), "ann", good, "")
	w.OK(err)
}

func TestNewPasswordEndsTheTerminalsAndLeavesTheMachines(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		signedIn, err := w.SignIn(t.Context(), terminal(1), "ann", good, "")
		w.OK(err)
		machine := w.create(token.Automation)
		w.works(signedIn)
		w.OK(w.Accounts.ChangePassword(t.Context(), ann, "another good password"))
		w.refused(signedIn)
		w.works(machine)
		w.Logged("token.revoked", 1)
		if n := w.Rows(`SELECT COUNT(*) FROM audit_log WHERE event = 'token.revoked' AND account_id = ? AND detail LIKE '%password%'`, ann.UserID); n != 1 {
			t.Error("the log does not say why")
		}
		again, err := w.SignIn(t.Context(), terminal(1), "ann", "another good password", "")
		w.OK(err)
		w.Mails()
		w.OK(w.Accounts.ForgotPassword(t.Context(), visitor(), "ann"))
		link := accounttest.Link(w.mailed("Choose a new password"), "password/reset")
		w.OK(w.Accounts.ResetPassword(t.Context(), visitor(), link, "a third good password"))
		w.refused(again)
		w.works(machine)
	})
}

func TestLockedAccountsTokensAllEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		signedIn, err := w.SignIn(t.Context(), terminal(1), "ann", good, "")
		w.OK(err)
		machine := w.create(token.Automation)
		w.OK(w.Accounts.Lock(t.Context(), ann))
		w.refused(signedIn)
		w.refused(machine)
		w.Logged("token.revoked", 2)
		_, err = w.SignIn(t.Context(), terminal(1), "ann", good, "")
		w.Is(err, access.ErrLocked)
	})
}

func TestHeldAccountsTokensOnlyRead(t *testing.T) {
	w := sqlite(t)
	ann := w.person("ann")
	machine := w.create(token.Automation)
	w.OK(w.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return w.Accounts.Hold(ctx, tx, ann, ann.UserID, access.HeldAfterRecoveryCode)
	}))
	by := w.works(machine)
	owner := access.Facts{Standing: access.Owner}
	w.Is(access.Check(by, access.PackagePublish, owner, w.Now()), access.ErrHeld)
	w.OK(access.Check(by, access.PackageRead, owner, w.Now()))
	w.Pass(access.HoldFor)
	w.OK(access.Check(w.works(machine), access.PackagePublish, owner, w.Now()))
}

func TestTokensThatEndedAreSweptAfterAMonth(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		_, err := w.SignIn(t.Context(), terminal(1), "ann", good, "")
		w.OK(err)
		revoked := w.create(token.Publish)
		w.OK(w.Revoke(t.Context(), ann, revoked))
		kept := w.create(token.Automation)
		w.Pass(30 * 24 * time.Hour)
		w.OK(w.Sweep(t.Context()))
		if n := w.Rows(`SELECT COUNT(*) FROM tokens`); n != 2 { // the terminal's ended twelve hours later
			t.Errorf("%d tokens after 30 days", n)
		}
		w.Pass(12 * time.Hour)
		w.OK(w.Sweep(t.Context()))
		if n := w.Rows(`SELECT COUNT(*) FROM tokens`); n != 1 {
			t.Errorf("%d tokens in the end", n)
		}
		w.works(kept)
	})
}

func TestPollingFasterThanNpmIsRefused(t *testing.T) {
	w := sqlite(t)
	l, err := w.StartWebLogin(t.Context(), terminal(1))
	w.OK(err)
	for range 300 { // as npm does, five terminals at a time
		for range w.Config.Limits.LoginTerminalsOpen {
			if _, _, err := w.PollWebLogin(t.Context(), terminal(1), l.Poll); errors.Is(err, limit.ErrTooMany) {
				t.Fatal("npm's own pace is refused")
			}
		}
		w.Pass(time.Second)
	}
	err = nil
	for i := 0; err == nil || errors.Is(err, token.ErrLogin); i++ {
		if i > 150 {
			t.Fatal("polling has no end")
		}
		_, _, err = w.PollWebLogin(t.Context(), terminal(1), fmt.Sprint("guess", i)) // also when it guesses
	}
	w.Is(err, limit.ErrTooMany)
	if errs.Of(err).RetryAfter <= 0 {
		t.Error("it is not told how long to wait")
	}
	if _, _, err := w.PollWebLogin(t.Context(), terminal(2), l.Poll); errors.Is(err, limit.ErrTooMany) {
		t.Error("another network is refused")
	}
}
