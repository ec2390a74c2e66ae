package account

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/errs"
)

// SignIn signs a browser in. login is a name or a verified address. Whoever is wrong about either gets
// one and the same Invalid error.
func (s *Service) SignIn(ctx context.Context, by access.Actor, login, password string) (out Session, err error) {
	err = s.proven(ctx, by, login, password, func(u user) error {
		known, err := s.knows(ctx, by, u)
		if err != nil {
			return err
		}
		if err := s.mayMailCode(ctx, u); err != nil {
			return err
		}
		return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			if err := s.still(ctx, tx, u); err != nil {
				return err
			}
			if out, err = s.owed(ctx, tx, by, u); err != nil || out.Pending != "" {
				return err
			}
			out, err = s.enter(ctx, tx, by, u, known)
			return err
		})
	})
	if errors.Is(err, ErrSignIn) {
		err = errs.Field("password", ErrSignIn.Msg)
	}
	if err != nil {
		return Session{}, err
	}
	return out, nil
}

// enter opens the session of somebody who proved all that they had to, and writes to them when they were
// not seen in this browser before. u is the account as the transaction sees it: one that was locked in the
// meantime lets nobody in.
func (s *Service) enter(ctx context.Context, tx *db.Tx, by access.Actor, u user, known bool) (Session, error) {
	if u.LockedAt != nil {
		return Session{}, access.ErrLocked
	}
	if !known {
		data := map[string]string{"Device": Device(by.Agent), "From": from(by)}
		if err := s.notify(ctx, tx, u, "new-sign-in", data); err != nil {
			return Session{}, err
		}
	}
	return s.start(ctx, tx, by, u)
}

// WithPassword finds out whose a name and a password are, for a client that has no browser, and does
// something for them in a transaction in which that is still their password. It keeps the limits of
// SignIn, makes no session, and never makes an account. code is a one-time password, which an account with
// a second factor owes: without one the error is access.ErrSecondFactor. Where accounts without a second factor
// are mailed codes, it is that code: without one it is mailed, and the error is ErrCodeMailed.
func (s *Service) WithPassword(ctx context.Context, by access.Actor, name, password, code string,
	do func(ctx context.Context, tx *db.Tx, u User) error,
) error {
	return s.proven(ctx, by, name, password, func(u user) error {
		p, err := s.codeOf(ctx, by, u, code)
		if err != nil {
			return err
		}
		return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			if err := s.still(ctx, tx, u); err != nil {
				return err
			}
			if err := s.settle(ctx, tx, by, u, p); err != nil {
				return err
			}
			return do(ctx, tx, u.public())
		})
	})
}

// errReplaced means that an account has another password hash than the one that was verified.
var errReplaced = errors.New("the password was replaced")

// proven calls do with whoever a login and a password belong to. A hash that is replaced in the
// meantime, perhaps by a better one of the same password, is verified anew.
func (s *Service) proven(ctx context.Context, by access.Actor, login, password string, do func(u user) error) error {
	for range 3 {
		u, err := s.identify(ctx, by, login, password)
		if err == nil {
			err = do(u)
		}
		if !errors.Is(err, errReplaced) {
			return err
		}
	}
	return ErrSignIn
}

// still returns errReplaced unless the password that was verified is still the account's, and who proved it
// learns when the account is locked.
func (s *Service) still(ctx context.Context, tx *db.Tx, u user) error {
	current, err := store{tx}.byID(ctx, u.ID)
	switch {
	case err != nil:
		return err
	case current.PasswordHash != u.PasswordHash:
		return errReplaced
	case current.LockedAt != nil:
		return access.ErrLocked
	}
	return nil
}

// knows reports whether somebody signs in where they did before. The first sign-in of an account that
// somebody else made for them is expected.
func (s *Service) knows(ctx context.Context, by access.Actor, u user) (bool, error) {
	seen, err := store{s.db}.browsers(ctx, u.ID)
	device, address := Device(by.Agent), by.Address()
	known := func(b browser) bool {
		return b.is(by) || (b.IP == address || Near(b.IP, address)) && Device(b.Agent) == device
	}
	return len(seen) == 0 || slices.ContainsFunc(seen, known), err
}

// identify finds out whose login and password these are, or returns ErrSignIn.
func (s *Service) identify(ctx context.Context, by access.Actor, login, password string) (user, error) {
	key := fold(login)
	u, err := store{s.db}.byLogin(ctx, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return user{}, err
	}
	held, err := s.signInCounts(ctx, by, key, u)
	if err != nil {
		return user{}, err
	}
	return s.prove(ctx, by, u, held, password)
}

// prove verifies a password. Tries are counted before they are verified, or parallel ones would all
// see the old count. An unknown user (without ID) takes the same steps and the same time.
func (s *Service) prove(ctx context.Context, by access.Actor, u user, held counts, password string) (user, error) {
	if err := s.take(ctx, held); err != nil {
		return user{}, err
	}
	ok, stale, err := s.passwords.Verify(ctx, password, u.PasswordHash)
	if err != nil { // nothing was learned, so nothing is counted
		return user{}, errors.Join(err, s.giveBack(ctx, held))
	}
	if !ok {
		return user{}, s.failed(ctx, by, u)
	}
	if err := s.giveBack(ctx, held); err != nil {
		return user{}, err
	}
	if stale {
		u.PasswordHash = s.upgrade(ctx, u, password)
	}
	return u, nil
}

// failed records a failure, in the same way for known and unknown names.
func (s *Service) failed(ctx context.Context, by access.Actor, u user) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		e := audit.Entry{Event: audit.SessionFailed}
		if u.ID != "" {
			e.Account, e.Subject = u.ID, subject(u)
		}
		return audit.Record(ctx, tx, s.now(), by, e)
	})
	if err != nil {
		return err
	}
	return ErrSignIn
}

// upgrade hashes a password anew, now that it is at hand, and returns the hash that is stored.
// Failing to is no reason to refuse the sign-in.
func (s *Service) upgrade(ctx context.Context, u user, password string) string {
	hash, err := s.passwords.Hash(ctx, password)
	if err == nil {
		err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			return store{tx}.upgradeHash(ctx, u.ID, u.PasswordHash, hash)
		})
	}
	if err != nil {
		slog.WarnContext(ctx, "cannot hash a password anew", "account", u.Name, "error", err)
		return u.PasswordHash
	}
	return hash
}
