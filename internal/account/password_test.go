package account_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/account/accounttest"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
)

const another = "another password, just as good"

// forgot asks for a link and returns its secret.
func (w *world) forgot(login string) string {
	w.T.Helper()
	w.OK(w.ForgotPassword(w.T.Context(), visitor(7), login))
	link := w.mailed("ann@example.com", "Choose a new password")
	if link == "" {
		w.T.Fatal("no link was mailed")
	}
	return link
}

func TestForgottenPasswordIsResetByAMailedLink(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first, second := w.Somebody("ann"), w.SignedIn("ann")
		link := w.forgot("ann")
		for range 3 { // mail scanners look, too
			name, err := w.ResetLink(t.Context(), link)
			if err != nil || name != "ann" {
				t.Fatalf("link shows %q, %v", name, err)
			}
		}
		accounttest.Fields(t, w.ResetPassword(t.Context(), visitor(8), link, "short"), "password")
		accounttest.Fields(t, w.ResetPassword(t.Context(), visitor(8), link, "passwordpassword"), "password")
		w.OK(w.ResetPassword(t.Context(), visitor(8), link, another))
		w.gone(first.ID)
		w.gone(second.ID)
		accounttest.Fields(t, w.trySignIn(visitor(7), "ann", good), "password")
		w.OK(w.trySignIn(visitor(7), "ann", another))
		w.mailed("ann@example.com", "was reset")
		w.Is(w.ResetPassword(t.Context(), visitor(8), link, good), account.ErrLink)
		_, err := w.ResetLink(t.Context(), link)
		w.Is(err, account.ErrLink)
		w.Logged("account.password_reset", 1)
		w.Logged("account.reset_requested", 1)
	})
}

func TestResetLinkIsUsedOnceHoweverManyTry(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Somebody("ann")
		link := w.forgot("ann@example.com")
		password := func(i int) string { return fmt.Sprintf("the password of try number %d", i) }
		winner := make(chan int, 50)
		won, lost := accounttest.Race(func(i int) error {
			err := w.ResetPassword(t.Context(), visitor(byte(i)), link, password(i))
			if err == nil {
				winner <- i
			}
			return err
		})
		if won != 1 {
			t.Fatalf("used %d times: %v", won, lost)
		}
		for _, err := range lost {
			if k := errs.Of(err).Kind; k != errs.NotFound && k != errs.Unavailable {
				t.Errorf("a loser got %v", err)
			}
		}
		w.OK(w.trySignIn(visitor(7), "ann", password(<-winner)))
		w.Logged("account.password_reset", 1)
	})
}

func TestForgottenPasswordIsAnsweredAlikeForEverybody(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Config.Limits.SignInRate = config.Rate{}
		w.Somebody("ann")
		w.signUp("bob", "bob@example.com") // never verified
		w.Mails()
		before := w.Rows(`SELECT COUNT(*) FROM audit_log`)
		logins := []string{"nobody", "nobody@example.com", "bob", "bob@example.com", "\x00", "a@b@c", strings.Repeat("x", 5000)}
		for _, login := range logins {
			if err := w.ForgotPassword(t.Context(), visitor(7), login); err != nil {
				t.Errorf("%.20q is answered with %v", login, err)
			}
		}
		accounttest.Fields(t, w.ForgotPassword(t.Context(), visitor(7), " "), "login")
		w.Quiet()
		if n := w.Rows(`SELECT COUNT(*) FROM audit_log`); n != before+len(logins) {
			t.Errorf("%d rows for %d requests", n-before, len(logins))
		}
	})
}

func TestRequestsForLinksAreBoundedPerAccountAndPerNetwork(t *testing.T) {
	w := sqlite(t)
	w.Somebody("ann")
	for i := range 8 { // by name and by address: one account
		w.OK(w.ForgotPassword(t.Context(), visitor(byte(i)), []string{"ann", "ann@example.com"}[i%2]))
	}
	if n := len(w.Mails()); n != 5 {
		t.Errorf("%d mails", n)
	}
	for i := range 10 {
		w.OK(w.ForgotPassword(t.Context(), visitor(99), fmt.Sprintf("p%d", i)))
	}
	w.Is(w.ForgotPassword(t.Context(), visitor(99), "p"), limit.ErrTooMany)
}

func TestResetLinkEndsAfterAnHourOrWithTheNextPassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Somebody("ann")
		link := w.forgot("ann")
		w.Pass(time.Hour)
		w.Is(w.ResetPassword(t.Context(), visitor(7), link, another), account.ErrLink)

		s := w.SignedIn("ann")
		older, newer := w.forgot("ann"), w.forgot("ann")
		w.OK(w.ResetPassword(t.Context(), visitor(7), newer, another))
		w.Is(w.ResetPassword(t.Context(), visitor(7), older, good), account.ErrLink)
		w.Mails()
		w.gone(s.ID)

		link = w.forgot("ann")
		s2, err := w.SignIn(t.Context(), visitor(7), "ann", another)
		w.OK(err)
		w.OK(w.ChangePassword(t.Context(), w.As(s2.ID), good))
		w.Is(w.ResetPassword(t.Context(), visitor(7), link, another), account.ErrLink)
	})
}

func TestLinkOfOnePurposeDoesNotServeAnother(t *testing.T) {
	w := sqlite(t)
	w.Somebody("ann")
	reset := w.forgot("ann")
	bob := w.signUp("bob", "bob@example.com")
	verify := w.mailed("bob@example.com", "Verify")
	w.Is(w.VerifyEmail(t.Context(), w.As(bob.ID), reset), account.ErrLink)
	w.Is(w.ResetPassword(t.Context(), visitor(7), verify, another), account.ErrLink)
	w.Is(w.SetupOpen(t.Context(), reset), account.ErrLink)
	_, err := w.Invitation(t.Context(), verify)
	w.Is(err, account.ErrLink)
	for _, link := range []string{"", "\x00", "' OR 1=1 --", strings.Repeat("A", 5000), strings.ToLower(reset)} {
		_, err := w.ResetLink(t.Context(), link)
		w.Is(err, account.ErrLink)
	}
}

func TestLinksAreKeptAsHashesOnly(t *testing.T) {
	w := sqlite(t)
	w.Somebody("ann")
	link := w.forgot("ann")
	var rows []string
	w.OK(w.DB.Select(t.Context(), &rows, `SELECT secret_hash || purpose || email FROM links`))
	if len(rows) != 2 || strings.Contains(rows[1], link) || // the letter's link that locks the account, too
		strings.Contains(rows[0], link) {
		t.Errorf("links holds %v", rows)
	}
}

func TestChangedPasswordEndsTheOtherSessionsAndIsMailed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		mine, other := w.Somebody("ann"), w.SignedIn("ann")
		by := w.As(mine.ID)
		accounttest.Fields(t, w.ChangePassword(t.Context(), by, "short"), "password")
		accounttest.Fields(t, w.ChangePassword(t.Context(), by, "ann@example.com"), "password")
		w.OK(w.ChangePassword(t.Context(), by, another))
		w.gone(other.ID)
		if !w.As(mine.ID).SignedIn() {
			t.Error("the own session ended")
		}
		w.OK(w.trySignIn(visitor(7), "ann", another))
		w.mailed("ann@example.com", "was changed")
		w.Logged("account.password_changed", 1)
		w.Is(w.ChangePassword(t.Context(), visitor(7), good), access.ErrUnauthenticated)
	})
}

func TestPasswordsInTwoUnicodeFormsAreOne(t *testing.T) {
	w := sqlite(t)
	_, err := w.Create(t.Context(), access.Console(), account.NewAccount{
		Name: "ann", Email: "ann@example.com", Password: "caf\u00e9 cr\u00e8me br\u00fbl\u00e9e",
	})
	w.OK(err)
	w.OK(w.trySignIn(visitor(7), "ann", "cafe\u0301 cre\u0300me bru\u0302le\u0301e"))
}

func TestSessionStartedWithTheOldPasswordDoesNotSurviveAReset(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Somebody("ann")
		w.Config.Limits.SignInRate = config.Rate{}
		link := w.forgot("ann")
		ids := make(chan string, 50)
		accounttest.Race(func(i int) error {
			if i == 25 {
				return w.ResetPassword(t.Context(), visitor(byte(i)), link, another)
			}
			s, err := w.SignIn(t.Context(), visitor(byte(i)), "ann", good)
			if err == nil {
				ids <- s.ID
			}
			return err
		})
		close(ids)
		if w.trySignIn(visitor(7), "ann", another) != nil {
			w.OK(w.ResetPassword(t.Context(), visitor(7), link, another)) // it was turned away in the crowd
		}
		for id := range ids {
			w.gone(id)
		}
	})
}
