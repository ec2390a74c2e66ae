package registry

import (
	"context"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/credential"
	"latchkey/internal/errs"
)

// ErrConflict answers for a revision that is not the current one: what the caller read has changed since.
var ErrConflict = errs.New(errs.Conflict, "registry.conflict", "The package has changed since you read it. Read it again, then repeat.")

// change runs fn in a transaction, with a package that is there and that the actor may act on. It looks
// before the transaction, so that what is refused anyway takes no turn, and again in it.
func (s *Service) change(ctx context.Context, by access.Actor, act access.Action, name string, fn func(ctx context.Context, tx *db.Tx, h head) error) error {
	if _, err := s.authorize(ctx, nil, by, act, name); err != nil {
		return err
	}
	if err := s.changes.Take(by.UserID); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := credential.Holds(ctx, tx, by, s.now()); err != nil {
			return err
		}
		h, err := s.authorize(ctx, tx, by, act, name)
		if err != nil {
			return err
		}
		return fn(ctx, tx, h)
	})
}

// at returns ErrConflict unless rev is the package's revision. Clients that saw none send "undefined".
func (h head) at(rev string) error {
	if rev != h.rev {
		return ErrConflict
	}
	return nil
}
