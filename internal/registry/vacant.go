package registry

import (
	"context"
	"errors"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/errs"
	"latchkey/internal/npm"
	"latchkey/internal/words"
)

// Why a name or a version number is not to be had.
var (
	ErrHeld      = errs.New(errs.Forbidden, "registry.name_held", "This name is not free yet.")
	ErrLookAlike = errs.New(errs.Forbidden, "registry.look_alike", "This name is too much like that of another package.")
	ErrRetired   = errs.New(errs.Forbidden, "registry.version_retired", "This version was unpublished. A version number is never used again.")
)

// vacant says whether a name that no package has may be taken. Only unscoped names can be taken for
// others, and packages without a scope are never hidden, so that naming one tells nothing.
func (s *Service) vacant(ctx context.Context, q db.Q, by access.Actor, n npm.Name) error {
	until, err := store{q}.heldUntil(ctx, n.Full, s.now())
	if err == nil {
		return errs.Newf(errs.Forbidden, ErrHeld.Code, "%s was unpublished. Nobody can publish under its name before %s.", n.Full, words.Moment(until))
	}
	if !errors.Is(err, ErrNotFound) || n.Scope != "" {
		return ignore(err, ErrNotFound)
	}
	other, err := store{q}.lookAlike(ctx, n, by.UserID, s.now())
	if err == nil {
		return errs.Newf(errs.Forbidden, ErrLookAlike.Code, "%s is too much like %s. Choose another name, or publish it as @%s/%s.", n.Full, other, by.Name, n.Base)
	}
	return ignore(err, ErrNotFound)
}

// unused says whether a version number was never published under a name.
func unused(ctx context.Context, q db.Q, n npm.Name, version string) error {
	_, err := store{q}.retired(ctx, n.Full, version)
	if err == nil {
		return errs.Newf(errs.Forbidden, ErrRetired.Code, "Version %s of %s was unpublished. A version number is never used again.", version, n.Full)
	}
	return ignore(err, ErrVersionNotFound)
}

// ignore is err, unless it is the one that is expected.
func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}
