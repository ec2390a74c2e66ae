package account

import (
	"context"
	"errors"
	"log/slog"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
	"latchkey/internal/secret"
)

// SignIn signs a browser in. login is a name or an address. Whoever is wrong about either gets one
// and the same Invalid error.
func (s *Service) SignIn(ctx context.Context, by access.Actor, login, password string) (out Session, err error) {
	for range 3 { // a hash that is replaced in the meantime is verified anew
		var u user
		if u, err = s.identify(ctx, by, login, password); err != nil {
			break
		}
		if out, err = s.enter(ctx, by, u); !errors.Is(err, errReplaced) {
			return out, err
		}
	}
	if errors.Is(err, ErrSignIn) || errors.Is(err, errReplaced) {
		err = errs.Field("password", ErrSignIn.Msg)
	}
	return Session{}, err
}

// errReplaced means that an account has another password hash than the one that was verified.
var errReplaced = errors.New("the password was replaced")

// enter starts the session of somebody whose password was verified, unless it was replaced since.
func (s *Service) enter(ctx context.Context, by access.Actor, u user) (out Session, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		current, err := store{tx}.byID(ctx, u.ID)
		if err != nil {
			return err
		}
		if current.PasswordHash != u.PasswordHash {
			return errReplaced
		}
		if err := s.greet(ctx, tx, by, current); err != nil {
			return err
		}
		out, err = s.start(ctx, tx, by, current)
		return err
	})
	return out, err
}

// greet writes to somebody who signs in where they never did before. The first sign-in of an account
// that somebody else made for them is expected.
func (s *Service) greet(ctx context.Context, tx *db.Tx, by access.Actor, u user) error {
	seen, err := store{tx}.browsers(ctx, u.ID)
	if err != nil || len(seen) == 0 {
		return err
	}
	for _, b := range seen {
		if Device(b.Agent) == Device(by.Agent) && nearText(b.IP, by.IP) {
			return nil
		}
	}
	return s.notify(ctx, tx, u, "new-sign-in", map[string]string{"Device": Device(by.Agent), "From": from(by)})
}

// VerifyPassword tells whose a name and a password are, for a client that has no browser. It keeps
// the limits of SignIn, makes no session, and never makes an account.
func (s *Service) VerifyPassword(ctx context.Context, by access.Actor, name, password string) (User, error) {
	u, err := s.identify(ctx, by, name, password)
	return u.public(), err
}

// identify finds out whose login and password these are, or returns ErrSignIn.
func (s *Service) identify(ctx context.Context, by access.Actor, login, password string) (user, error) {
	key := fold(login)
	u, err := store{s.db}.byLogin(ctx, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return user{}, err
	}
	counted := "signin:user:" + u.ID
	if u.ID == "" {
		counted = "signin:unknown:" + secret.Hash(key) // it may be a password, typed into the wrong field
	}
	return s.prove(ctx, by, u, counted, password)
}

// prove verifies a password. Tries are counted before they are verified, or parallel ones would all
// see the old count. An unknown user (without ID) takes the same steps and the same time.
func (s *Service) prove(ctx context.Context, by access.Actor, u user, counted, password string) (user, error) {
	rate, network := s.cfg.Limits.SignInRate, "signin:from:"+limit.Network(by.IP)
	if err := s.limits.Take(ctx, network, rate); err != nil {
		return user{}, err
	}
	if err := s.limits.Take(ctx, counted, rate); err != nil {
		return user{}, err
	}
	ok, stale, err := s.passwords.Verify(ctx, password, u.PasswordHash)
	if err != nil { // nothing was learned, so nothing is counted
		return user{}, errors.Join(err, s.limits.GiveBack(ctx, network, rate), s.limits.GiveBack(ctx, counted, rate))
	}
	if !ok {
		return user{}, s.failed(ctx, by, u)
	}
	if err := errors.Join(s.limits.GiveBack(ctx, network, rate), s.limits.Forgive(ctx, counted)); err != nil {
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
			e.Subject = subject(u)
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
