package account_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
	"latchkey/internal/secret"
)

func (w *world) trySignIn(by access.Actor, login, password string) error {
	w.t.Helper()
	_, err := w.SignIn(w.t.Context(), by, login, password)
	return err
}

func TestNameOrAddressSignsInWhateverItsCase(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		for _, login := range []string{"ann", "ANN", " ann ", "ann@example.com", "Ann@EXAMPLE.com", " ann@example.com\n"} {
			s, err := w.SignIn(t.Context(), visitor(7), login, good)
			if err != nil || w.as(s.ID).Name != "ann" {
				t.Errorf("%q: %v", login, err)
			}
		}
	})
}

func TestWrongLoginAndWrongPasswordAreOneAnswer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.cfg.Limits.SignInRate = config.Rate{}
		w.person("ann")
		w.signUp("bob", "bob@example.com")
		want := w.trySignIn(visitor(7), "ann", "not the password of ann")
		fields(t, want, "password")
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
		unknown := w.WithPassword(t.Context(), visitor(7), "nobody", good, never)
		wrong := w.WithPassword(t.Context(), visitor(7), "ann", "not the password of ann", never)
		if !errors.Is(unknown, account.ErrSignIn) || !reflect.DeepEqual(unknown, wrong) {
			t.Errorf("legacy: %v and %v", unknown, wrong)
		}
		if n := w.count(`SELECT COUNT(*) FROM sessions`); n != 2 {
			t.Errorf("%d sessions", n)
		}
	})
}

func TestUnknownLoginLeavesTheSameRowsAsAWrongPassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		rows := func(login string) [2]int {
			before := [2]int{w.count(`SELECT COUNT(*) FROM audit_log`), w.count(`SELECT COUNT(*) FROM rate_limits WHERE key LIKE 'signin:u%'`)}
			fields(t, w.trySignIn(visitor(7), login, "a wrong password"), "password")
			return [2]int{
				w.count(`SELECT COUNT(*) FROM audit_log`) - before[0],
				w.count(`SELECT COUNT(*) FROM rate_limits WHERE key LIKE 'signin:u%'`) - before[1],
			}
		}
		if known, unknown := rows("ann"), rows("hunter2-typed-into-the-wrong-field"); known != unknown {
			t.Errorf("known %v, unknown %v", known, unknown)
		}
		if n := w.count(`SELECT COUNT(*) FROM audit_log WHERE subject LIKE '%hunter2%' OR detail LIKE '%hunter2%'`) +
			w.count(`SELECT COUNT(*) FROM rate_limits WHERE key LIKE '%hunter2%'`); n != 0 {
			t.Error("what was typed is kept")
		}
	})
}

func TestUnknownLoginTakesAsLongAsAWrongPassword(t *testing.T) {
	w := sqlite(t)
	w.hashAt(secret.Cost{MemoryKiB: 19 << 10, Passes: 1})
	w.cfg.Limits.SignInRate = config.Rate{}
	w.person("ann")
	known, unknown := time.Hour, time.Hour
	took := func(login string) time.Duration { // processor time: a busy machine changes it little
		var before, after syscall.Rusage
		w.ok(syscall.Getrusage(syscall.RUSAGE_SELF, &before))
		_ = w.trySignIn(visitor(7), login, "a wrong password")
		w.ok(syscall.Getrusage(syscall.RUSAGE_SELF, &after))
		return time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
	}
	for range 5 { // the quickest of five, so that collecting garbage does not decide
		known, unknown = min(known, took("ann")), min(unknown, took("nobody"))
	}
	if ratio := float64(unknown) / float64(known); ratio < 0.5 || ratio > 2 {
		t.Errorf("known %v, unknown %v", known, unknown)
	}
}

func TestEleventhFailureWaitsEvenWithTheRightPassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		for i, login := range []string{"ann", "ANN", "ann ", "ann@example.com", "Ann@Example.com"} {
			for j := range 2 {
				fields(t, w.trySignIn(visitor(byte(10+2*i+j)), login, "a wrong password"), "password")
			}
		}
		err := w.trySignIn(visitor(30), "ann", good)
		w.is(err, limit.ErrTooMany)
		wait := errs.Of(err).RetryAfter
		w.pass(wait)
		w.ok(w.trySignIn(visitor(30), "ann", good))
		for range 10 { // forgiven: all ten tries are back
			fields(t, w.trySignIn(visitor(31), "ann", "a wrong password"), "password")
		}
		w.is(w.trySignIn(visitor(32), "ann", good), limit.ErrTooMany)
	})
}

func TestUnknownLoginIsLimitedLikeAKnownOne(t *testing.T) {
	w := sqlite(t)
	w.person("ann")
	var answers [2][]error
	for i, login := range []string{"ann", "nobody"} {
		for j := range 12 {
			answers[i] = append(answers[i], w.trySignIn(visitor(byte(100+10*i+j)), login, "a wrong password"))
		}
	}
	if !reflect.DeepEqual(answers[0], answers[1]) {
		t.Errorf("known %v, unknown %v", answers[0], answers[1])
	}
}

func TestSprayingFromOneNetworkIsStoppedWhoeverItIsAimedAt(t *testing.T) {
	w := sqlite(t)
	w.person("ann")
	at := func(ip string) access.Actor { return access.Anonymous(netip.MustParseAddr(ip), firefox) }
	for i := range 10 {
		fields(t, w.trySignIn(at(fmt.Sprintf("2001:db8::%x:1", i)), fmt.Sprintf("p%d", i), "a wrong password"), "password")
	}
	w.is(w.trySignIn(at("2001:db8::ffff"), "ann", good), limit.ErrTooMany)
	w.ok(w.trySignIn(at("2001:db8:0:1::1"), "ann", good))
}

func TestSucceedingDoesNotUseUpTheTriesOfOnesNetwork(t *testing.T) {
	w := sqlite(t)
	w.person("ann")
	for range 25 {
		w.ok(w.trySignIn(visitor(9), "ann", good))
	}
	// nor does it forgive the failures of others there
	for i := range 10 {
		fields(t, w.trySignIn(visitor(9), fmt.Sprintf("p%d", i), "a wrong password"), "password")
		if i < 9 {
			w.ok(w.trySignIn(visitor(9), "ann", good))
		}
	}
	w.is(w.trySignIn(visitor(9), "ann", good), limit.ErrTooMany)
}

func TestSignInLimitSurvivesARestart(t *testing.T) {
	dbtest.EachPlace(t, func(t *testing.T, p dbtest.Place) {
		d, err := db.Open(t.Context(), p.Address, p.Folder)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, d)
		w.person("ann")
		for i := range 10 {
			fields(t, w.trySignIn(visitor(byte(20+i)), "ann", "a wrong password"), "password")
		}
		w.ok(d.Close())
		w = newWorld(t, p.Open(t))
		w.is(w.trySignIn(visitor(7), "ann", good), limit.ErrTooMany)
	})
}

func TestOldHashIsMadeAnewAtSignIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		w.hashAt(secret.Cost{MemoryKiB: 16, Passes: 1})
		w.ok(w.trySignIn(visitor(7), "ann", good))
		var hash string
		w.ok(w.db.Get(t.Context(), &hash, `SELECT password_hash FROM users`))
		if !strings.Contains(hash, "m=16,") {
			t.Errorf("hash is %s", hash)
		}
		w.ok(w.trySignIn(visitor(7), "ann", good))
	})
}

func TestAddressThatSeveralClaimSignsInNobodyUntilOneVerifiesIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.signUp("ann", "ann@example.com")
		link := w.mailed("ann@example.com", "Verify")
		w.ok(w.trySignIn(visitor(7), "ann@example.com", good)) // the only claim
		w.signUp("eve", "ann@example.com")
		fields(t, w.trySignIn(visitor(7), "ann@example.com", good), "password")
		w.ok(w.VerifyEmail(t.Context(), w.as(w.signIn("ann").ID), link))
		s := w.signIn("ann@example.com")
		if s.User.Name != "ann" {
			t.Errorf("signed in as %s", s.User.Name)
		}
	})
}

func TestSignInFromANewBrowserIsMailedAndFromAKnownOneIsNot(t *testing.T) {
	w := sqlite(t)
	w.person("ann")
	w.quiet() // the first sign-in of an account that the operator made
	w.ok(w.trySignIn(visitor(200), "ann", good))
	w.quiet() // the same kind of browser in the same network
	w.ok(w.trySignIn(access.Anonymous(netip.MustParseAddr("198.51.100.1"), firefox), "ann", good))
	w.mailed("ann@example.com", "New sign-in")
	w.ok(w.trySignIn(access.Anonymous(netip.MustParseAddr("203.0.113.7"), "curl/8"), "ann", good))
	w.mailed("ann@example.com", "New sign-in")
	w.ok(w.trySignIn(access.Anonymous(netip.MustParseAddr("203.0.113.99"), "curl/9"), "ann", good))
	w.quiet()
	w.signUp("bob", "bob@example.com")
	w.mails()
	w.ok(w.trySignIn(access.Anonymous(netip.MustParseAddr("198.51.100.1"), "curl/8"), "bob", good))
	w.quiet() // nobody has verified that address
}

func TestTryThatCouldNotBeVerifiedIsNotCounted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		var hash string
		w.ok(w.db.Get(t.Context(), &hash, `SELECT password_hash FROM users`))
		set := func(hash string) {
			if _, err := w.db.Exec(t.Context(), `UPDATE users SET password_hash = ?`, hash); err != nil {
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
		w.ok(w.trySignIn(visitor(7), "ann", good))
	})
}

func TestParallelSignInsWithAnOldHashAllSucceed(t *testing.T) {
	w := sqlite(t)
	w.person("ann")
	w.cfg.Limits.SignInRate = config.Rate{}
	w.hashAt(secret.Cost{MemoryKiB: 16, Passes: 1})
	_, lost := race(func(i int) error { return w.trySignIn(visitor(byte(i)), "ann", good) })
	for _, err := range lost {
		if errs.Of(err).Kind != errs.Unavailable {
			t.Errorf("got %v", err)
		}
	}
}
