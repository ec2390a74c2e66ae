// Package apptest is the whole product in a temporary folder, with a clock that is moved by hand, mail
// that is captured, and builders that make valid things and say only what matters.
package apptest

import (
	"bytes"
	"context"
	"regexp"
	"sync"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/npmpack"
	"latchkey/internal/registry"
	"latchkey/internal/secret"
	"latchkey/internal/token"
)

// Password is every person's password.
const Password = "correct horse battery staple"

// cheap hashes passwords quickly, and is of no use to anybody: what a hash costs is tested in
// internal/secret.
var cheap = secret.Cost{MemoryKiB: 64, Passes: 1}

// World is one installation.
type World struct {
	*app.App
	t     testing.TB
	place dbtest.Place
	mu    sync.Mutex
	clock time.Time
}

// New opens an installation on SQLite, after change has had its way with the options. The nouns are
// tested on both databases; tests of what stands on them need one.
func New(t testing.TB, change ...func(*config.Config)) *World {
	t.Helper()
	return On(t, dbtest.SQLite(t), change...)
}

// Each runs a test on an installation on each database.
func Each(t *testing.T, f func(t *testing.T, w *World), change ...func(*config.Config)) {
	t.Helper()
	dbtest.EachPlace(t, func(t *testing.T, p dbtest.Place) { f(t, On(t, p, change...)) })
}

// On opens an installation on a database.
func On(t testing.TB, p dbtest.Place, change ...func(*config.Config)) *World {
	t.Helper()
	cfg, err := config.Default()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Database, cfg.Data = p.Address, p.Folder
	if cfg.Data == "" {
		cfg.Data = t.TempDir()
	}
	for _, f := range change {
		f(cfg)
	}
	w := &World{t: t, place: p, clock: time.Now().Truncate(time.Microsecond)}
	if w.App, err = app.New(context.Background(), cfg, w.now, app.HashAt(cheap)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error("close the installation:", err)
		}
	})
	return w
}

func (w *World) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

// Advance moves the clock.
func (w *World) Advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// Person makes a verified account, whose address is NAME@example.com.
func (w *World) Person(name string) account.User { return w.account(name, false) }

// Operator makes a verified account that runs the installation.
func (w *World) Operator(name string) account.User { return w.account(name, true) }

func (w *World) account(name string, operator bool) account.User {
	w.t.Helper()
	u, err := w.Accounts.Create(w.t.Context(), access.Console(), account.NewAccount{
		Name: name, Email: name + "@example.com", Password: Password, Operator: operator,
	})
	if err != nil {
		w.t.Fatalf("make the account %s: %v", name, err)
	}
	return u
}

// Token makes an access token of a kind and returns its secret.
func (w *World) Token(owner account.User, kind string) string {
	w.t.Helper()
	made, err := w.Tokens.Create(w.t.Context(), access.Console(), token.NewToken{Owner: owner.Name, Name: kind, Kind: kind})
	if err != nil {
		w.t.Fatalf("make a token for %s: %v", owner.Name, err)
	}
	return made.Secret
}

// Actor is a person who acts with a token of a kind.
func (w *World) Actor(owner account.User, kind string) access.Actor {
	w.t.Helper()
	by, err := w.Tokens.Authenticate(w.t.Context(), access.Actor{}, w.Token(owner, kind))
	if err != nil {
		w.t.Fatal(err)
	}
	return by
}

// Publish publishes a package as a person.
func (w *World) Publish(by account.User, p npmpack.Package) registry.Published {
	w.t.Helper()
	out, err := w.Packages.Publish(w.t.Context(), w.Actor(by, token.Automation), p.Name, bytes.NewReader(p.PublishBody()))
	if err != nil {
		w.t.Fatalf("publish %s@%s: %v", p.Name, p.Version, err)
	}
	return out
}

// Letter is a mail that was sent.
type Letter struct{ Subject, Body string }

// Mails does the jobs that are due and returns the mail that has left for an address, newest first.
func (w *World) Mails(to string) (out []Letter) {
	w.t.Helper()
	for w.Jobs.Step(w.t.Context()) {
	}
	all, err := w.Outbox.Captured(w.t.Context(), access.Console())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, m := range all {
		if m.To == to {
			out = append(out, Letter{m.Subject, m.Body})
		}
	}
	return out
}

var address = regexp.MustCompile(`https?://\S+`)

// Link is the first address in the newest mail to somebody, as a person would follow it.
func (w *World) Link(to string) string {
	w.t.Helper()
	mails := w.Mails(to)
	if len(mails) == 0 {
		w.t.Fatal("no mail for ", to)
	}
	link := address.FindString(mails[0].Body)
	if link == "" {
		w.t.Fatalf("no link in the mail %q", mails[0].Subject)
	}
	return link
}

// Hold makes an account read-only for a while, as a sign-in with a recovery code does.
func (w *World) Hold(owner account.User) {
	w.t.Helper()
	err := w.place.Open(w.t).InTx(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return w.Accounts.Hold(ctx, tx, access.Actor{UserID: owner.ID, Name: owner.Name}, owner.ID, access.HeldAfterRecoveryCode)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
