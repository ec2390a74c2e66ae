package token

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
)

type store struct{ db.Q }

const limits = `note, limited, packages, orgs, manages, addresses`

// row is a row of tokens.
type row struct {
	ID, UserID, Name, Kind, SecretHash, Hint string
	CreatedAt                                time.Time
	ExpiresAt                                *time.Time
	limitColumns
}

func (s store) insert(ctx context.Context, r row) error {
	_, err := s.Exec(ctx, `INSERT INTO tokens (id, user_id, name, kind, secret_hash, hint, created_at, expires_at, `+limits+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, r.ID, r.UserID, r.Name, r.Kind, r.SecretHash, r.Hint, r.CreatedAt, r.ExpiresAt,
		r.Note, r.Limited, r.Packages, r.Orgs, r.Manages, r.Addresses)
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
	limitColumns
}

// owned returns the token of a hash that was not revoked. It may have expired.
func (s store) owned(ctx context.Context, hash string) (owned, error) {
	return db.One[owned](ctx, s.Q, ErrToken, `SELECT t.id, t.user_id, t.kind, t.expires_at, u.name AS user_name, u.operator,
			u.email_verified_at IS NOT NULL AS email_verified, u.locked_at IS NOT NULL AS locked, u.held_until, u.held_for, COALESCE(f.mode, '') AS mode, `+limits+`
		FROM tokens t JOIN users u ON u.id = t.user_id LEFT JOIN two_factor f ON f.user_id = u.id WHERE t.secret_hash = ? AND t.revoked_at IS NULL`, hash)
}

// count says how many tokens of an account work.
func (s store) count(ctx context.Context, userID string, now time.Time) (n int, err error) {
	err = s.Get(ctx, &n, `SELECT COUNT(*) FROM tokens WHERE `+working, userID, now)
	return n, err
}

const working = `user_id = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)`

// heldRow is a token as its owner sees it, and what it is limited to.
type heldRow struct {
	Held
	limitColumns
}

const heldColumns = `id, hint, name, kind, created_at, expires_at, last_used_at, last_used_ip, last_used_for, ` + limits

// held returns the tokens of an account that work.
func (s store) held(ctx context.Context, userID string, now time.Time) ([]Held, error) {
	return s.holds(ctx, `SELECT `+heldColumns+` FROM tokens WHERE `+working+` ORDER BY created_at, id`, userID, now)
}

// marked returns those of them that have an id or a hint.
func (s store) marked(ctx context.Context, userID, mark string, now time.Time) ([]Held, error) {
	return s.holds(ctx, `SELECT `+heldColumns+` FROM tokens WHERE `+working+` AND (id = ? OR hint = ?) LIMIT 2`, userID, now, mark, mark)
}

func (s store) holds(ctx context.Context, query string, args ...any) ([]Held, error) {
	var rows []heldRow
	if err := s.Select(ctx, &rows, query, args...); err != nil {
		return nil, err
	}
	out := make([]Held, len(rows))
	for i, r := range rows {
		var err error
		out[i] = r.Held
		if out[i].Limits, err = r.limits(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// shorten brings the end of a token forward, of which its owner is told otherwise.
func (s store) shorten(ctx context.Context, id string, until time.Time) error {
	_, err := s.Exec(ctx, `UPDATE tokens SET expires_at = ?, reminded = 1 WHERE id = ? AND (expires_at IS NULL OR expires_at > ?)`, until, id, until)
	return err
}

// ending is a token that ends soon, and when its owner was written to about that.
type ending struct {
	ID, UserID, Name, Hint string
	CreatedAt, ExpiresAt   time.Time
	Reminded               int
}

// ending returns tokens, but those of npm login, that end between two times.
func (s store) ending(ctx context.Context, from, to time.Time, n int, after string) (out []ending, err error) {
	err = s.Select(ctx, &out, `SELECT id, user_id, name, hint, created_at, expires_at, reminded FROM tokens
		WHERE expires_at > ? AND expires_at <= ? AND revoked_at IS NULL AND kind <> ? AND id > ? ORDER BY id LIMIT ?`, from, to, Session, after, n)
	return out, err
}

// remind notes that the owner is written to, unless somebody else noted it first.
func (s store) remind(ctx context.Context, id string, days, before int) (int64, error) {
	return s.Exec(ctx, `UPDATE tokens SET reminded = ? WHERE id = ? AND reminded = ? AND revoked_at IS NULL`, days, id, before)
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
	_, err := s.Exec(ctx, `UPDATE tokens SET last_used_at = ?, last_used_ip = ?, last_used_for = ?
		WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?)`, u.at, u.ip, u.what, id, u.at)
	return err
}
