package token

import (
	"context"
	"time"

	"latchkey/db"
)

// login is a row of web_logins.
type login struct {
	ID, PollHash, IP, Network, Agent, ApproverIP string
	State                                        State
	SessionID, TokenID                           *string
	CreatedAt, ExpiresAt                         time.Time
	RedeemedAt                                   *time.Time
}

const loginColumns = `id, poll_hash, ip, network, agent, state, approver_ip, session_id, token_id, created_at, expires_at, redeemed_at`

func (s store) insertLogin(ctx context.Context, l login) error {
	_, err := s.Exec(ctx, `INSERT INTO web_logins (id, poll_hash, ip, network, agent, state, created_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, l.ID, l.PollHash, l.IP, l.Network, l.Agent, l.State, l.CreatedAt, l.ExpiresAt)
	return err
}

// waiting returns when the open logins of a network expire, the first one first.
func (s store) waiting(ctx context.Context, network string, now time.Time) (ts []time.Time, err error) {
	err = s.Select(ctx, &ts, `SELECT expires_at FROM web_logins WHERE network = ? AND state = ? AND expires_at > ? ORDER BY expires_at`,
		network, Pending, now)
	return ts, err
}

// login returns a login by the id in the browser's address.
func (s store) login(ctx context.Context, id string, now time.Time) (login, error) {
	return db.One[login](ctx, s.Q, ErrLogin, `SELECT `+loginColumns+` FROM web_logins WHERE id = ? AND expires_at > ?`, id, now)
}

// polled returns a login by the terminal's secret, unless it was denied.
func (s store) polled(ctx context.Context, hash string, now time.Time) (login, error) {
	return db.One[login](ctx, s.Q, ErrLogin, `SELECT `+loginColumns+` FROM web_logins WHERE poll_hash = ? AND expires_at > ? AND state <> ?`,
		hash, now, Denied)
}

// bind gives a login to the first session that opens it.
func (s store) bind(ctx context.Context, id, sessionID string, now time.Time) error {
	_, err := s.Exec(ctx, `UPDATE web_logins SET session_id = ? WHERE id = ? AND session_id IS NULL AND expires_at > ?`, sessionID, id, now)
	return err
}

// decide approves or denies a login. One row: this call decided; none: it was decided before, or is over.
func (s store) decide(ctx context.Context, id, sessionID string, state State, ip string, now time.Time) (int64, error) {
	return s.Exec(ctx, `UPDATE web_logins SET state = ?, approver_ip = ?
		WHERE id = ? AND session_id = ? AND state = ? AND expires_at > ?`, state, ip, id, sessionID, Pending, now)
}

type approver struct{ ID, Name string }

// approver returns who is signed in in a session, if it has not ended.
func (s store) approver(ctx context.Context, sessionID string, now time.Time) (approver, error) {
	return db.One[approver](ctx, s.Q, ErrLogin, `SELECT u.id, u.name FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.id = ? AND s.ended_at IS NULL AND s.deadline_at > ?`, sessionID, now)
}

func (s store) redeemed(ctx context.Context, id, tokenID string, at time.Time) error {
	_, err := s.Exec(ctx, `UPDATE web_logins SET token_id = ?, redeemed_at = ? WHERE id = ?`, tokenID, at, id)
	return err
}

func (s store) sweepLogins(ctx context.Context, now time.Time) error {
	_, err := s.Exec(ctx, `DELETE FROM web_logins WHERE expires_at <= ?`, now)
	return err
}
