package account

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
)

// LockLife is how long the link in a letter locks the account that it is about.
const LockLife = 30 * 24 * time.Hour

// Lock ends everything that acts for the actor's account, and lets it do nothing until it is recovered.
func (s *Service) Lock(ctx context.Context, by access.Actor) error {
	if err := s.self(by, access.AccountLock); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		u, err := s.own(ctx, tx, by)
		if err != nil {
			return err
		}
		return s.lock(ctx, tx, by, u)
	})
}

// LockLink tells whose account a link in a letter locks. Looking does not use it: mail scanners look.
func (s *Service) LockLink(ctx context.Context, text string) (name string, err error) {
	l, err := store{s.db}.link(ctx, toLock, text, s.now())
	if err != nil {
		return "", err
	}
	u, err := store{s.db}.byID(ctx, l.UserID)
	return u.Name, err
}

// LockByLink uses a link to lock an account. Whoever gets its mail may, also at an address that it had
// before.
func (s *Service) LockByLink(ctx context.Context, by access.Actor, text string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		l, err := store{tx}.takeLink(ctx, toLock, text, s.now())
		if err != nil {
			return err
		}
		u, err := store{tx}.byID(ctx, l.UserID)
		if err != nil {
			return err
		}
		return s.lock(ctx, tx, as(by, u, access.ViaMail), u)
	})
}

// lock does it, once: an account that is locked stays so.
func (s *Service) lock(ctx context.Context, tx *db.Tx, by access.Actor, u user) error {
	st, now := store{tx}, s.now()
	n, err := st.lock(ctx, u.ID, now)
	if err != nil || n == 0 {
		return err
	}
	if err := audit.Record(ctx, tx, now, by, audit.Entry{Event: audit.AccountLocked, Account: u.ID, Subject: subject(u)}); err != nil {
		return err
	}
	ended, err := st.endOtherSessions(ctx, u.ID, "", now)
	if err != nil {
		return err
	}
	if err := s.recordEnded(ctx, tx, by, u, ended, "locked"); err != nil {
		return err
	}
	if err := s.endTokens(ctx, tx, by, u.ID, true, "locked"); err != nil {
		return err
	}
	if err := st.removeLinks(ctx, toReset, u.ID); err != nil { // somebody may have asked for one before
		return err
	}
	return s.notify(ctx, tx, u, "account-locked", map[string]string{"From": from(by)})
}

// Unlock opens an account that its owner locked, with the password that it had. The console and operators
// may, when the owner cannot read mail at their address.
func (s *Service) Unlock(ctx context.Context, by access.Actor, name string) error {
	if err := access.Check(by, access.OperatorManage, access.Installation(by), s.now()); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		u, err := store{tx}.byName(ctx, name)
		if err != nil {
			return err
		}
		if u.LockedAt == nil {
			return ErrNotLocked
		}
		if err := s.open(ctx, tx, by, u, "operator"); err != nil {
			return err
		}
		return s.notify(ctx, tx, u, "account-unlocked", nil)
	})
}

// open ends the lock of an account, when there is one.
func (s *Service) open(ctx context.Context, tx *db.Tx, by access.Actor, u user, why string) error {
	n, err := store{tx}.unlock(ctx, u.ID, s.now())
	if err != nil || n == 0 {
		return err
	}
	e := audit.Entry{Event: audit.AccountUnlocked, Account: u.ID, Subject: subject(u), Detail: map[string]string{"reason": why}}
	return audit.Record(ctx, tx, s.now(), by, e)
}
