package twofactor

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
)

// confirmation is a row of confirmations.
type confirmation struct {
	ID, PollHash, CodeHash, UserID, TokenID                    string
	State                                                      QuestionState
	Action                                                     access.Action
	Package, Version, Digest, Request, Command, Run, IP, Agent string
	Workspaces, Typed                                          bool
	CreatedAt, ExpiresAt                                       time.Time
}

const confirmationColumns = `id, poll_hash, code_hash, user_id, token_id, state, action, package, version, digest, request, command, run, workspaces, typed,
	ip, agent, created_at, expires_at`

func (s store) insertConfirmation(ctx context.Context, c confirmation) error {
	_, err := s.Exec(ctx, `INSERT INTO confirmations (`+confirmationColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, c.PollHash, c.CodeHash, c.UserID, c.TokenID, c.State, c.Action, c.Package, c.Version, c.Digest, c.Request, c.Command, c.Run,
		c.Workspaces, c.Typed, c.IP, c.Agent, c.CreatedAt, c.ExpiresAt)
	return err
}

// waiting returns when the open questions of an account expire, the first one first.
func (s store) waiting(ctx context.Context, userID string, now time.Time) (ts []time.Time, err error) {
	err = s.Select(ctx, &ts, `SELECT expires_at FROM confirmations WHERE user_id = ? AND state = ? AND expires_at > ? ORDER BY expires_at`, userID, Pending, now)
	return ts, err
}

func (s store) confirmation(ctx context.Context, id string, now time.Time) (confirmation, error) {
	return db.One[confirmation](ctx, s.Q, ErrConfirmation, `SELECT `+confirmationColumns+` FROM confirmations WHERE id = ? AND expires_at > ?`, id, now)
}

// polled returns a question by the terminal's secret, unless it was denied or is over.
func (s store) polled(ctx context.Context, hash string, now time.Time) (confirmation, error) {
	return db.One[confirmation](ctx, s.Q, ErrConfirmation, `SELECT `+confirmationColumns+` FROM confirmations
		WHERE poll_hash = ? AND expires_at > ? AND state IN ('pending', 'approved')`, hash, now)
}

// decide answers a question: of any number of answers one counts.
func (s store) decide(ctx context.Context, id string, state QuestionState, codeHash string, expires, now time.Time) (bool, error) {
	n, err := s.Exec(ctx, `UPDATE confirmations SET state = ?, code_hash = ?, expires_at = ? WHERE id = ? AND state = ? AND expires_at > ?`,
		state, codeHash, expires, id, Pending, now)
	return n == 1, err
}

func (s store) setCode(ctx context.Context, pollHash, codeHash string, now time.Time) (bool, error) {
	n, err := s.Exec(ctx, `UPDATE confirmations SET code_hash = ? WHERE poll_hash = ? AND state = ? AND expires_at > ?`, codeHash, pollHash, Approved, now)
	return n == 1, err
}

// spend uses a code up: of any number of tries one gets the row.
func (s store) spend(ctx context.Context, codeHash, tokenID string, now time.Time) (confirmation, error) {
	return db.One[confirmation](ctx, s.Q, ErrOneTime, `UPDATE confirmations SET state = ? WHERE code_hash = ? AND token_id = ? AND state = ? AND expires_at > ?
		RETURNING `+confirmationColumns, used, codeHash, tokenID, Approved, now)
}

// confirmed is a row of the table of that name.
type confirmed struct {
	ID, UserID, TokenID                 string
	SessionID                           *string
	IP, Package, Command, Run, CodeHash string
	Action                              access.Action
	WritesLeft                          int64
	ExpiresAt                           time.Time
}

func (s store) insertConfirmed(ctx context.Context, r confirmed) error {
	_, err := s.Exec(ctx, `INSERT INTO confirmed (id, user_id, token_id, session_id, ip, action, package, command, run, code_hash, writes_left, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.ID, r.UserID, r.TokenID, r.SessionID, r.IP, r.Action, r.Package, r.Command, r.Run, r.CodeHash, r.WritesLeft, r.ExpiresAt)
	return err
}

// remembered returns what was proven lately from the same address and with the same token, and covers a
// command: by its package, or by the run that it belongs to. A sign-out of the browser takes it back.
func (s store) remembered(ctx context.Context, by access.Actor, t Terminal, codeHash string, now time.Time) (confirmed, error) {
	return db.One[confirmed](ctx, s.Q, errWrong, `SELECT c.id, c.action, c.writes_left FROM confirmed c LEFT JOIN sessions b ON b.id = c.session_id
		WHERE c.token_id = ? AND c.ip = ? AND c.command = ? AND c.expires_at > ? AND c.writes_left <> 0
			AND c.package IN ('', ?) AND c.run IN ('', ?) AND c.code_hash IN ('', ?) AND (c.package <> '' OR c.run <> '')
			AND (c.session_id IS NULL OR b.ended_at IS NULL)
		ORDER BY c.code_hash DESC LIMIT 1`, by.Grant.TokenID, by.Address(), t.Command, now, t.Package, t.Run, codeHash)
}

func (s store) useConfirmed(ctx context.Context, id string) (bool, error) {
	n, err := s.Exec(ctx, `UPDATE confirmed SET writes_left = writes_left - 1 WHERE id = ? AND writes_left > 0`, id)
	return n == 1, err
}

// token is what a person knows a token by.
type token struct{ Name, Hint string }

func (s store) tokenOf(ctx context.Context, id string) (token, error) {
	return db.One[token](ctx, s.Q, ErrConfirmation, `SELECT name, hint FROM tokens WHERE id = ?`, id)
}
