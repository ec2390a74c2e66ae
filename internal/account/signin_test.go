package account_test

import (
	"context"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/account/accounttest"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/secret"
)

func (w *world) trySignIn(by access.Actor, login, password string) error {
	w.T.Helper()
	_, err := w.SignIn(w.T.Context(), by, login, password)
	return err
}

func TestNameOrAddressSignsInWhateverItsCase(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Somebody("ann")
		for _, login := range []string{"ann", "ANN", " ann ", "ann@example.com", "Ann@EXAMPLE.com", " ann@example.com\n"} {
			s, err := w.SignIn(t.Context(), visitor(7), login, good)
			if err != nil || w.As(s.ID).Name != "ann" {
				t.Errorf("%q: %v", login, err)
			}
		}
	})
}

func TestWrongLoginAndWrongPasswordAreOneAnswer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Config.Limits.SignInRate = config.Rate{}
		w.Somebody("ann")
		w.signUp("bob", "bob@example.com")
		want := w.trySignIn(visitor(7), "ann", "not the password of ann")
		accounttest.Fields(t, want, "password")
		for _, login := range []string{
			"nobody", "nobody@example.com", "bob", "", "ann\x00", "a b", strings.Repeat("x", 5000), "\xff\xfe", "' OR 1=1 --", "ann@", good,
		} {
			if got := w.trySignIn(visitor(7), login, "not the password of ann"); !reflect.DeepEqual(got, want) {
				t.Errorf("%q is answered with %#v", login, got)
			}
		}
		for _, password := range []string{"", good + " ", strings.ToUpper(good), strings.Repeat("x", 2000)} {
			if got := w.trySignIn(visitor(7), "ann", password); !reflect.DeepEqual(got, want) {
				t.Errorf("%.20q is answered with %#v", password, got)
			}
		}
		never := func(context.Context, *db.Tx, account.User) error { t.Error("done for somebody"); return nil }
		unknown := w.WithPassword(t.Context(), visitor(7), "nobody", good, "", never)
		wrong := w.WithPassword(t.Context(), visitor(7), "ann", "not the password of ann", "", never)
		if !errors.Is(unknown, account.ErrSignIn) || !reflect.DeepEqual(unknown, wrong) {
			t.Errorf("legacy: %v and %v", unknown, wrong)
		}
		if n := w.Rows(`SELECT COUNT(*) FROM sessions`); n != 2 {
			t.Errorf("%d sessions", n)
		}
	})
}

func TestUnknownLoginLeavesTheSameRowsAsAWrongPassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Somebody("ann")
		rows := func(login string) [2]int {
			w.Pass(24 * time.Hour)
			w.OK(w.Limits.Sweep(t.Context())) // of what earlier tries left
			before := [2]int{w.Rows(`SELECT COUNT(*) FROM audit_log`), w.Rows(`SELECT COUNT(*) FROM rate_limits WHERE key LIKE 'signin:%'`)}
			accounttest.Fields(t, w.trySignIn(visitor(7), login, "a wrong password"), "password")
			return [2]int{
				w.Rows(`SELECT COUNT(*) FROM audit_log`) - before[0],
				w.Rows(`SELECT COUNT(*) FROM rate_limits WHERE key LIKE 'signin:%'`) - before[1],
			}
		}
		if known, unknown := rows("ann"), rows("hunter2-typed-into-the-wrong-field"); known != unknown {
			t.Errorf("known %v, unknown %v", known, unknown)
		}
		if n := w.Rows(`SELECT COUNT(*) FROM audit_log WHERE subject LIKE '%hunter2%' OR detail LIKE '%hunter2%'`) +
			w.Rows(`SELECT COUNT(*) FROM rate_limits WHERE key LIKE '%hunter2%'`); n != 0 {
			t.Error("what was typed is kept")
		}
	})
}

func TestUnknownLoginTakesAsLongAsAWrongPassword(t *testing.T) {
	w := sqlite(t)
	w.hashAt(secret.Cost{MemoryKiB: 19 << 10, Passes: 1})
	w.Config.Limits.SignInRate = config.Rate{}
	w.Somebody("ann")
	known, unknown := time.Hour, time.Hour
	took := func(login string) time.Duration { // processor time: a busy machine changes it little
		var before, after syscall.Rusage
		w.OK(syscall.Getrusage(syscall.RUSAGE_SELF, &before))
		_ = w.trySignIn(visitor(7), login, "a wrong password")
		w.OK(syscall.Getrusage(syscall.RUSAGE_SELF, &after))
		return time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
	}
	for range 5 { // the quickest of five, so that collecting garbage does not decide
		known, unknown = min(known, took("ann")), min(unknown, took("nobody"))
	}
	if ratio := float64(unknown) / float64(known); ratio < 0.5 || ratio > 2 {
		t.Errorf("known %v, unknown %v", known, unknown)
	}
}

func TestOldHashIsMadeAnewAtSignIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Somebody("ann")
		w.hashAt(secret.Cost{MemoryKiB: 16, Passes: 1})
		w.OK(w.trySignIn(visitor(7), "ann", good))
		var hash string
		w.OK(w.DB.Get(t.Context(), &hash, `SELECT password_hash FROM users`))
		if !strings.Contains(hash, "m=16,") {
			t.Errorf("hash is %s", hash)
		}
		w.OK(w.trySignIn(visitor(7), "ann", good))
	})
}

func TestAddressSignsInWhoeverVerifiedItAndNobodyElse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.signUp("ann", "ann@example.com")
		link := w.mailed("ann@example.com", "Verify")
		claimed := w.trySignIn(visitor(7), "ann@example.com", good)
		w.signUp("eve", "ann@example.com")
		if again := w.trySignIn(visitor(7), "ann@example.com", good); !reflect.DeepEqual(claimed, again) {
			t.Errorf("one claim: %v, two: %v", claimed, again)
		}
		accounttest.Fields(t, claimed, "password")
		w.OK(w.VerifyEmail(t.Context(), w.As(w.SignedIn("ann").ID), link))
		if s := w.SignedIn("ann@example.com"); s.User.Name != "ann" {
			t.Errorf("signed in as %s", s.User.Name)
		}
		w.OK(w.trySignIn(visitor(7), "eve", good)) // a name always works
	})
}

func TestSignInFromANewBrowserIsMailedAndFromAKnownOneIsNot(t *testing.T) {
	w := sqlite(t)
	w.Somebody("ann")
	w.Quiet() // the first sign-in of an account that the operator made
	w.OK(w.trySignIn(visitor(200), "ann", good))
	w.Quiet() // the same kind of browser in the same network
	w.OK(w.trySignIn(access.Anonymous(netip.MustParseAddr("198.51.100.1"), accounttest.Firefox), "ann", good))
	w.mailed("ann@example.com", "New sign-in")
	w.OK(w.trySignIn(access.Anonymous(netip.MustParseAddr("203.0.113.7"), "curl/8"), "ann", good))
	w.mailed("ann@example.com", "New sign-in")
	w.OK(w.trySignIn(access.Anonymous(netip.MustParseAddr("203.0.113.99"), "curl/9"), "ann", good))
	w.Quiet()
	w.signUp("bob", "bob@example.com")
	w.Mails()
	w.OK(w.trySignIn(access.Anonymous(netip.MustParseAddr("198.51.100.1"), "curl/8"), "bob", good))
	w.Quiet() // nobody has verified that address
}

func TestTryThatCouldNotBeVerifiedIsNotCounted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Somebody("ann")
		var hash string
		w.OK(w.DB.Get(t.Context(), &hash, `SELECT password_hash FROM users`))
		set := func(hash string) {
			if _, err := w.DB.Exec(t.Context(), `UPDATE users SET password_hash = ?`, hash); err != nil {
				t.Fatal(err)
			}
		}
		set("damaged")
		for range 12 {
			if err := w.trySignIn(visitor(7), "ann", good); errs.Of(err).Kind != errs.Internal {
				t.Fatalf("got %v", err)
			}
		}
		set(hash)
		w.OK(w.trySignIn(visitor(7), "ann", good))
	})
}

func TestParallelSignInsWithAnOldHashAllSucceed(t *testing.T) {
	w := sqlite(t)
	w.Somebody("ann")
	w.Config.Limits.SignInRate = config.Rate{}
	w.hashAt(secret.Cost{MemoryKiB: 16, Passes: 1})
	_, lost := accounttest.Race(func(i int) error { return w.trySignIn(visitor(byte(i)), "ann", good) })
	for _, err := range lost {
		if errs.Of(err).Kind != errs.Unavailable {
			t.Errorf("got %v", err)
		}
	}
}
