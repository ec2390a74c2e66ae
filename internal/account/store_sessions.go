package account

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/secret"
)

// session is a row of sessions with what a request needs of its user.
type session struct {
	ID, UserID, Name                string
	Operator, EmailVerified, Locked bool
	SeenAt, DeadlineAt, ConfirmedAt time.Time
	HeldUntil                       *time.Time
	HeldFor                         access.Reason
	Mode                            access.Mode
	Factor                          string
}

// browser is where a session began.
type browser struct{ IP, Agent, BrowserHash string }

// is reports whether it is the actor's browser, by what it keeps to be known again.
func (b browser) is(by access.Actor) bool {
	return by.Browser != "" && b.BrowserHash == secret.Hash(by.Browser)
}

func (s store) insertSession(ctx context.Context, id, userID string, b browser, now, deadline time.Time) error {
	_, err := s.Exec(ctx, `INSERT INTO sessions (id, user_id, ip, agent, browser_hash, created_at, seen_at, deadline_at, confirmed_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, id, userID, b.IP, b.Agent, b.BrowserHash, now, now, deadline, now)
	return err
}

// session returns a session that was not ended, and its user, in one query.
func (s store) session(ctx context.Context, id string) (session, error) {
	return db.One[session](ctx, s.Q, ErrNotFound, `SELECT s.id, s.user_id, s.seen_at, s.deadline_at, s.confirmed_at,
			u.name, u.operator, u.email_verified_at IS NOT NULL AS email_verified, u.locked_at IS NOT NULL AS locked,
			u.held_until, u.held_for, s.factor, COALESCE(f.mode, '') AS mode
		FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN two_factor f ON f.user_id = u.id WHERE s.id = ? AND s.ended_at IS NULL`, id)
}

// touch notes that a session is in use. It never brings back one that was ended.
func (s store) touch(ctx context.Context, id string, now time.Time) error {
	_, err := s.Exec(ctx, `UPDATE sessions SET seen_at = ? WHERE id = ? AND ended_at IS NULL AND seen_at < ?`, now, id, now)
	return err
}

func (s store) confirm(ctx context.Context, id, userID string, now time.Time) (int64, error) {
	return s.Exec(ctx, `UPDATE sessions SET confirmed_at = ?, wrong_passwords = 0 WHERE id = ? AND user_id = ? AND ended_at IS NULL AND deadline_at > ?`,
		now, id, userID, now)
}

// countWrong counts a wrong password in a session and returns how many there were since the right one.
func (s store) countWrong(ctx context.Context, id string) (int, error) {
	return db.One[int](ctx, s.Q, ErrSessionEnded, `UPDATE sessions SET wrong_passwords = wrong_passwords + 1
		WHERE id = ? AND ended_at IS NULL RETURNING wrong_passwords`, id)
}

// opened returns the sessions of an account that have not ended, the one used last first.
func (s store) opened(ctx context.Context, userID string, now, idle time.Time) (bs []Browser, err error) {
	err = s.Select(ctx, &bs, `SELECT id, ip, agent, created_at, seen_at, deadline_at FROM sessions
		WHERE user_id = ? AND ended_at IS NULL AND deadline_at > ? AND seen_at > ? ORDER BY seen_at DESC, id DESC`, userID, now, idle)
	return bs, err
}

func (s store) endSession(ctx context.Context, id, userID string, now time.Time) (int64, error) {
	return s.Exec(ctx, `UPDATE sessions SET ended_at = ? WHERE id = ? AND user_id = ? AND ended_at IS NULL`, now, id, userID)
}

// endOtherSessions ends all sessions of an account but one, which may be "".
func (s store) endOtherSessions(ctx context.Context, userID, but string, now time.Time) (int64, error) {
	return s.Exec(ctx, `UPDATE sessions SET ended_at = ? WHERE user_id = ? AND id <> ? AND ended_at IS NULL`, now, userID, but)
}

// endOldest ends all but the newest sessions of an account.
func (s store) endOldest(ctx context.Context, userID string, keep int, now time.Time) (int64, error) {
	return s.Exec(ctx, `UPDATE sessions SET ended_at = ? WHERE user_id = ? AND ended_at IS NULL AND id NOT IN
			(SELECT id FROM sessions WHERE user_id = ? AND ended_at IS NULL ORDER BY created_at DESC, id DESC LIMIT ?)`,
		now, userID, userID, keep)
}

// browsers returns where an account was signed in lately.
func (s store) browsers(ctx context.Context, userID string) (bs []browser, err error) {
	err = s.Select(ctx, &bs, `SELECT ip, agent, browser_hash FROM sessions WHERE user_id = ? ORDER BY created_at DESC LIMIT 100`, userID)
	return bs, err
}

// sweepSessions removes sessions whose deadline was before a time. Each ends by its deadline.
func (s store) sweepSessions(ctx context.Context, before time.Time) error {
	_, err := s.Exec(ctx, `DELETE FROM sessions WHERE deadline_at <= ?`, before)
	return err
}
