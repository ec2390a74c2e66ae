package token_test

import (
	"errors"
	"net/netip"
	"testing"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/account/accounttest"
	"latchkey/internal/token"
)

// world is tokens and accounts on a database, with the tokens' methods at hand.
type world struct {
	*token.Service
	*accounttest.World
}

const good = accounttest.Password

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	w := accounttest.New(t, d)
	return &world{token.New(d, w.Now, w.Accounts, w.Limits, w.Config), w}
}

// each runs a test on both databases.
func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	accounttest.Each(t, func(t *testing.T, d *db.DB) { f(t, newWorld(t, d)) })
}

// sqlite runs a test of what does not depend on the database.
func sqlite(t *testing.T) *world {
	t.Helper()
	return newWorld(t, accounttest.SQLite(t))
}

// visitor is somebody at 203.0.113.7 with Firefox.
func visitor() access.Actor { return accounttest.Visitor(7) }

// terminal is npm at 198.51.100.x.
func terminal(x byte) access.Actor {
	return access.Anonymous(netip.AddrFrom4([4]byte{198, 51, 100, x}), "npm/11.6.2 node/v24.11.0 linux x64 workspaces/false")
}

// person makes an account with a verified address, signs it in, and returns its actor.
func (w *world) person(name string) access.Actor {
	w.T.Helper()
	return w.As(w.Somebody(name).ID)
}

func (w *world) signIn(name string) access.Actor {
	w.T.Helper()
	return w.As(w.SignedIn(name).ID)
}

// mailed expects one mail to ann and returns its text.
func (w *world) mailed(subject string) string {
	w.T.Helper()
	return w.Mailed("ann@example.com", subject)
}

// create makes a token for ann at the console and returns its secret.
func (w *world) create(kind string) string {
	w.T.Helper()
	c, err := w.Create(w.T.Context(), access.Console(), token.NewToken{Owner: "ann", Name: "test", Kind: kind})
	w.OK(err)
	return c.Secret
}

// works expects that a token stands for ann.
func (w *world) works(text string) access.Actor {
	w.T.Helper()
	a, err := w.Authenticate(w.T.Context(), terminal(1), text)
	if err != nil || a.Name != "ann" {
		w.T.Fatalf("the token stands for %q, %v", a.Name, err)
	}
	return a
}

// refused expects that a token stands for nobody.
func (w *world) refused(text string) {
	w.T.Helper()
	a, err := w.Authenticate(w.T.Context(), terminal(1), text)
	if !errors.Is(err, token.ErrToken) || a.SignedIn() {
		w.T.Fatalf("the token stands for %q, %v", a.Name, err)
	}
}
