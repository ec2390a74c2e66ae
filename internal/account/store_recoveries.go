package account

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/secret"
)

// recovery is a row of recoveries.
type recovery struct {
	ID, UserID, PasswordHash, Email, Reason, IP, Agent string
	State                                              RecoveryState
	CreatedAt                                          time.Time
	ReadyAt                                            *time.Time
}

const recoveryColumns = `id, user_id, password_hash, email, state, reason, ip, agent, created_at, ready_at`

// insertRecovery opens a request, in place of one that was not confirmed. It reports whether no other one waits.
func (s store) insertRecovery(ctx context.Context, r recovery, link string) (bool, error) {
	if _, err := s.Exec(ctx, `DELETE FROM recoveries WHERE user_id = ? AND state = ?`, r.UserID, RecoveryAsked); err != nil {
		return false, err
	}
	n, err := s.Exec(ctx, `INSERT INTO recoveries (id, user_id, link_hash, password_hash, email, state, reason, ip, agent, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		r.ID, r.UserID, secret.Hash(link), r.PasswordHash, r.Email, RecoveryAsked, r.Reason, r.IP, r.Agent, r.CreatedAt)
	return n == 1, err
}

// recoveryByLink reads an open request that was begun after a time.
func (s store) recoveryByLink(ctx context.Context, link string, since time.Time) (recovery, error) {
	return db.One[recovery](ctx, s.Q, ErrLink, `SELECT `+recoveryColumns+` FROM recoveries
		WHERE link_hash = ? AND state IN (?, ?) AND created_at > ?`, secret.Hash(link), RecoveryAsked, RecoveryWaiting, since)
}

func (s store) waitingRecovery(ctx context.Context, userID string) (recovery, error) {
	return db.One[recovery](ctx, s.Q, ErrNoRecovery, `SELECT `+recoveryColumns+` FROM recoveries WHERE user_id = ? AND state = ?`, userID, RecoveryWaiting)
}

// confirmRecovery lets a request wait for the operator. One row: this call did it.
func (s store) confirmRecovery(ctx context.Context, id string, ready time.Time) (int64, error) {
	return s.Exec(ctx, `UPDATE recoveries SET state = ?, ready_at = ? WHERE id = ? AND state = ?`, RecoveryWaiting, ready, id, RecoveryAsked)
}

// decideRecovery ends a request that is open. One row: this call did it.
func (s store) decideRecovery(ctx context.Context, id string, to RecoveryState, by string, now time.Time) (int64, error) {
	return s.Exec(ctx, `UPDATE recoveries SET state = ?, decided_by = ?, decided_at = ? WHERE id = ? AND state IN (?, ?)`,
		to, by, now, id, RecoveryAsked, RecoveryWaiting)
}

// recoveries are the requests that wait, the oldest first.
func (s store) recoveries(ctx context.Context, limit int) (out []Recovery, err error) {
	err = s.Select(ctx, &out, `SELECT u.name, u.email, r.reason, r.ip, r.agent, r.created_at, r.ready_at
		FROM recoveries r JOIN users u ON u.id = r.user_id WHERE r.state = ? ORDER BY r.ready_at, r.id LIMIT ?`, RecoveryWaiting, limit)
	return out, err
}

func (s store) operators(ctx context.Context) (us []user, err error) {
	err = s.Select(ctx, &us, `SELECT `+userColumns+` FROM users WHERE operator ORDER BY name`)
	return us, err
}

func (s store) sweepRecoveries(ctx context.Context, before time.Time) error {
	_, err := s.Exec(ctx, `DELETE FROM recoveries WHERE created_at <= ?`, before)
	return err
}
