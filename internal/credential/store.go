package credential

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
)

type store struct{ db.Q }

type owner struct {
	Locked, Verified bool
	HeldUntil        *time.Time
}

// owner returns whose session or token it is, or db.ErrNoRows when it does not work any more.
func (s store) owner(ctx context.Context, by access.Actor, now time.Time) (o owner, err error) {
	const columns = `SELECT u.locked_at IS NOT NULL AS locked, u.email_verified_at IS NOT NULL AS verified, u.held_until FROM users u `
	if by.Grant != nil {
		err = s.Get(ctx, &o, columns+`JOIN tokens t ON t.user_id = u.id WHERE t.id = ? AND t.revoked_at IS NULL
			AND (t.expires_at IS NULL OR t.expires_at > ?)`, by.Grant.TokenID, now)
		return o, err
	}
	err = s.Get(ctx, &o, columns+`JOIN sessions s ON s.user_id = u.id WHERE s.id = ? AND s.ended_at IS NULL AND s.deadline_at > ?`, by.SessionID, now)
	return o, err
}
