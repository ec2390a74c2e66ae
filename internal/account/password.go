package account

import (
	"context"
	"errors"
	"strings"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/credential"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
	"latchkey/internal/secret"
	"latchkey/internal/words"
)

// ResetLife is how long a link to choose a new password works.
const ResetLife = time.Hour

// ForgotPassword mails a link to choose a new password. It answers nil for every login: whether there
// was an account, and whether its address is verified, only the owner of the address learns. No link
// goes to an address that nobody verified.
func (s *Service) ForgotPassword(ctx context.Context, by access.Actor, login string) error {
	if strings.TrimSpace(login) == "" {
		return errs.Field("login", "Say the name of your account, or its email address.")
	}
	if err := s.limits.Take(ctx, "forgot:"+limit.Network(by.IP), s.cfg.Limits.SignInRate); err != nil {
		return err
	}
	key := fold(login)
	u, err := store{s.db}.byLogin(ctx, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	counted := u.ID
	if u.ID == "" {
		counted = secret.Hash(key)
	}
	mailable, err := s.mayMail(ctx, toReset, counted)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		e := audit.Entry{Event: audit.AccountResetRequested} // also for nobody, so that both take a commit
		if u.ID != "" {
			e.Account, e.Subject = u.ID, subject(u)
		}
		if err := audit.Record(ctx, tx, s.now(), by, e); err != nil {
			return err
		}
		if u.EmailVerifiedAt == nil || !mailable {
			return nil
		}
		return s.mailResetLink(ctx, tx, by, u)
	})
}

func (s *Service) mailResetLink(ctx context.Context, tx *db.Tx, by access.Actor, u user) error {
	text, err := store{tx}.insertLink(ctx, toReset, link{u.ID, u.Email}, s.now(), ResetLife)
	if err != nil {
		return err
	}
	return s.notify(ctx, tx, u, "reset", map[string]string{
		"From": from(by), "Link": s.cfg.URL + "password/reset/" + text, "Life": words.Span(ResetLife),
	})
}

// ResetLink tells whose password a link may set. Looking does not use it: mail scanners look.
func (s *Service) ResetLink(ctx context.Context, text string) (name string, err error) {
	u, err := s.resettable(ctx, s.db, text, store.link)
	return u.Name, err
}

// resettable returns whose password a link may set: its address must still be theirs.
func (s *Service) resettable(ctx context.Context, q db.Q, text string,
	read func(store, context.Context, purpose, string, time.Time) (link, error),
) (user, error) {
	l, err := read(store{q}, ctx, toReset, text, s.now())
	if err != nil {
		return user{}, err
	}
	u, err := store{q}.byID(ctx, l.UserID)
	if err == nil && (u.EmailVerifiedAt == nil || u.Email != l.Email) {
		err = ErrLink
	}
	return u, err
}

// ResetPassword uses a link to set a new password. All browsers are signed out: one of them may be
// the reason. An account that was locked is open again: the link and the new password are how its owner
// recovers it.
func (s *Service) ResetPassword(ctx context.Context, by access.Actor, text, password string) error {
	u, err := s.resettable(ctx, s.db, text, store.link)
	if err != nil {
		return err
	}
	hash, err := s.hashNew(ctx, u, password)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		u, err := s.resettable(ctx, tx, text, store.takeLink)
		if err != nil {
			return err
		}
		by := as(by, u, access.ViaMail)
		if err := s.replacePassword(ctx, tx, by, u, hash, ""); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, s.now(), by, audit.Entry{Event: audit.AccountPasswordReset, Subject: subject(u)}); err != nil {
			return err
		}
		if err := s.open(ctx, tx, by, u, "reset"); err != nil {
			return err
		}
		data := map[string]string{"From": from(by), "WasLocked": ""}
		if u.LockedAt != nil {
			data["WasLocked"] = "yes"
		}
		return s.notify(ctx, tx, u, "password-reset", data)
	})
}

// ChangePassword sets the actor's password and signs out their other browsers. They must have
// confirmed lately that it is them.
func (s *Service) ChangePassword(ctx context.Context, by access.Actor, password string) error {
	if err := s.self(by, access.AccountChangePassword); err != nil {
		return err
	}
	u, err := store{s.db}.byID(ctx, by.UserID)
	if err != nil {
		return err
	}
	hash, err := s.hashNew(ctx, u, password)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := credential.Holds(ctx, tx, by, s.now()); err != nil {
			return err
		}
		if err := s.replacePassword(ctx, tx, by, u, hash, by.SessionID); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, s.now(), by, audit.Entry{Event: audit.AccountPasswordChanged, Subject: subject(u)}); err != nil {
			return err
		}
		return s.notify(ctx, tx, u, "password-changed", map[string]string{"From": from(by)})
	})
}

func (s *Service) hashNew(ctx context.Context, u user, password string) (string, error) {
	if err := s.checkPassword(password, u.Name, u.Email); err != nil {
		return "", err
	}
	return s.passwords.Hash(ctx, password)
}

// replacePassword sets a password, ends the sessions but one and the terminals that npm login signed in,
// and makes older reset links useless.
func (s *Service) replacePassword(ctx context.Context, tx *db.Tx, by access.Actor, u user, hash, but string) error {
	st := store{tx}
	if err := s.limits.Forgive(ctx, tx, signInTo(u.Name), signInTo(u.EmailKey)); err != nil { // the guesses were at the old one
		return err
	}
	if err := st.setPassword(ctx, u.ID, hash, s.now()); err != nil {
		return err
	}
	if err := st.removeLinks(ctx, toReset, u.ID); err != nil {
		return err
	}
	n, err := st.endOtherSessions(ctx, u.ID, but, s.now())
	if err != nil {
		return err
	}
	if err := s.recordEnded(ctx, tx, by, u, n, "password"); err != nil {
		return err
	}
	return s.endTokens(ctx, tx, by, u.ID, false, "password")
}
