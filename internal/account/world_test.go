package account_test

import (
	"cmp"
	"testing"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/account/accounttest"
	"latchkey/internal/secret"
)

// world is accounts on a database, with the service's methods at hand.
type world struct {
	*account.Service
	*accounttest.World
}

const good = accounttest.Password

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	w := accounttest.New(t, d)
	return &world{w.Accounts, w}
}

func (w *world) hashAt(c secret.Cost) {
	w.HashAt(c)
	w.Service = w.Accounts
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

// mailed expects one mail to an address and returns the secret of the link that it is about, if any.
func (w *world) mailed(to, subject string) string {
	w.T.Helper()
	text := w.Mailed(to, subject)
	return cmp.Or(accounttest.Link(text, "verify"), accounttest.Link(text, "password/reset"), accounttest.Link(text, "invitations"))
}

func (w *world) signUp(name, email string) account.Session {
	w.T.Helper()
	s, err := w.SignUp(w.T.Context(), visitor(7), account.SignUp{Name: name, Email: email, Password: good})
	w.OK(err)
	return s
}

// visitor is somebody at 203.0.113.x with Firefox.
func visitor(x byte) access.Actor { return accounttest.Visitor(x) }
