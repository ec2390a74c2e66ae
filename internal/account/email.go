package account

import (
	"context"
	"errors"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
)

// verifiable returns what a verify link stands for, to the one account that may use it. The person
// must be signed in as that account: somebody who gets the mail of an account that a stranger made
// with their address cannot hand it to the stranger with one click.
func (s *Service) verifiable(ctx context.Context, by access.Actor, text string) (link, error) {
	l, err := store{s.db}.link(ctx, toVerify, text, s.now())
	if err != nil {
		return l, err
	}
	err = s.self(by, access.AccountVerifyEmail)
	if err == nil && by.UserID != l.UserID {
		err = ErrOtherAccount
	}
	return l, err
}

// VerifyLink tells which address a link verifies. Looking does not use it: mail scanners look.
func (s *Service) VerifyLink(ctx context.Context, by access.Actor, text string) (address string, err error) {
	l, err := s.verifiable(ctx, by, text)
	if err != nil {
		return "", err
	}
	return l.Email, nil
}

// VerifyEmail uses a link: from now on the address belongs to the account, and to no other.
func (s *Service) VerifyEmail(ctx context.Context, by access.Actor, text string) error {
	if _, err := s.verifiable(ctx, by, text); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		st := store{tx}
		l, err := st.takeLink(ctx, toVerify, text, s.now())
		if err != nil {
			return err
		}
		if l.UserID != by.UserID {
			return ErrOtherAccount
		}
		switch _, err := st.byVerified(ctx, addressKey(l.Email)); {
		case err == nil:
			return ErrAddressTaken
		case !errors.Is(err, ErrNotFound):
			return err
		}
		n, err := st.verifyAddress(ctx, l.UserID, l.Email, s.now())
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrLink
		}
		if err := st.removeLinks(ctx, toVerify, l.UserID); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, s.now(), by, audit.Entry{Event: audit.AccountEmailVerified, Subject: ownSubject(by)}); err != nil {
			return err
		}
		return s.Notify(ctx, tx, l.UserID, "email-verified", map[string]string{"From": from(by)})
	})
}

// ResendVerification mails the actor another link to verify their address.
func (s *Service) ResendVerification(ctx context.Context, by access.Actor) error {
	if err := s.self(by, access.AccountVerifyEmail); err != nil {
		return err
	}
	u, err := store{s.db}.byID(ctx, by.UserID)
	if err != nil {
		return err
	}
	if u.EmailVerifiedAt != nil {
		return ErrVerified
	}
	// The answer is the same over the limit: how many mails went to an address is nobody's business.
	mailable, err := s.mayVerify(ctx, by, u)
	if err != nil || !mailable {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		owner, err := store{tx}.byVerified(ctx, u.EmailKey)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if err := audit.Record(ctx, tx, s.now(), by, audit.Entry{Event: audit.AccountVerificationRequested, Subject: subject(u)}); err != nil {
			return err
		}
		return s.mailClaim(ctx, tx, u, owner)
	})
}
