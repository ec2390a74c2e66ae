package account

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
)

// setupLife is how long the link in the server's output works.
const setupLife = time.Hour

// HasOperator reports whether somebody runs this installation.
func (s *Service) HasOperator(ctx context.Context) (bool, error) {
	return store{s.db}.hasOperator(ctx)
}

// SetupLink returns the address at which the operator's account can be made, once, within an hour;
// or "" when there is an operator. Links made before stop working. The console may.
func (s *Service) SetupLink(ctx context.Context, by access.Actor) (address string, err error) {
	if err := access.Check(by, access.OperatorManage, access.Installation(by), s.now()); err != nil {
		return "", err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		address = ""
		st := store{tx}
		if there, err := st.hasOperator(ctx); err != nil || there {
			return err
		}
		if err := st.removeAllLinks(ctx, toSetUp); err != nil {
			return err
		}
		text, err := st.insertLink(ctx, toSetUp, link{}, s.now(), setupLife)
		if err != nil {
			return err
		}
		address = s.cfg.URL + "setup/" + text
		return audit.Record(ctx, tx, s.now(), by, audit.Entry{Event: audit.AccountSetupOffered})
	})
	return address, err
}

// SetupOpen returns nil when a setup link still works. Looking does not use it.
func (s *Service) SetupOpen(ctx context.Context, text string) error {
	_, err := store{s.db}.link(ctx, toSetUp, text, s.now())
	return err
}

// SetUp uses a setup link to make the first operator, whose address counts as verified, and signs
// them in.
func (s *Service) SetUp(ctx context.Context, by access.Actor, text string, in SignUp) (Session, error) {
	if err := s.SetupOpen(ctx, text); err != nil {
		return Session{}, err
	}
	u, err := s.draft(in)
	if err != nil {
		return Session{}, err
	}
	u.Operator, u.EmailVerifiedAt = true, &u.CreatedAt
	if u.PasswordHash, err = s.passwords.Hash(ctx, in.Password); err != nil {
		return Session{}, err
	}
	var out Session
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		st := store{tx}
		if _, err := st.takeLink(ctx, toSetUp, text, s.now()); err != nil {
			return err
		}
		if there, err := st.hasOperator(ctx); err != nil {
			return err
		} else if there {
			return ErrHasOperator
		}
		if err := s.createVerified(ctx, tx, as(by, u, access.ViaBrowser), u); err != nil {
			return err
		}
		out, err = s.start(ctx, tx, by, u)
		return err
	})
	return out, err
}
