package account

import (
	"context"
	"time"

	"latchkey/db"
)

// What an unfinished sign-in needs.
const (
	needsFactor   = "factor"   // a second factor
	needsCode     = "code"     // the code that was mailed for it
	needsTerminal = "terminal" // the code that was mailed for a terminal
)

// signIn is a row of sign_ins.
type signIn struct {
	IDHash, UserID, PasswordHash, Needs, CodeMAC, IP, Agent string
	CreatedAt, ExpiresAt                                    time.Time
}

// insertSignIn writes an unfinished sign-in. A terminal's replaces the one before.
func (s store) insertSignIn(ctx context.Context, r signIn) error {
	_, err := s.Exec(ctx, `INSERT INTO sign_ins (id_hash, user_id, password_hash, needs, code_mac, ip, agent, created_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id_hash) DO UPDATE SET password_hash = excluded.password_hash, code_mac = excluded.code_mac, tries = 0,
			ip = excluded.ip, agent = excluded.agent, created_at = excluded.created_at, expires_at = excluded.expires_at`,
		r.IDHash, r.UserID, r.PasswordHash, r.Needs, r.CodeMAC, r.IP, r.Agent, r.CreatedAt, r.ExpiresAt)
	return err
}

func (s store) signIn(ctx context.Context, hash string, now time.Time) (signIn, error) {
	return db.One[signIn](ctx, s.Q, ErrPending, `SELECT id_hash, user_id, password_hash, needs, code_mac, ip, agent, created_at, expires_at FROM sign_ins
		WHERE id_hash = ? AND needs <> ? AND expires_at > ?`, hash, needsTerminal, now)
}

// tryCode counts a try at a mailed code, and returns what is kept of it unless it was tried too often.
func (s store) tryCode(ctx context.Context, hash string, most int, now time.Time) (mac string, err error) {
	return db.One[string](ctx, s.Q, ErrPending, `UPDATE sign_ins SET tries = tries + 1
		WHERE id_hash = ? AND tries < ? AND expires_at > ? RETURNING code_mac`, hash, most, now)
}

// takeSignIn uses an unfinished sign-in: of any number of tries, one gets the row. mac is that of the code that
// was mailed for it, or "".
func (s store) takeSignIn(ctx context.Context, hash, mac string) (int64, error) {
	return s.Exec(ctx, `DELETE FROM sign_ins WHERE id_hash = ? AND code_mac = ?`, hash, mac)
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
