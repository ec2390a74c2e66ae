package token

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
)

type store struct{ db.Q }

// row is a row of tokens.
type row struct {
	ID, UserID, Name, Kind, SecretHash, Hint string
	CreatedAt                                time.Time
	ExpiresAt                                *time.Time
}

func (s store) insert(ctx context.Context, r row) error {
	_, err := s.Exec(ctx, `INSERT INTO tokens (id, user_id, name, kind, secret_hash, hint, created_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, r.ID, r.UserID, r.Name, r.Kind, r.SecretHash, r.Hint, r.CreatedAt, r.ExpiresAt)
	return err
}

// owned is a token with what a request needs of its owner.
type owned struct {
	ID, UserID, Kind, UserName string
	Operator, EmailVerified    bool
	Locked                     bool
	ExpiresAt, HeldUntil       *time.Time
	HeldFor                    access.Reason
	Mode                       access.Mode
}

// owned returns the token of a hash that was not revoked. It may have expired.
func (s store) owned(ctx context.Context, hash string) (owned, error) {
	return db.One[owned](ctx, s.Q, ErrToken, `SELECT t.id, t.user_id, t.kind, t.expires_at, u.name AS user_name, u.operator,
			u.email_verified_at IS NOT NULL AS email_verified, u.locked_at IS NOT NULL AS locked, u.held_until, u.held_for, COALESCE(f.mode, '') AS mode
		FROM tokens t JOIN users u ON u.id = t.user_id LEFT JOIN two_factor f ON f.user_id = u.id WHERE t.secret_hash = ? AND t.revoked_at IS NULL`, hash)
}

// count says how many tokens of an account work.
func (s store) count(ctx context.Context, userID string, now time.Time) (n int, err error) {
	err = s.Get(ctx, &n, `SELECT COUNT(*) FROM tokens WHERE `+working, userID, now)
	return n, err
}

const working = `user_id = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)`

const heldColumns = `id, hint, name, kind, created_at, expires_at, last_used_at, last_used_ip`

// held returns the tokens of an account that work.
func (s store) held(ctx context.Context, userID string, now time.Time) (hs []Held, err error) {
	err = s.Select(ctx, &hs, `SELECT `+heldColumns+` FROM tokens WHERE `+working+` ORDER BY created_at, id`, userID, now)
	return hs, err
}

// marked returns those of them that have an id or a hint.
func (s store) marked(ctx context.Context, userID, mark string, now time.Time) (hs []Held, err error) {
	err = s.Select(ctx, &hs, `SELECT `+heldColumns+` FROM tokens WHERE `+working+` AND (id = ? OR hint = ?) LIMIT 2`, userID, now, mark, mark)
	return hs, err
}

func (s store) revoke(ctx context.Context, id string, now time.Time) (int64, error) {
	return s.Exec(ctx, `UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL`, now, id)
}

// working returns the ids of the tokens of an account that work, of one kind or, without one, of all.
func (s store) working(ctx context.Context, userID, kind string, now time.Time) (ids []string, err error) {
	err = s.Select(ctx, &ids, `SELECT id FROM tokens WHERE `+working+` AND (kind = ? OR ? = '')`, userID, now, kind, kind)
	return ids, err
}

// sweep removes tokens that ended before a time, by being revoked or by themselves.
func (s store) sweep(ctx context.Context, before time.Time) error {
	_, err := s.Exec(ctx, `DELETE FROM tokens WHERE expires_at <= ? OR revoked_at <= ?`, before, before)
	return err
}

func (s store) setUsed(ctx context.Context, id string, u use) error {
	_, err := s.Exec(ctx, `UPDATE tokens SET last_used_at = ?, last_used_ip = ?
		WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?)`, u.at, u.ip, id, u.at)
	return err
}
