package apptest

import (
	"net/netip"

	"github.com/pquerna/otp/totp"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/account"
)

// DB opens the database of the installation, as another process would.
func (w *World) DB() *db.DB { return w.place.Open(w.t) }

// Browser signs somebody in who has no second factor, in a browser of their own.
func (w *World) Browser(u account.User) access.Actor {
	w.t.Helper()
	at := access.Anonymous(netip.MustParseAddr("203.0.113.7"), "Firefox")
	s, err := w.Accounts.SignIn(w.t.Context(), at, u.Name, Password)
	if err != nil {
		w.t.Fatal(err)
	}
	by, err := w.Accounts.ActorFor(w.t.Context(), at, s.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return by
}

// WithApp turns two-factor authentication on for somebody, with an authenticator app, and returns them in
// the browser in which they did.
func (w *World) WithApp(u account.User) access.Actor {
	w.t.Helper()
	by := w.Browser(u)
	must := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	must(w.Factors.BeginApp(w.t.Context(), by, access.AuthAndWrites))
	d, err := w.Factors.AppDraft(w.t.Context(), by)
	must(err)
	code, err := totp.GenerateCode(d.Secret, w.Now())
	must(err)
	_, err = w.Factors.ConfirmApp(w.t.Context(), by, d.ID, code)
	must(err)
	codes, err := w.Factors.NewCodesOf(w.t.Context(), by)
	must(err)
	_, err = w.Accounts.SaveCodes(w.t.Context(), by, codes.Codes[0])
	must(err)
	by, err = w.Accounts.ActorFor(w.t.Context(), by, by.SessionID)
	must(err)
	return by
}
