package account

import (
	"context"
	"strings"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/words"
)

// InvitationLife is how long an invitation waits for its answer.
const InvitationLife = 7 * 24 * time.Hour

// Invite mails a link with which one account may be made, by whoever reads mail at the address.
// Operators may.
func (s *Service) Invite(ctx context.Context, by access.Actor, email string) error {
	if err := access.Check(by, access.OperatorManage, access.Installation(by), s.now()); err != nil {
		return err
	}
	if s.cfg.SignUp == config.SignUpClosed {
		return errs.New(errs.Conflict, "account.no_invitations", "Sign-up is closed here, so nobody could accept: set --sign-up to invitation or open.")
	}
	if strings.TrimSpace(email) == "" {
		return errs.Field("email", "Say whom to invite: their email address.")
	}
	address, err := parseAddress(email)
	if err != nil {
		return err
	}
	if mailable, err := s.mayMail(ctx, toJoin, addressKey(address)); err != nil {
		return err
	} else if !mailable {
		return errs.Field("email", "Several invitations went to this address today. Ask whether they arrived.")
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		text, err := store{tx}.insertLink(ctx, toJoin, link{Email: address}, s.now(), InvitationLife)
		if err != nil {
			return err
		}
		e := audit.Entry{Event: audit.AccountInvited, Detail: map[string]string{"email": address}}
		if err := audit.Record(ctx, tx, s.now(), by, e); err != nil {
			return err
		}
		sender := by.Name
		if by.AtConsole() {
			sender = "The operator"
		}
		return s.write(ctx, tx, address, "invitation", map[string]string{
			"By": sender, "Link": s.cfg.URL + "invitations/" + text, "Life": words.Span(InvitationLife),
		})
	})
}

// Invitation tells which address an invitation was mailed to. Looking does not use it.
func (s *Service) Invitation(ctx context.Context, text string) (email string, err error) {
	l, err := store{s.db}.link(ctx, toJoin, text, s.now())
	return l.Email, err
}
