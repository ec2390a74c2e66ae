package token_test

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/jobs"
	"latchkey/internal/limit"
	"latchkey/internal/mail"
	"latchkey/internal/outbox"
	"latchkey/internal/secret"
	"latchkey/internal/token"
)

// world is tokens and accounts on a database, with a clock that is moved by hand and mail that is caught.
type world struct {
	*token.Service
	t        *testing.T
	db       *db.DB
	cfg      *config.Config
	jobs     *jobs.Service
	accounts *account.Service

	mu  sync.Mutex
	at  time.Time
	got []mail.Message
}

const good = "a password that is long enough"

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// Send implements mail.Sender.
func (w *world) Send(_ context.Context, m mail.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got = append(w.got, m)
	return nil
}

// mails runs the queue and returns what was sent since the last call.
func (w *world) mails() []mail.Message {
	w.t.Helper()
	for w.jobs.Step(w.t.Context()) {
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	got := w.got
	w.got = nil
	return got
}

// mailed expects one mail to ann and returns its text.
func (w *world) mailed(subject string) string {
	const to = "ann@example.com"
	w.t.Helper()
	got := w.mails()
	if len(got) != 1 || got[0].To != to || !strings.Contains(got[0].Subject, subject) {
		w.t.Fatalf("want one mail to %s about %q, got %+v", to, subject, got)
	}
	return got[0].Body
}

func (w *world) quiet() {
	w.t.Helper()
	if got := w.mails(); len(got) != 0 {
		w.t.Fatalf("want no mail, got %+v", got)
	}
}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	box, err := secret.NewBox(base64.StdEncoding.EncodeToString(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: d, at: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	w.cfg = &config.Config{Name: "Example Registry", URL: "https://registry.example.com/", SignUp: "open"}
	w.cfg.Limits = config.Limits{
		PasswordLength: 15, SessionIdle: time.Hour, SessionLife: 12 * time.Hour, LoginTokenLife: 12 * time.Hour,
		SignInRate: config.Rate{N: 10, Per: 5 * time.Minute}, SignUpRate: config.Rate{N: 20, Per: 24 * time.Hour},
		MailRate: config.Rate{N: 5, Per: 6 * time.Hour}, LoginRate: config.Rate{N: 60, Per: time.Hour}, LoginTerminalsOpen: 5,
	}
	out := outbox.New(w.now, box, w, w.cfg)
	w.jobs = jobs.New(d, w.now)
	w.jobs.Handle(outbox.Kind, out.Deliver)
	w.accounts = account.New(d, w.now, secret.NewPasswords(secret.Cost{MemoryKiB: 8, Passes: 1}), limit.New(d, w.now), out, w.cfg)
	w.Service = token.New(d, w.now, w.accounts, w.cfg)
	return w
}

// each runs a test on both databases.
func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { f(t, newWorld(t, d)) })
}

// sqlite runs a test of what does not depend on the database.
func sqlite(t *testing.T) *world {
	t.Helper()
	return newWorld(t, dbtest.SQLite(t).Open(t))
}

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// visitor is somebody at 203.0.113.7 with Firefox.
func visitor() access.Actor {
	return access.Anonymous(netip.AddrFrom4([4]byte{203, 0, 113, 7}), firefox)
}

// terminal is npm at 198.51.100.x.
func terminal(x byte) access.Actor {
	return access.Anonymous(netip.AddrFrom4([4]byte{198, 51, 100, x}), "npm/11.6.2 node/v24.11.0 linux x64 workspaces/false")
}

// person makes an account with a verified address, signs it in, and returns its actor.
func (w *world) person(name string) access.Actor {
	w.t.Helper()
	_, err := w.accounts.Create(w.t.Context(), access.Console(), account.NewAccount{Name: name, Email: name + "@example.com", Password: good})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.signIn(name)
}

func (w *world) signIn(name string) access.Actor {
	w.t.Helper()
	s, err := w.accounts.SignIn(w.t.Context(), visitor(), name, good)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.again(s.ID)
}

// again is the actor of a session's next request.
func (w *world) again(sessionID string) access.Actor {
	w.t.Helper()
	a, err := w.accounts.ActorFor(w.t.Context(), visitor(), sessionID)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// create makes a token for ann at the console and returns its secret.
func (w *world) create(kind string) string {
	w.t.Helper()
	c, err := w.Create(w.t.Context(), access.Console(), token.NewToken{Owner: "ann", Name: "test", Kind: kind})
	if err != nil {
		w.t.Fatal(err)
	}
	return c.Secret
}

// works expects that a token stands for ann.
func (w *world) works(text string) access.Actor {
	w.t.Helper()
	a, err := w.Authenticate(w.t.Context(), terminal(1), text)
	if err != nil || a.Name != "ann" {
		w.t.Fatalf("the token stands for %q, %v", a.Name, err)
	}
	return a
}

// refused expects that a token stands for nobody.
func (w *world) refused(text string) {
	w.t.Helper()
	a, err := w.Authenticate(w.t.Context(), terminal(1), text)
	if !errors.Is(err, token.ErrToken) || a.SignedIn() {
		w.t.Fatalf("the token stands for %q, %v", a.Name, err)
	}
}

func (w *world) count(query string, args ...any) int {
	w.t.Helper()
	var n int
	if err := w.db.Get(w.t.Context(), &n, query, args...); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// logged expects a number of entries of an event in the security log.
func (w *world) logged(event string, n int) {
	w.t.Helper()
	if got := w.count(`SELECT COUNT(*) FROM audit_log WHERE event = ?`, event); got != n {
		w.t.Errorf("%d entries of %s, want %d", got, event, n)
	}
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) is(err, want error) {
	w.t.Helper()
	if !errors.Is(err, want) {
		w.t.Fatalf("got %v, want %v", err, want)
	}
}

// fields expects an Invalid error about exactly these fields.
func fields(t *testing.T, err error, want ...string) {
	t.Helper()
	e := errs.AsInvalid(err)
	if e == nil {
		t.Fatalf("want fields %v, got %v", want, err)
	}
	set := map[string]bool{}
	for _, f := range want {
		set[f] = true
	}
	for f := range maps.Keys(e.Fields) {
		if !set[f] {
			t.Errorf("unexpected field %s: %s", f, e.Fields[f])
		}
		delete(set, f)
	}
	if len(set) > 0 {
		t.Errorf("nothing was said about %v: %v", set, e.Fields)
	}
}

// race runs f fifty times at once and returns how often it returned nil, and the other errors.
func race(f func(i int) error) (won int, lost []error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for i := range 50 {
		wg.Go(func() {
			<-gate
			err := f(i)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else {
				lost = append(lost, err)
			}
		})
	}
	close(gate)
	wg.Wait()
	return won, lost
}
