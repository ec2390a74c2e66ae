package account_test

import (
	"context"
	"errors"
	"regexp"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/account/accounttest"
	"latchkey/internal/limit"
	"latchkey/internal/twofactor"
)

var eight = regexp.MustCompile(`\b[0-9]{8}\b`)

// mailing is a world whose accounts without a second factor are mailed codes.
func mailing(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	each(t, func(t *testing.T, w *world) {
		w.Config.SignInCodes = "always"
		_, err := w.Create(t.Context(), access.Console(), account.NewAccount{Name: "ann", Email: "ann@example.com", Password: good})
		w.OK(err)
		f(t, w)
	})
}

// mailedCode is what was mailed last.
func (w *world) mailedCode() string {
	w.T.Helper()
	code := eight.FindString(w.Mailed("ann@example.com", "Your code to sign in"))
	if code == "" {
		w.T.Fatal("no code was mailed")
	}
	return code
}

// other is a code that is not this one.
func other(code string) string {
	if code[0] == '9' {
		return "0" + code[1:]
	}
	return string(code[0]+1) + code[1:]
}

func (w *world) finish(pending, code string) (account.Session, error) {
	return w.FinishSignIn(w.T.Context(), visitor(7), pending, twofactor.Answer{Code: code})
}

func TestSignInWithAMailedCode(t *testing.T) {
	mailing(t, func(t *testing.T, w *world) {
		s := w.SignedIn("ann")
		if s.Pending == "" || s.ID != "" || !s.ByMail || w.Rows(`SELECT COUNT(*) FROM sessions`) != 0 {
			t.Fatalf("a password alone signs in: %+v", s)
		}
		code := w.mailedCode()
		p, err := w.Pending(t.Context(), visitor(7), s.Pending)
		w.OK(err)
		if p.Name != "ann" || !p.ByMail || p.Mailed != "a•••@example.com" {
			t.Errorf("%+v", p)
		}
		if n := w.Rows(`SELECT COUNT(*) FROM sign_ins WHERE code_mac LIKE '%' || ? || '%' OR code_mac = ''`, code); n != 0 {
			t.Error("the code is stored as it is")
		}
		_, err = w.finish(s.Pending, other(code))
		w.Is(err, twofactor.ErrMailedCode)
		in, err := w.finish(s.Pending, code[:4]+" "+code[4:])
		w.OK(err)
		if by := w.As(in.ID); by.Name != "ann" || by.Verified {
			t.Errorf("%+v", by)
		}
		_, err = w.finish(s.Pending, code)
		w.Is(err, account.ErrPending)
		w.Logged("session.code_mailed", 1)
		w.Logged("factor.failed", 1)
	})
}

func TestOfFiftyEqualMailedCodesOneCounts(t *testing.T) {
	mailing(t, func(t *testing.T, w *world) {
		s := w.SignedIn("ann")
		code := w.mailedCode()
		won, lost := accounttest.Race(func(int) error { _, err := w.finish(s.Pending, code); return err })
		if n := w.Rows(`SELECT COUNT(*) FROM sessions`); won != 1 || n != 1 {
			t.Errorf("%d of 50 came in, %d sessions: %v", won, n, lost)
		}
		w.Pass(time.Hour)
		w.Mails()
		w.Is(w.WithPassword(t.Context(), visitor(8), "ann", good, "", nothing), account.ErrCodeMailed)
		code = w.mailedCode()
		did := make(chan int, 50)
		won, _ = accounttest.Race(func(i int) error {
			return w.WithPassword(t.Context(), visitor(8), "ann", good, code, func(context.Context, *db.Tx, account.User) error {
				did <- i
				return nil
			})
		})
		if won != 1 {
			t.Errorf("%d of 50 terminals came in", won)
		}
	})
}

func TestMailedCodeIsTriedFiveTimes(t *testing.T) {
	mailing(t, func(t *testing.T, w *world) {
		s := w.SignedIn("ann")
		code := w.mailedCode()
		for range 5 {
			_, err := w.finish(s.Pending, other(code))
			w.Is(err, twofactor.ErrMailedCode)
		}
		_, err := w.finish(s.Pending, code)
		w.Is(err, limit.ErrTooMany)
		w.Pass(5*time.Minute + time.Second) // the counters of the account have room again, the code has none
		_, err = w.finish(s.Pending, code)
		w.Is(err, twofactor.ErrMailedCode)
	})
}

func TestMailedCodeEndsWithTime(t *testing.T) {
	mailing(t, func(t *testing.T, w *world) {
		s := w.SignedIn("ann")
		code := w.mailedCode()
		w.Pass(account.CodeLife - time.Second)
		_, err := w.Pending(t.Context(), visitor(7), s.Pending)
		w.OK(err)
		w.Pass(time.Second)
		_, err = w.finish(s.Pending, code)
		w.Is(err, account.ErrPending)
	})
}

func TestMailedCodeIsForItsOwnSignIn(t *testing.T) {
	mailing(t, func(t *testing.T, w *world) {
		first := w.SignedIn("ann")
		code := w.mailedCode()
		second := w.SignedIn("ann")
		newer := w.mailedCode()
		if code == newer {
			t.Fatal("two sign-ins have one code")
		}
		_, err := w.finish(second.Pending, code)
		w.Is(err, twofactor.ErrMailedCode)
		w.Is(w.WithPassword(t.Context(), visitor(7), "ann", good, code, nothing), twofactor.ErrMailedCode)
		_, err = w.finish(first.Pending, code)
		w.OK(err)
		w.Is(w.WithPassword(t.Context(), visitor(7), "ann", good, "", nothing), account.ErrCodeMailed)
		w.Mails()
		_, err = w.finish("terminal:"+first.User.ID, code)
		w.Is(err, account.ErrPending)
	})
}

func TestTerminalIsMailedACode(t *testing.T) {
	mailing(t, func(t *testing.T, w *world) {
		in := func(code string) error { return w.WithPassword(t.Context(), visitor(7), "ann", good, code, nothing) }
		w.Is(in(""), account.ErrCodeMailed)
		old := w.mailedCode()
		w.Is(in(""), account.ErrCodeMailed)
		code := w.mailedCode()
		w.Is(in(old), twofactor.ErrMailedCode)
		w.OK(in(code))
		w.Is(in(code), twofactor.ErrMailedCode)
		w.Is(w.WithPassword(t.Context(), visitor(7), "ann", "not the password of ann", code, nothing), account.ErrSignIn)
	})
}

// Who does not know the password learns nothing from the code: not that there is an account, nor that it would
// be mailed one.
func TestMailedCodesTellStrangersNothing(t *testing.T) {
	mailing(t, func(t *testing.T, w *world) {
		for _, login := range []string{"ann", "nobody", "ann@example.com", "nobody@example.com"} {
			_, err := w.SignIn(t.Context(), visitor(7), login, "not the password at all")
			accounttest.Fields(t, err, "password")
			w.Is(w.WithPassword(t.Context(), visitor(7), login, "not the password at all", "12345678", nothing), account.ErrSignIn)
		}
		w.Quiet()
		if n := w.Rows(`SELECT COUNT(*) FROM sign_ins`); n != 0 {
			t.Errorf("%d unfinished sign-ins", n)
		}
	})
}

func TestCodesAreMailedOnlySoOften(t *testing.T) {
	mailing(t, func(t *testing.T, w *world) {
		for i := range 21 {
			_, err := w.SignIn(t.Context(), visitor(7), "ann", good)
			if refused := errors.Is(err, limit.ErrTooMany); refused != (i == 20) || err != nil && !refused {
				t.Fatalf("%d: %v", i, err)
			}
		}
		if n := len(w.Mails()); n != 20 {
			t.Errorf("%d letters", n)
		}
		w.Is(w.WithPassword(t.Context(), visitor(7), "ann", good, "", nothing), limit.ErrTooMany)
	})
}

func TestWhoIsMailedNoCode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.withApp("ann")
		for _, policy := range []string{"always", "never", "auto"} {
			w.Config.SignInCodes = policy
			if s := w.SignedIn("ann"); s.Pending == "" || s.ByMail {
				t.Errorf("%s: with a second factor: %+v", policy, s)
			}
		}
		w.Config.SignInCodes = "auto"
		w.Somebody("bob") // without a mail server
		w.Config.SMTP = "mail.example.com:587"
		if s := w.SignedIn("bob"); !s.ByMail {
			t.Errorf("with a mail server: %+v", s)
		}
		w.signUp("tove", "tove@example.com") // nobody verified this address
		if s := w.SignedIn("tove"); s.ID == "" {
			t.Errorf("an address that may be a stranger's is asked for a code: %+v", s)
		}
	})
}

// A second factor that is turned on in between is owed.
func TestMailedCodeIsWorthNothingOnceAFactorIsOn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := w.Somebody("ann")
		w.Mails()
		w.Config.SignInCodes = "always"
		pending := w.SignedIn("ann").Pending
		browser := w.mailedCode()
		w.Is(w.WithPassword(t.Context(), visitor(7), "ann", good, "", nothing), account.ErrCodeMailed)
		terminal := w.mailedCode()
		_, err := w.DB.Exec(t.Context(), `INSERT INTO two_factor (user_id, handle, mode, enabled_at) VALUES (?, 'x', 'auth-only', ?)`, s.User.ID, w.Now())
		w.OK(err)
		_, err = w.finish(pending, browser)
		w.Is(err, account.ErrPending)
		w.Is(w.WithPassword(t.Context(), visitor(7), "ann", good, terminal, nothing), access.ErrSecondFactor)
		w.Is(w.WithPassword(t.Context(), visitor(7), "ann", good, "", nothing), access.ErrSecondFactor)
	})
}

func TestMaskedAddress(t *testing.T) {
	for address, want := range map[string]string{"ann@example.com": "a•••@example.com", "a@b.example": "a•••@b.example", "nothing": "", "@x": ""} {
		if got := account.Masked(address); got != want {
			t.Errorf("%s is %s", address, got)
		}
	}
}
