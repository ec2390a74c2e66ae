package account_test

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"net/netip"
	"regexp"
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
)

// world is accounts on a database, with a clock that is moved by hand and mail that is caught.
type world struct {
	*account.Service
	t    *testing.T
	db   *db.DB
	cfg  *config.Config
	jobs *jobs.Service
	out  *outbox.Service

	mu  sync.Mutex
	at  time.Time
	got []mail.Message
}

const good = "a password that is long enough"

// cheap makes tests quick: what a hash costs is tested in internal/secret.
var cheap = secret.Cost{MemoryKiB: 8, Passes: 1}

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

var linkForm = regexp.MustCompile(`https://registry\.example\.com/[a-z/]+/([A-Z2-7]{26})`)

// mailed expects one mail to an address and returns the secret of the link in it, if any.
func (w *world) mailed(to, subject string) string {
	w.t.Helper()
	got := w.mails()
	if len(got) != 1 || got[0].To != to || !strings.Contains(got[0].Subject, subject) {
		w.t.Fatalf("want one mail to %s about %q, got %+v", to, subject, got)
	}
	if m := linkForm.FindStringSubmatch(got[0].Body); m != nil {
		return m[1]
	}
	return ""
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
	w.out = out
	w.hashAt(cheap)
	return w
}

// hashAt says what a password hash costs from now on.
func (w *world) hashAt(c secret.Cost) {
	w.Service = account.New(w.db, w.now, secret.NewPasswords(c), limit.New(w.db, w.now), w.out, w.cfg)
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

// visitor is somebody at 203.0.113.x with Firefox.
func visitor(x byte) access.Actor {
	return access.Anonymous(netip.AddrFrom4([4]byte{203, 0, 113, x}), firefox)
}

// person makes an account with a verified address and signs it in.
func (w *world) person(name string) account.Session {
	w.t.Helper()
	_, err := w.Create(w.t.Context(), access.Console(), account.NewAccount{Name: name, Email: name + "@example.com", Password: good})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.signIn(name)
}

func (w *world) signIn(login string) account.Session {
	w.t.Helper()
	s, err := w.SignIn(w.t.Context(), visitor(7), login, good)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) signUp(name, email string) account.Session {
	w.t.Helper()
	s, err := w.SignUp(w.t.Context(), visitor(7), account.SignUp{Name: name, Email: email, Password: good})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// as is the actor of a session's next request.
func (w *world) as(id string) access.Actor {
	w.t.Helper()
	a, err := w.ActorFor(w.t.Context(), visitor(7), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
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
