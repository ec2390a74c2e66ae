package account

import (
	"context"
	"strings"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
)

type store struct{ db.Q }

// user is a row of users.
type user struct {
	ID, Name, FullName, Homepage, Email, EmailKey, PasswordHash string
	EmailVerifiedAt                                             *time.Time
	Operator                                                    bool
	CreatedAt, UpdatedAt, PasswordChangedAt                     time.Time
	LockedAt, HeldUntil                                         *time.Time
}

func (u user) public() User {
	return User{
		ID: u.ID, Name: u.Name, FullName: u.FullName, Homepage: u.Homepage, Email: u.Email,
		EmailVerified: u.EmailVerifiedAt != nil, Operator: u.Operator, CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
}

const userColumns = `id, name, full_name, homepage, email, email_key, password_hash, email_verified_at, operator, created_at,
	updated_at, locked_at, held_until`

// claimName takes a name for ever and reports whether it was free.
func (s store) claimName(ctx context.Context, name, kind string, now time.Time) (bool, error) {
	n, err := s.Exec(ctx, `INSERT INTO names (name, kind, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, name, kind, now)
	return n == 1, err
}

func (s store) insertUser(ctx context.Context, u user) error {
	_, err := s.Exec(ctx, `INSERT INTO users (id, name, full_name, email, email_key, email_verified_at, password_hash,
			password_changed_at, operator, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		u.ID, u.Name, u.FullName, u.Email, u.EmailKey, u.EmailVerifiedAt, u.PasswordHash,
		u.CreatedAt, u.Operator, u.CreatedAt, u.UpdatedAt)
	return err
}

func (s store) byID(ctx context.Context, id string) (user, error) {
	return db.One[user](ctx, s.Q, ErrNotFound, `SELECT `+userColumns+` FROM users WHERE id = ?`, id)
}

func (s store) byName(ctx context.Context, name string) (user, error) {
	return db.One[user](ctx, s.Q, ErrNotFound, `SELECT `+userColumns+` FROM users WHERE name = ?`, name)
}

// byVerified returns who has verified an address.
func (s store) byVerified(ctx context.Context, key string) (user, error) {
	return db.One[user](ctx, s.Q, ErrNotFound, `SELECT `+userColumns+` FROM users WHERE email_key = ? AND email_verified_at IS NOT NULL`, key)
}

// byLogin returns who a folded login is. An address is that of whoever verified it: a claim that nobody
// verified would otherwise tell, by working or not, whether the address has an owner.
func (s store) byLogin(ctx context.Context, login string) (user, error) {
	if strings.Contains(login, "@") {
		return s.byVerified(ctx, login)
	}
	return s.byName(ctx, login)
}

func (s store) hasOperator(ctx context.Context) (bool, error) {
	var n int
	err := s.Get(ctx, &n, `SELECT COUNT(*) FROM users WHERE operator`)
	return n > 0, err
}

// lock locks an account, and unlock opens it again. One row: this call did it.
func (s store) lock(ctx context.Context, id string, now time.Time) (int64, error) {
	return s.Exec(ctx, `UPDATE users SET locked_at = ?, updated_at = ? WHERE id = ? AND locked_at IS NULL`, now, now, id)
}

func (s store) unlock(ctx context.Context, id string, now time.Time) (int64, error) {
	return s.Exec(ctx, `UPDATE users SET locked_at = NULL, updated_at = ? WHERE id = ? AND locked_at IS NOT NULL`, now, id)
}

// hold makes an account read-only until a time, unless it is beyond another time already.
func (s store) hold(ctx context.Context, id string, h access.Hold, unless, now time.Time) (int64, error) {
	return s.Exec(ctx, `UPDATE users SET held_until = ?, held_for = ?, updated_at = ?
		WHERE id = ? AND (held_until IS NULL OR held_until <= ?)`, h.Until, h.Reason, now, id, unless)
}

// verifyAddress marks the address as verified, unless the account has another one by now.
func (s store) verifyAddress(ctx context.Context, id, address string, now time.Time) (int64, error) {
	return s.Exec(ctx, `UPDATE users SET email_verified_at = ?, updated_at = ? WHERE id = ? AND email = ? AND email_verified_at IS NULL`,
		now, now, id, address)
}

func (s store) setPassword(ctx context.Context, id, hash string, now time.Time) error {
	_, err := s.Exec(ctx, `UPDATE users SET password_hash = ?, password_changed_at = ?, updated_at = ? WHERE id = ?`, hash, now, now, id)
	return err
}

// upgradeHash replaces the hash of the same password by a stronger one.
func (s store) upgradeHash(ctx context.Context, id, old, hash string) error {
	_, err := s.Exec(ctx, `UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?`, hash, id, old)
	return err
}

func (s store) setProfile(ctx context.Context, id string, p Profile, now time.Time) error {
	_, err := s.Exec(ctx, `UPDATE users SET full_name = ?, homepage = ?, updated_at = ? WHERE id = ?`, p.FullName, p.Homepage, now, id)
	return err
}

func (s store) people(ctx context.Context, after string, limit int) (us []user, err error) {
	err = s.Select(ctx, &us, `SELECT `+userColumns+` FROM users WHERE name > ? ORDER BY name LIMIT ?`, after, limit)
	return us, err
}

func (s store) countUsers(ctx context.Context) (n int64, err error) {
	err = s.Get(ctx, &n, `SELECT COUNT(*) FROM users`)
	return n, err
}
