// Package accounttest is accounts on a database, with a clock that is moved by hand and mail that is
// caught: what the tests of accounts, and of the nouns that stand on them, begin with.
package accounttest

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
	"latchkey/internal/twofactor"
)

// Password is every person's password.
const Password = "a password that is long enough"

// Firefox is the browser of visitors.
const Firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// World is accounts on a database.
type World struct {
	T        *testing.T
	DB       *db.DB
	Config   *config.Config
	Jobs     *jobs.Service
	Outbox   *outbox.Service
	Limits   *limit.Service
	Factors  *twofactor.Service
	Accounts *account.Service

	mu  sync.Mutex
	at  time.Time
	got []mail.Message
}

// New returns a world in which nothing has happened. Passwords are hashed quickly: what a hash costs is
// tested in internal/secret.
func New(t *testing.T, d *db.DB) *World {
	t.Helper()
	box, err := secret.NewBox(base64.StdEncoding.EncodeToString(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	w := &World{T: t, DB: d, at: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	if w.Config, err = config.Default(); err != nil {
		t.Fatal(err)
	}
	w.Config.Name, w.Config.URL = "Example Registry", "https://registry.example.com/"
	w.Outbox = outbox.New(w.Now, box, w, w.Config)
	w.Jobs = jobs.New(d, w.Now)
	w.Jobs.Handle(outbox.Kind, w.Outbox.Deliver)
	w.Limits = limit.New(d, w.Now)
	if w.Factors, err = twofactor.New(d, w.Now, box, w.Limits, w.Config); err != nil {
		t.Fatal(err)
	}
	w.HashAt(secret.Cost{MemoryKiB: 8, Passes: 1})
	return w
}

// HashAt says what a password hash costs from now on, to a service that begins anew.
func (w *World) HashAt(c secret.Cost) {
	w.Accounts = account.New(w.DB, w.Now, secret.NewPasswords(c), w.Limits, w.Outbox, w.Factors, w.Config)
}

// Now is the time of the world.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

// Pass lets time pass.
func (w *World) Pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// Send implements mail.Sender.
func (w *World) Send(_ context.Context, m mail.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got = append(w.got, m)
	return nil
}

// Mails runs the queue and returns what was sent since the last call.
func (w *World) Mails() []mail.Message {
	w.T.Helper()
	for w.Jobs.Step(w.T.Context()) {
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	got := w.got
	w.got = nil
	return got
}

// Mailed expects one mail to an address and returns its text.
func (w *World) Mailed(to, subject string) string {
	w.T.Helper()
	got := w.Mails()
	if len(got) != 1 || got[0].To != to || !strings.Contains(got[0].Subject, subject) {
		w.T.Fatalf("want one mail to %s about %q, got %+v", to, subject, got)
	}
	return got[0].Body
}

// Quiet expects no mail.
func (w *World) Quiet() {
	w.T.Helper()
	if got := w.Mails(); len(got) != 0 {
		w.T.Fatalf("want no mail, got %+v", got)
	}
}

var link = regexp.MustCompile(`https://registry\.example\.com/([a-z/]+)/([A-Z2-7]{26})`)

// Link returns the secret of the link to a page ("verify") in a mail's text, or "".
func Link(text, page string) string {
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		if m[1] == page {
			return m[2]
		}
	}
	return ""
}

// Visitor is somebody at 203.0.113.x with Firefox.
func Visitor(x byte) access.Actor {
	return access.Anonymous(netip.AddrFrom4([4]byte{203, 0, 113, x}), Firefox)
}

// Somebody makes an account with a verified address, NAME@example.com, and signs it in.
func (w *World) Somebody(name string) account.Session {
	w.T.Helper()
	_, err := w.Accounts.Create(w.T.Context(), access.Console(),
		account.NewAccount{Name: name, Email: name + "@example.com", Password: Password})
	w.OK(err)
	return w.SignedIn(name)
}

// SignedIn signs a visitor in.
func (w *World) SignedIn(login string) account.Session {
	w.T.Helper()
	s, err := w.Accounts.SignIn(w.T.Context(), Visitor(7), login, Password)
	w.OK(err)
	return s
}

// As is the actor of a session's next request.
func (w *World) As(sessionID string) access.Actor {
	w.T.Helper()
	a, err := w.Accounts.ActorFor(w.T.Context(), Visitor(7), sessionID)
	w.OK(err)
	return a
}

// OK expects no error.
func (w *World) OK(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// Is expects an error.
func (w *World) Is(err, want error) {
	w.T.Helper()
	if !errors.Is(err, want) {
		w.T.Fatalf("got %v, want %v", err, want)
	}
}

// Fields expects an Invalid error about exactly these fields.
func Fields(t *testing.T, err error, want ...string) {
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

// Race runs f fifty times at once and returns how often it returned nil, and the other errors.
func Race(f func(i int) error) (won int, lost []error) {
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

// Each runs a test on a database of either kind.
func Each(t *testing.T, f func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, f)
}

// SQLite opens a database for a test of what does not depend on the kind.
func SQLite(t *testing.T) *db.DB {
	t.Helper()
	return dbtest.SQLite(t).Open(t)
}
