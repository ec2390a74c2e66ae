// Package credential asks, in the transaction that acts on it, whether what somebody came with is still good. A body
// may take as long to arrive as its sender likes: meanwhile a session can be ended, a token revoked, an account locked.
package credential

import (
	"context"
	"errors"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
)

// Holds returns nil when nothing that the actor rests on became worse since the request began: the session or the
// token works, and the account is not locked, held or without its verified address unless it was by then. Who has
// neither session nor token, as the console and the readers of links, rests on nothing that could.
func Holds(ctx context.Context, tx *db.Tx, by access.Actor, now time.Time) error {
	if by.Grant == nil && by.SessionID == "" {
		return nil
	}
	owner, err := store{tx}.owner(ctx, by, now)
	if errors.Is(err, db.ErrNoRows) {
		return access.ErrUnauthenticated
	}
	switch {
	case err != nil:
		return err
	case owner.Locked && !by.Locked:
		return access.ErrLocked
	case owner.HeldUntil != nil && now.Before(*owner.HeldUntil) && !by.Hold.At(now):
		return access.ErrHeld
	case by.EmailVerified && !owner.Verified:
		return access.ErrUnverified
	}
	return nil
}
