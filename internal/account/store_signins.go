package account

import (
	"context"
	"time"

	"latchkey/db"
)

// signIn is a row of sign_ins.
type signIn struct {
	IDHash, UserID, PasswordHash, Needs, IP, Agent string
	CreatedAt, ExpiresAt                           time.Time
}

func (s store) insertSignIn(ctx context.Context, r signIn) error {
	_, err := s.Exec(ctx, `INSERT INTO sign_ins (id_hash, user_id, password_hash, needs, ip, agent, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		r.IDHash, r.UserID, r.PasswordHash, r.Needs, r.IP, r.Agent, r.CreatedAt, r.ExpiresAt)
	return err
}

func (s store) signIn(ctx context.Context, hash string, now time.Time) (signIn, error) {
	return db.One[signIn](ctx, s.Q, ErrPending, `SELECT id_hash, user_id, password_hash, needs, ip, agent, created_at, expires_at FROM sign_ins
		WHERE id_hash = ? AND expires_at > ?`, hash, now)
}

// takeSignIn uses an unfinished sign-in: of any number of tries, one gets the row.
func (s store) takeSignIn(ctx context.Context, hash string) (int64, error) {
	return s.Exec(ctx, `DELETE FROM sign_ins WHERE id_hash = ?`, hash)
}

func (s store) sweepSignIns(ctx context.Context, now time.Time) error {
	_, err := s.Exec(ctx, `DELETE FROM sign_ins WHERE expires_at <= ?`, now)
	return err
}

// setSessionFactor notes by which second factor a browser was signed in.
func (s store) setSessionFactor(ctx context.Context, id, method string) error {
	_, err := s.Exec(ctx, `UPDATE sessions SET factor = ? WHERE id = ?`, method, id)
	return err
}
