package account_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/account/accounttest"
	"latchkey/internal/errs"
)

// lost asks for ann to be let in without her second factor, and returns the secret of the letter's link.
func (w *world) lost() string {
	w.T.Helper()
	w.Mails()
	w.OK(w.AskRecovery(w.T.Context(), visitor(7), w.halfIn("ann"), "My phone fell into the harbour. Call me."))
	link := accounttest.Link(w.Mailed("ann@example.com", "without its second factor"), "recovery")
	if link == "" {
		w.T.Fatal("no link was mailed")
	}
	return link
}

// recovering is a world in which ann has a second factor, a browser that is signed in, and an operator.
func recovering(t *testing.T, f func(t *testing.T, w *world, session string)) {
	t.Helper()
	each(t, func(t *testing.T, w *world) {
		id, _ := w.withApp("ann")
		_, err := w.Create(t.Context(), access.Console(), account.NewAccount{Name: "olga", Email: "olga@example.com", Password: good, Operator: true})
		w.OK(err)
		w.Mails()
		f(t, w, id)
	})
}

func TestOperatorLetsSomebodyInWhoLostEverything(t *testing.T) {
	recovering(t, func(t *testing.T, w *world, session string) {
		link := w.lost()
		console := access.Console()
		w.Is(w.ApproveRecovery(t.Context(), console, "ann"), account.ErrNoRecovery) // nobody confirmed it
		name, state, err := w.RecoveryLink(t.Context(), link)
		w.OK(err)
		if name != "ann" || state != account.RecoveryAsked {
			t.Errorf("%s %s", name, state)
		}
		w.OK(w.AnswerRecovery(t.Context(), visitor(7), link, true))
		if told := w.Mailed("olga@example.com", "ann lost every second factor"); !strings.Contains(told, "5 January 2030") {
			t.Error(told)
		}
		w.Is(w.AnswerRecovery(t.Context(), visitor(7), link, true), account.ErrLink)
		w.Is(w.AskRecovery(t.Context(), visitor(7), w.halfIn("ann"), "again"), account.ErrRecovering)
		waiting, err := w.Recoveries(t.Context(), console)
		w.OK(err)
		if len(waiting) != 1 || waiting[0].Name != "ann" || !strings.Contains(waiting[0].Reason, "harbour") || !waiting[0].ReadyAt.Equal(w.Now().Add(account.RecoveryWait)) {
			t.Errorf("%+v", waiting)
		}
		w.Pass(account.RecoveryWait - time.Second)
		w.Is(w.ApproveRecovery(t.Context(), console, "ann"), account.ErrRecoveryEarly)
		w.Pass(time.Second)
		won, _ := accounttest.Race(func(int) error { return w.ApproveRecovery(t.Context(), console, "ann") })
		if won != 1 {
			t.Errorf("approved %d times", won)
		}
		if w.As(session).SignedIn() {
			t.Error("a browser is still signed in")
		}
		in := w.SignedIn("ann")
		if in.ID == "" {
			t.Fatalf("the second factor is still there: %+v", in)
		}
		by := w.As(in.ID)
		w.Is(access.Check(by, access.PackagePublish, access.Facts{Standing: access.Owner}, w.Now()), access.ErrHeld)
		said := ""
		for _, m := range w.Mails() {
			said += m.To + " " + m.Subject + "\n"
		}
		if !strings.Contains(said, "ann@example.com Your account on Example Registry has no second factor") {
			t.Error(said)
		}
		for _, event := range []string{"asked", "confirmed", "approved"} {
			w.Logged("account.recovery_"+event, 1)
		}
		w.Logged("factor.off", 1)
	})
}

func TestWhoReadsTheMailEndsARequest(t *testing.T) {
	recovering(t, func(t *testing.T, w *world, _ string) {
		link := w.lost()
		w.OK(w.AnswerRecovery(t.Context(), visitor(7), link, true))
		w.Pass(account.RecoveryWait)
		w.Mails()
		w.OK(w.AnswerRecovery(t.Context(), visitor(7), link, false))
		w.Mailed("ann@example.com", "is over")
		w.Is(w.ApproveRecovery(t.Context(), access.Console(), "ann"), account.ErrNoRecovery)
		w.Is(w.AnswerRecovery(t.Context(), visitor(7), link, true), account.ErrLink)
		w.Logged("account.recovery_cancelled", 1)
		if in := w.SignedIn("ann"); in.Pending == "" {
			t.Error("the second factor is gone")
		}
	})
}

func TestRequestIsWorthNothingWithAnotherPassword(t *testing.T) {
	recovering(t, func(t *testing.T, w *world, session string) {
		w.OK(w.AnswerRecovery(t.Context(), visitor(7), w.lost(), true))
		w.OK(w.ChangePassword(t.Context(), w.As(session), "another password, just as good"))
		w.Pass(account.RecoveryWait)
		w.Is(w.ApproveRecovery(t.Context(), access.Console(), "ann"), account.ErrRecoveryOld)
		w.OK(w.DenyRecovery(t.Context(), access.Console(), "ann"))
		w.Logged("account.recovery_denied", 1)
	})
}

func TestWhoMayAskAndDecide(t *testing.T) {
	recovering(t, func(t *testing.T, w *world, _ string) {
		w.Is(w.AskRecovery(t.Context(), visitor(7), "AAAABBBBCCCCDDDDEEEEFFFFGG", "x"), account.ErrPending)
		for _, reason := range []string{"", strings.Repeat("x", 1001), "\xff"} {
			accounttest.Fields(t, w.AskRecovery(t.Context(), visitor(7), w.halfIn("ann"), reason), "reason")
		}
		w.OK(w.AnswerRecovery(t.Context(), visitor(7), w.lost(), true))
		w.Pass(account.RecoveryWait)
		bob := w.As(w.Somebody("bob").ID)
		for _, err := range []error{w.ApproveRecovery(t.Context(), bob, "ann"), w.DenyRecovery(t.Context(), bob, "ann")} {
			w.Is(err, access.ErrHidden)
		}
		if _, err := w.Recoveries(t.Context(), bob); errs.Of(err).Kind != errs.NotFound {
			t.Error(err)
		}
		olga := w.As(w.SignedIn("olga").ID)
		w.Pass(access.SudoFor)
		w.Is(w.ApproveRecovery(t.Context(), olga, "ann"), access.ErrSudo)
		w.OK(w.Confirm(t.Context(), olga, good))
		w.OK(w.ApproveRecovery(t.Context(), w.As(olga.SessionID), "ann"))
	})
}
