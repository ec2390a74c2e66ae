package account_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/errs"
)

// setupLink returns the secret of a new setup link.
func (w *world) setupLink() string {
	w.t.Helper()
	address, err := w.SetupLink(w.t.Context(), access.Console())
	w.ok(err)
	link, ok := strings.CutPrefix(address, "https://registry.example.com/setup/")
	if !ok {
		w.t.Fatalf("the link is %q", address)
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
			w.ok(w.SetupOpen(t.Context(), link))
		}
		bad := first
		bad.Password = "short"
		_, err := w.SetUp(t.Context(), visitor(7), link, bad)
		fields(t, err, "password")
		s, err := w.SetUp(t.Context(), visitor(7), link, first)
		w.ok(err)
		a := w.as(s.ID)
		if !a.Operator || !a.EmailVerified || a.Name != "root" {
			t.Errorf("actor %+v", a)
		}
		w.quiet()
		again := first
		again.Name, again.Email = "eve", "eve@example.com"
		_, err = w.SetUp(t.Context(), visitor(7), link, again)
		w.is(err, account.ErrLink)
		w.is(w.SetupOpen(t.Context(), link), account.ErrLink)
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
		won, lost := race(func(i int) error {
			in := first
			in.Name, in.Email = fmt.Sprintf("root%d", i), fmt.Sprintf("root%d@example.com", i)
			_, err := w.SetUp(t.Context(), visitor(byte(i)), link, in)
			return err
		})
		if won != 1 || w.count(`SELECT COUNT(*) FROM users`) != 1 || w.count(`SELECT COUNT(*) FROM names`) != 1 {
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
		w.is(w.SetupOpen(t.Context(), older), account.ErrLink)
		w.ok(w.SetupOpen(t.Context(), newer))
		w.pass(time.Hour)
		w.is(w.SetupOpen(t.Context(), newer), account.ErrLink)
		_, err := w.SetUp(t.Context(), visitor(7), newer, first)
		w.is(err, account.ErrLink)
	})
}

func TestSetupLinkIsUselessOnceTheConsoleMadeAnOperator(t *testing.T) {
	w := sqlite(t)
	link := w.setupLink()
	_, err := w.Create(t.Context(), access.Console(), account.NewAccount{Name: "ops", Email: "ops@example.com", Password: good, Operator: true})
	w.ok(err)
	_, err = w.SetUp(t.Context(), visitor(7), link, first)
	w.is(err, account.ErrHasOperator)
	if n := w.count(`SELECT COUNT(*) FROM users WHERE operator`); n != 1 {
		t.Errorf("%d operators", n)
	}
}

func TestSetUpKeepsTheRulesOfAccounts(t *testing.T) {
	w := sqlite(t)
	w.person("ann")
	link := w.setupLink()
	for field, change := range map[string]func(*account.SignUp){
		"name":  func(in *account.SignUp) { in.Name = "ann" },
		"email": func(in *account.SignUp) { in.Email = "ann@example.com" },
	} {
		in := first
		change(&in)
		_, err := w.SetUp(t.Context(), visitor(7), link, in)
		fields(t, err, field)
	}
	_, err := w.SetUp(t.Context(), visitor(7), link, first) // and the link still works
	w.ok(err)
}

func TestOnlyTheConsoleIsGivenASetupLink(t *testing.T) {
	w := sqlite(t)
	for _, by := range []access.Actor{visitor(7), w.as(w.person("ann").ID)} {
		_, err := w.SetupLink(t.Context(), by)
		w.is(err, access.ErrHidden)
	}
}
