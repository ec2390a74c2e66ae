package token_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account/accounttest"
	"latchkey/internal/secret"
	"latchkey/internal/token"
)

func (w *world) start() token.WebLogin {
	w.T.Helper()
	l, err := w.StartWebLogin(w.T.Context(), terminal(1))
	w.OK(err)
	return l
}

// open shows a login to somebody, who is the only one from then on.
func (w *world) open(by access.Actor, id string) token.WebLoginPage {
	w.T.Helper()
	p, err := w.WebLogin(w.T.Context(), by, id)
	w.OK(err)
	return p
}

// code is what the terminal shows last.
func code(id string) string { return id[max(0, len(id)-6):] }

func (w *world) approve(by access.Actor, id string) {
	w.T.Helper()
	w.open(by, id)
	w.OK(w.ApproveWebLogin(w.T.Context(), by, id, code(id)))
}

// poll asks as the terminal does: "" means that it must go on waiting.
func (w *world) poll(l token.WebLogin) string {
	w.T.Helper()
	text, waits, err := w.PollWebLogin(w.T.Context(), terminal(1), l.Poll)
	w.OK(err)
	if waits != (text == "") {
		w.T.Fatalf("waits %v with %q", waits, text)
	}
	return text
}

// isOver reports whether an error is the one answer for a login that is over, word for word.
func isOver(err error) bool {
	return errors.Is(err, token.ErrLogin) && err.Error() == token.ErrLogin.Error()
}

// over expects the one answer to a terminal whose login is over.
func (w *world) over(poll string) {
	w.T.Helper()
	text, waits, err := w.PollWebLogin(w.T.Context(), terminal(1), poll)
	if !isOver(err) || text != "" || waits {
		w.T.Fatalf("got %q, %v, %v", text, waits, err)
	}
}

func TestTerminalIsSignedInByTheBrowserThatApproves(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		w.Mails()
		l := w.start()
		if len(l.ID) != 26 || len(l.Poll) != 52 || strings.Contains(l.Poll, l.ID) {
			t.Errorf("started %+v", l)
		}
		if w.poll(l) != "" {
			t.Fatal("signed in without approval")
		}
		page := w.open(ann, l.ID)
		want := token.WebLoginPage{
			ID: l.ID, IP: "198.51.100.1", Agent: terminal(1).Agent, Terminal: "npm 11.6.2 on Linux", Created: w.Now(), State: token.Pending,
			Doubtful: true, Code: l.ID[20:], Fresh: true,
		}
		if page != want {
			t.Errorf("page %+v", page)
		}
		if w.poll(l) != "" || w.Rows(`SELECT COUNT(*) FROM tokens`) != 0 {
			t.Fatal("looking approved it")
		}
		w.OK(w.ApproveWebLogin(t.Context(), ann, l.ID, code(l.ID)))
		if w.Rows(`SELECT COUNT(*) FROM tokens`) != 0 {
			t.Error("a token was made before it was fetched")
		}
		if got := w.open(ann, l.ID).State; got != "approved" {
			t.Errorf("state %s", got)
		}
		text := w.poll(l)
		a := w.works(text)
		if a.UserID != ann.UserID || a.Grant.ReadOnly {
			t.Errorf("actor %+v", a)
		}
		body := w.mailed("A terminal was signed in")
		for _, want := range []string{"npm 11.6.2 on Linux", "198.51.100.1", "203.0.113.7", "different networks", secret.Hint(text), "2 January 2030, 15:04 UTC"} {
			if !strings.Contains(body, want) {
				t.Errorf("the mail lacks %q:\n%s", want, body)
			}
		}
		w.Logged("login.approved", 1)
		w.Logged("token.created", 1)
		if n := w.Rows(`SELECT COUNT(*) FROM audit_log WHERE detail LIKE '%remote_approval%'`); n != 1 {
			t.Error("an approval from another network is not marked")
		}
		w.Pass(12 * time.Hour)
		w.refused(text)
	})
}

func TestApprovalOfOnesOwnNetworkIsNotMarked(t *testing.T) {
	w := sqlite(t)
	ann := w.person("ann")
	w.Mails()
	ann.IP = terminal(200).IP
	l := w.start()
	if !w.open(ann, l.ID).SameNetwork {
		t.Error("another network")
	}
	w.approve(ann, l.ID)
	w.poll(l)
	if body := w.mailed("A terminal"); strings.Contains(body, "different networks") {
		t.Errorf("mail: %s", body)
	}
	if n := w.Rows(`SELECT COUNT(*) FROM audit_log WHERE detail LIKE '%remote_approval%'`); n != 0 {
		t.Error("marked")
	}
}

func TestApprovingNeedsAFreshProofAndABrowser(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		w.Pass(access.SudoFor)
		l := w.start()
		by := w.As(ann.SessionID)
		w.open(by, l.ID)
		w.Is(w.ApproveWebLogin(t.Context(), by, l.ID, code(l.ID)), access.ErrSudo)
		if w.poll(l) != "" {
			t.Fatal("signed in")
		}
		w.OK(w.Accounts.Confirm(t.Context(), by, good))
		w.OK(w.ApproveWebLogin(t.Context(), w.As(ann.SessionID), l.ID, code(l.ID)))

		l = w.start()
		byToken := w.works(w.create(token.Publish))
		for _, c := range []struct {
			by   access.Actor
			want error
		}{{visitor(), access.ErrUnauthenticated}, {byToken, access.ErrTokenTooWeak}} {
			_, err := w.WebLogin(t.Context(), c.by, l.ID)
			w.Is(err, c.want)
			w.Is(w.ApproveWebLogin(t.Context(), c.by, l.ID, code(l.ID)), c.want)
			w.Is(w.DenyWebLogin(t.Context(), c.by, l.ID), c.want)
		}
		if w.poll(l) != "" {
			t.Fatal("signed in")
		}
	})
}

func TestFirstBrowserThatOpensALoginIsTheOnlyOne(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann, again, bob := w.person("ann"), w.signIn("ann"), w.person("bob")
		l := w.start()
		w.Is(w.ApproveWebLogin(t.Context(), ann, l.ID, code(l.ID)), token.ErrLogin) // nobody has looked at it
		w.open(ann, l.ID)
		for _, other := range []access.Actor{again, bob} {
			_, err := w.WebLogin(t.Context(), other, l.ID)
			w.Is(err, token.ErrLogin)
			w.Is(w.ApproveWebLogin(t.Context(), other, l.ID, code(l.ID)), token.ErrLogin)
			w.Is(w.DenyWebLogin(t.Context(), other, l.ID), token.ErrLogin)
		}
		w.OK(w.ApproveWebLogin(t.Context(), ann, l.ID, code(l.ID)))
		w.works(w.poll(l))
	})
}

func TestOfManyBrowsersOneOpensALogin(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		var sessions []access.Actor
		for range 10 {
			sessions = append(sessions, w.signIn("ann"))
		}
		l := w.start()
		seen := make(chan string, 50)
		accounttest.Race(func(i int) error {
			_, err := w.WebLogin(t.Context(), sessions[i%10], l.ID)
			if err == nil {
				seen <- sessions[i%10].SessionID
			}
			return err
		})
		close(seen)
		owner := ""
		for id := range seen {
			if owner == "" {
				owner = id
			}
			if id != owner {
				t.Fatal("two browsers opened it")
			}
		}
		if owner == "" {
			t.Error("nobody opened it")
		}
	})
}

func TestUnknownLoginsAreOneAnswer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		l := w.start()
		for _, id := range []string{"", "x", l.Poll, secret.New(), strings.ToLower(l.ID), "\x00", "\xff", strings.Repeat("A", 5000), l.ID + "A"} {
			_, err := w.WebLogin(t.Context(), ann, id)
			for _, err := range []error{err, w.ApproveWebLogin(t.Context(), ann, id, code(id)), w.DenyWebLogin(t.Context(), ann, id)} {
				if !isOver(err) {
					t.Errorf("%.30q: %v", id, err)
				}
			}
			if id != l.Poll {
				w.over(id)
			}
		}
		w.over(l.ID) // what the browser knows does not fetch the token
	})
}

func TestLoginIsApprovedOnceHoweverManyTry(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		l := w.start()
		w.open(ann, l.ID)
		won, lost := accounttest.Race(func(int) error { return w.ApproveWebLogin(t.Context(), ann, l.ID, code(l.ID)) })
		if won != 1 {
			t.Errorf("approved %d times", won)
		}
		for _, err := range lost {
			w.Is(err, token.ErrDecided)
		}
		w.Logged("login.approved", 1)
	})
}

func TestDecisionIsFinal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		w.Pass(access.SudoFor)
		l := w.start()
		w.open(ann, l.ID)
		w.OK(w.DenyWebLogin(t.Context(), ann, l.ID)) // turning away needs no fresh proof
		w.over(l.Poll)
		w.Is(w.ApproveWebLogin(t.Context(), w.As(ann.SessionID), l.ID, code(l.ID)), access.ErrSudo)
		w.OK(w.Accounts.Confirm(t.Context(), ann, good))
		l = w.start()
		ann = w.As(ann.SessionID)
		w.open(ann, l.ID)
		w.OK(w.DenyWebLogin(t.Context(), ann, l.ID))
		w.Is(w.ApproveWebLogin(t.Context(), ann, l.ID, code(l.ID)), token.ErrDecided)
		w.Is(w.DenyWebLogin(t.Context(), ann, l.ID), token.ErrDecided)
		w.over(l.Poll)
		if got := w.open(ann, l.ID).State; got != "denied" {
			t.Errorf("state %s", got)
		}
		l = w.start()
		w.approve(ann, l.ID)
		w.Is(w.DenyWebLogin(t.Context(), ann, l.ID), token.ErrDecided)
		w.works(w.poll(l))
		w.Logged("login.denied", 2)
	})
}

func TestManyPollsLeaveOneTokenThatWorks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		l := w.start()
		w.approve(ann, l.ID)
		texts := make(chan string, 50)
		accounttest.Race(func(i int) error {
			text, _, err := w.PollWebLogin(t.Context(), terminal(byte(i)), l.Poll)
			if err == nil {
				texts <- text
			}
			return err
		})
		close(texts)
		live := 0
		for text := range texts {
			if _, err := w.Authenticate(t.Context(), terminal(1), text); err == nil {
				live++
			}
		}
		if n := w.Rows(`SELECT COUNT(*) FROM tokens WHERE revoked_at IS NULL`); live != 1 || n != 1 {
			t.Errorf("%d of the tokens that were handed out work, %d are stored", live, n)
		}
	})
}

func TestLostAnswerCanBeFetchedAgainForHalfAMinute(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		l := w.start()
		w.approve(ann, l.ID)
		first := w.poll(l)
		w.Pass(20 * time.Second)
		second := w.poll(l)
		w.refused(first)
		w.works(second)
		w.Pass(10 * time.Second)
		third := w.poll(l)
		w.refused(second)
		w.Pass(time.Microsecond) // half a minute after the first time, not after the last
		w.over(l.Poll)
		w.works(third)
		w.Logged("token.revoked", 2)
	})
}

func TestLoginIsOverAfterFiveMinutesApprovedOrNot(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		waiting, approved := w.start(), w.start()
		w.open(ann, waiting.ID)
		w.approve(ann, approved.ID)
		w.Pass(5*time.Minute - time.Second)
		if w.poll(waiting) != "" {
			t.Fatal("signed in")
		}
		w.Pass(time.Second)
		w.over(waiting.Poll)
		w.over(approved.Poll)
		_, err := w.WebLogin(t.Context(), ann, waiting.ID)
		w.Is(err, token.ErrLogin)
		w.OK(w.Accounts.Confirm(t.Context(), ann, good))
		w.Is(w.ApproveWebLogin(t.Context(), w.As(ann.SessionID), waiting.ID, code(waiting.ID)), token.ErrLogin)
		if n := w.Rows(`SELECT COUNT(*) FROM tokens`); n != 0 {
			t.Errorf("%d tokens", n)
		}
		w.OK(w.Sweep(t.Context()))
		if n := w.Rows(`SELECT COUNT(*) FROM web_logins`); n != 0 {
			t.Errorf("%d rows left", n)
		}
	})
}

func TestSigningOutTakesAnApprovalBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		l := w.start()
		w.approve(ann, l.ID)
		w.OK(w.Accounts.SignOut(t.Context(), ann))
		w.over(l.Poll)

		other, ann := w.signIn("ann"), w.signIn("ann")
		l = w.start()
		w.approve(other, l.ID)
		w.OK(w.Accounts.ChangePassword(t.Context(), ann, "another password, just as good"))
		w.over(l.Poll)
		if n := w.Rows(`SELECT COUNT(*) FROM tokens`); n != 0 {
			t.Errorf("%d tokens", n)
		}
	})
}

func TestDoubtfulRequestNeedsTheCodeThatTheTerminalShows(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		far := w.start()
		near, err := w.StartWebLogin(t.Context(), visitor())
		w.OK(err)
		old, err := w.StartWebLogin(t.Context(), visitor())
		w.OK(err)
		for _, l := range []token.WebLogin{far, near, old} {
			w.open(ann, l.ID)
		}
		if !w.open(ann, far.ID).Doubtful || w.open(ann, near.ID).Doubtful {
			t.Error("another network is doubtful, one's own is not")
		}
		w.OK(w.ApproveWebLogin(t.Context(), ann, near.ID, ""))
		w.Pass(3*time.Minute + 1)
		if !w.open(ann, old.ID).Doubtful {
			t.Error("an old request is not doubtful")
		}
		for _, l := range []token.WebLogin{far, old} {
			for _, typed := range []string{"", "ABCDEF", l.ID[:6], l.ID[21:], l.ID} {
				accounttest.Fields(t, w.ApproveWebLogin(t.Context(), ann, l.ID, typed), "code")
			}
			if w.poll(l) != "" {
				t.Fatal("signed in")
			}
			w.OK(w.ApproveWebLogin(t.Context(), ann, l.ID, " "+strings.ToLower(l.ID[20:])))
			w.works(w.poll(l))
		}
		w.Logged("login.approved", 3)
	})
}
