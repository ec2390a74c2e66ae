package account_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/account/accounttest"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
)

// at is Firefox at an address.
func at(ip string) access.Actor {
	return access.Anonymous(netip.MustParseAddr(ip), accounttest.Firefox)
}

// guess tries n wrong passwords for a login, each from a network of its own, and returns the last answer.
func (w *world) guess(n int, login string) (err error) {
	w.T.Helper()
	for i := range n {
		err = w.trySignIn(at(fmt.Sprintf("2001:db8:1:%x::1", i)), login, "a wrong password")
	}
	return err
}

func TestEleventhFailureFromOnePlaceWaitsEvenWithTheRightPassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Somebody("ann")
		for _, login := range []string{"ann", "ANN", "ann ", "ann@example.com", "Ann@Example.com"} {
			for range 2 {
				accounttest.Fields(t, w.trySignIn(visitor(10), login, "a wrong password"), "password")
			}
		}
		err := w.trySignIn(visitor(10), "ann", good)
		w.Is(err, limit.ErrTooMany)
		w.OK(w.trySignIn(visitor(11), "ann", good)) // nobody is locked out from elsewhere
		w.Pass(errs.Of(err).RetryAfter)
		w.OK(w.trySignIn(visitor(10), "ann", good))
	})
}

func TestSprayingFromOneNetworkIsStoppedWhoeverItIsAimedAt(t *testing.T) {
	w := sqlite(t)
	w.Somebody("ann")
	for i := range 10 {
		accounttest.Fields(t, w.trySignIn(at(fmt.Sprintf("2001:db8::%x:1", i)), fmt.Sprintf("p%d", i), "a wrong password"), "password")
	}
	w.Is(w.trySignIn(at("2001:db8::ffff"), "ann", good), limit.ErrTooMany)
	w.OK(w.trySignIn(at("2001:db8:0:1::1"), "ann", good))
}

func TestSucceedingDoesNotUseUpTheTriesOfOnesNetwork(t *testing.T) {
	w := sqlite(t)
	w.Somebody("ann")
	for range 25 {
		w.OK(w.trySignIn(visitor(9), "ann", good))
	}
	// nor does it forgive the failures of others there
	for i := range 10 {
		accounttest.Fields(t, w.trySignIn(visitor(9), fmt.Sprintf("p%d", i), "a wrong password"), "password")
		if i < 9 {
			w.OK(w.trySignIn(visitor(9), "ann", good))
		}
	}
	w.Is(w.trySignIn(visitor(9), "ann", good), limit.ErrTooMany)
}

func TestHundredFailuresFromEverywhereLeaveKnownBrowsersAndMail(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Config.Limits.SignInStop.N = 12
		ann := w.Somebody("ann")
		w.Mails()
		_ = w.guess(12, "ann")
		w.Is(w.trySignIn(visitor(50), "ann", good), account.ErrStopped)
		known := visitor(51)
		known.Browser = ann.Browser
		w.OK(w.trySignIn(known, "ann", good))
		planted := visitor(52)
		planted.Browser = w.Somebody("eve").Browser // known, but not to this account
		w.Is(w.trySignIn(planted, "ann", good), account.ErrStopped)
		w.Mails()

		w.OK(w.ForgotPassword(t.Context(), visitor(50), "ann"))
		const fresh = "another good password"
		w.OK(w.ResetPassword(t.Context(), visitor(50), w.mailed("ann@example.com", "Choose a new password"), fresh))
		w.OK(w.trySignIn(visitor(50), "ann", fresh))
	})
}

func TestKnownBrowserIsNotHeldAgainstItsNetwork(t *testing.T) {
	w := sqlite(t)
	ann := w.Somebody("ann")
	for i := range 11 {
		_ = w.trySignIn(visitor(9), fmt.Sprintf("p%d", i), "a wrong password")
	}
	by := visitor(9)
	w.Is(w.trySignIn(by, "ann", good), limit.ErrTooMany)
	by.Browser = ann.Browser
	for range 10 {
		accounttest.Fields(t, w.trySignIn(by, "ann", "a wrong password"), "password")
	}
	w.Is(w.trySignIn(by, "ann", good), limit.ErrTooMany) // it has its own ten
}

// Known and unknown logins are stopped alike, and being stopped does not tell which address is whose.
func TestLimitsTellNeitherAccountsNorAddresses(t *testing.T) {
	w := sqlite(t)
	w.Config.Limits.SignInStop.N = 20
	w.Somebody("ann")
	w.Somebody("bob")
	var answers [2][]error
	for i, login := range []string{"ann", "nobody"} {
		for range 3 {
			answers[i] = append(answers[i], w.guess(8, login))
		}
	}
	if !reflect.DeepEqual(answers[0], answers[1]) {
		t.Errorf("known %v, unknown %v", answers[0], answers[1])
	}
	w.Is(answers[0][2], account.ErrStopped)
	of := w.trySignIn(visitor(60), "ann@example.com", "a wrong password")
	if other := w.trySignIn(visitor(61), "bob@example.com", "a wrong password"); !reflect.DeepEqual(of, other) {
		t.Errorf("the address of the stopped account: %v, another: %v", of, other)
	}
}

func TestSignInLimitSurvivesARestart(t *testing.T) {
	dbtest.EachPlace(t, func(t *testing.T, p dbtest.Place) {
		d, err := db.Open(t.Context(), p.Address, p.Folder)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, d)
		w.Somebody("ann")
		for range 10 {
			accounttest.Fields(t, w.trySignIn(visitor(20), "ann", "a wrong password"), "password")
		}
		w.OK(d.Close())
		w = newWorld(t, p.Open(t))
		w.Is(w.trySignIn(visitor(20), "ann", good), limit.ErrTooMany)
	})
}

func TestConfirmingIsCountedBySession(t *testing.T) {
	w := sqlite(t)
	s := w.Somebody("ann")
	other := w.SignedIn("ann")
	w.Config.Limits.SignInStop.N = 5
	_ = w.guess(6, "ann")
	for i := range 10 { // which those who aim at the login do not use up
		by := w.As(s.ID)
		by.IP = netip.MustParseAddr(fmt.Sprintf("198.51.100.%d", i))
		accounttest.Fields(t, w.Confirm(t.Context(), by, "a wrong password"), "password")
	}
	w.Is(w.Confirm(t.Context(), w.As(s.ID), good), limit.ErrTooMany)
	w.OK(w.Confirm(t.Context(), w.As(other.ID), good))
	if !w.As(s.ID).SignedIn() {
		t.Error("the session ended")
	}
	w.Pass(time.Minute)
	w.OK(w.Confirm(t.Context(), w.As(s.ID), good))
}

func TestStrangersSignUpsDoNotUseUpTheLettersOfTheOwner(t *testing.T) {
	w := sqlite(t)
	letters := func() (n int) {
		for _, m := range w.Mails() {
			if m.To != "new@example.com" {
				t.Errorf("a letter to %s", m.To)
			}
			n++
		}
		return n
	}
	signUp := func(by access.Actor, name string) account.Session {
		s, err := w.SignUp(t.Context(), by, account.SignUp{Name: name, Email: "new@example.com", Password: good})
		w.OK(err)
		return s
	}
	for i := range 8 {
		signUp(visitor(66), fmt.Sprintf("p%d", i))
	}
	if n := letters(); n != 5 {
		t.Errorf("%d letters by strangers", n)
	}
	s := signUp(visitor(7), "hire")
	if n := letters(); n != 1 {
		t.Errorf("%d letters to who signs up", n)
	}
	for range 8 {
		w.OK(w.ResendVerification(t.Context(), w.As(s.ID)))
	}
	if n := letters(); n != 4 {
		t.Errorf("%d more letters to who asks again", n)
	}
	for i := range 100 { // from everywhere: the address is not flooded
		signUp(at(fmt.Sprintf("2001:db8:2:%x::1", i)), fmt.Sprintf("q%d", i))
	}
	if n := letters(); n > 25 {
		t.Errorf("%d letters in all", n)
	}
}
