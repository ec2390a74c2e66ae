package account_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/account/accounttest"
	"latchkey/internal/errs"
)

// setupLink returns the secret of a new setup link.
func (w *world) setupLink() string {
	w.T.Helper()
	address, err := w.SetupLink(w.T.Context(), access.Console())
	w.OK(err)
	link, ok := strings.CutPrefix(address, "https://registry.example.com/setup/")
	if !ok {
		w.T.Fatalf("the link is %q", address)
	}
	return link
}

var first = account.SignUp{Name: "root", FullName: "Ann Example", Email: "root@example.com", Password: good}

func TestSetupLinkMakesTheFirstOperatorOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if there, err := w.HasOperator(t.Context()); err != nil || there {
			t.Fatalf("operator %v, %v", there, err)
		}
		link := w.setupLink()
		for range 3 {
			w.OK(w.SetupOpen(t.Context(), link))
		}
		bad := first
		bad.Password = "short"
		_, err := w.SetUp(t.Context(), visitor(7), link, bad)
		accounttest.Fields(t, err, "password")
		s, err := w.SetUp(t.Context(), visitor(7), link, first)
		w.OK(err)
		a := w.As(s.ID)
		if !a.Operator || !a.EmailVerified || a.Name != "root" {
			t.Errorf("actor %+v", a)
		}
		w.Quiet()
		again := first
		again.Name, again.Email = "eve", "eve@example.com"
		_, err = w.SetUp(t.Context(), visitor(7), link, again)
		w.Is(err, account.ErrLink)
		w.Is(w.SetupOpen(t.Context(), link), account.ErrLink)
		if address, err := w.SetupLink(t.Context(), access.Console()); err != nil || address != "" {
			t.Errorf("a link with an operator there: %q, %v", address, err)
		}
		if there, err := w.HasOperator(t.Context()); err != nil || !there {
			t.Errorf("operator %v, %v", there, err)
		}
	})
}

func TestSetupLinkMakesOneOperatorHoweverManyTry(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		link := w.setupLink()
		won, lost := accounttest.Race(func(i int) error {
			in := first
			in.Name, in.Email = fmt.Sprintf("root%d", i), fmt.Sprintf("root%d@example.com", i)
			_, err := w.SetUp(t.Context(), visitor(byte(i)), link, in)
			return err
		})
		if won != 1 || w.Rows(`SELECT COUNT(*) FROM users`) != 1 || w.Rows(`SELECT COUNT(*) FROM names`) != 1 {
			t.Errorf("%d operators", won)
		}
		for _, err := range lost {
			if k := errs.Of(err).Kind; k != errs.NotFound && k != errs.Unavailable {
				t.Errorf("a loser got %v", err)
			}
		}
	})
}

func TestNewerSetupLinkReplacesOlderOnesAndLivesAnHour(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		older, newer := w.setupLink(), w.setupLink()
		w.Is(w.SetupOpen(t.Context(), older), account.ErrLink)
		w.OK(w.SetupOpen(t.Context(), newer))
		w.Pass(time.Hour)
		w.Is(w.SetupOpen(t.Context(), newer), account.ErrLink)
		_, err := w.SetUp(t.Context(), visitor(7), newer, first)
		w.Is(err, account.ErrLink)
	})
}

func TestSetupLinkIsUselessOnceTheConsoleMadeAnOperator(t *testing.T) {
	w := sqlite(t)
	link := w.setupLink()
	_, err := w.Create(t.Context(), access.Console(), account.NewAccount{Name: "ops", Email: "ops@example.com", Password: good, Operator: true})
	w.OK(err)
	_, err = w.SetUp(t.Context(), visitor(7), link, first)
	w.Is(err, account.ErrHasOperator)
	if n := w.Rows(`SELECT COUNT(*) FROM users WHERE operator`); n != 1 {
		t.Errorf("%d operators", n)
	}
}

func TestSetUpKeepsTheRulesOfAccounts(t *testing.T) {
	w := sqlite(t)
	w.Somebody("ann")
	link := w.setupLink()
	for field, change := range map[string]func(*account.SignUp){
		"name":  func(in *account.SignUp) { in.Name = "ann" },
		"email": func(in *account.SignUp) { in.Email = "ann@example.com" },
	} {
		in := first
		change(&in)
		_, err := w.SetUp(t.Context(), visitor(7), link, in)
		accounttest.Fields(t, err, field)
	}
	_, err := w.SetUp(t.Context(), visitor(7), link, first) // and the link still works
	w.OK(err)
}

func TestOnlyTheConsoleIsGivenASetupLink(t *testing.T) {
	w := sqlite(t)
	for _, by := range []access.Actor{visitor(7), w.As(w.Somebody("ann").ID)} {
		_, err := w.SetupLink(t.Context(), by)
		w.Is(err, access.ErrHidden)
	}
}
