package demo

import (
	"fmt"
	"net/netip"

	"github.com/pquerna/otp/totp"

	"latchkey/internal/access"
)

// protect turns two-factor authentication on for somebody, with an app whose secret nobody keeps: who looks around
// sees what an organization sees of it, and what signing in asks for.
func (w *world) protect(name, password string) error {
	at := access.Anonymous(netip.MustParseAddr("203.0.113.20"), "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	session, err := w.app.Accounts.SignIn(w.ctx, at, name, password)
	if err != nil {
		return fmt.Errorf("sign %s in: %w", name, err)
	}
	by, err := w.app.Accounts.ActorFor(w.ctx, at, session.ID)
	if err != nil {
		return err
	}
	if err := w.app.Factors.BeginApp(w.ctx, by, access.AuthAndWrites); err != nil {
		return err
	}
	draft, err := w.app.Factors.AppDraft(w.ctx, by)
	if err != nil {
		return err
	}
	code, err := totp.GenerateCode(draft.Secret, w.clock)
	if err != nil {
		return err
	}
	if _, err := w.app.Factors.ConfirmApp(w.ctx, by, draft.ID, code); err != nil {
		return err
	}
	codes, err := w.app.Factors.NewCodesOf(w.ctx, by)
	if err != nil {
		return err
	}
	_, err = w.app.Accounts.SaveCodes(w.ctx, by, codes.Codes[0])
	return err
}
