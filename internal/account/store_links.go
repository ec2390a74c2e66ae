package account

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/secret"
)

// purpose is what a link is for.
type purpose string

const (
	toVerify purpose = "verify"
	toReset  purpose = "reset"
	toJoin   purpose = "invitation"
	toSetUp  purpose = "setup"
	toLock   purpose = "lock"
)

// link is what a secret in an address stands for.
type link struct{ UserID, Email string }

// insertLink makes a link and returns its secret. userID and email may be empty.
func (s store) insertLink(ctx context.Context, p purpose, l link, now time.Time, life time.Duration) (string, error) {
	text := secret.New()
	var owner *string
	if l.UserID != "" {
		owner = &l.UserID
	}
	_, err := s.Exec(ctx, `INSERT INTO links (secret_hash, purpose, user_id, email, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)`,
		secret.Hash(text), p, owner, l.Email, now, now.Add(life))
	return text, err
}

// link reads a link without using it.
func (s store) link(ctx context.Context, p purpose, text string, now time.Time) (link, error) {
	return db.One[link](ctx, s.Q, ErrLink, `SELECT COALESCE(user_id, '') AS user_id, email FROM links
		WHERE secret_hash = ? AND purpose = ? AND expires_at > ?`, secret.Hash(text), p, now)
}

// takeLink uses a link: of any number of tries, one gets the row.
func (s store) takeLink(ctx context.Context, p purpose, text string, now time.Time) (link, error) {
	return db.One[link](ctx, s.Q, ErrLink, `DELETE FROM links WHERE secret_hash = ? AND purpose = ? AND expires_at > ?
		RETURNING COALESCE(user_id, '') AS user_id, email`, secret.Hash(text), p, now)
}

// removeLinks makes the other links of an account useless, once one of them was used.
func (s store) removeLinks(ctx context.Context, p purpose, userID string) error {
	_, err := s.Exec(ctx, `DELETE FROM links WHERE purpose = ? AND user_id = ?`, p, userID)
	return err
}

// removeAllLinks makes all links of a kind useless.
func (s store) removeAllLinks(ctx context.Context, p purpose) error {
	_, err := s.Exec(ctx, `DELETE FROM links WHERE purpose = ?`, p)
	return err
}

func (s store) sweepLinks(ctx context.Context, now time.Time) error {
	_, err := s.Exec(ctx, `DELETE FROM links WHERE expires_at <= ?`, now)
	return err
}
