package audit

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
)

type store struct{ db.Q }

// row is a row of audit_log. TokenName and TokenHint are of the token, as long as it is kept.
type row struct {
	ID, AccountID, ActorID, ActorName, SessionID, TokenID, IP, Agent, Subject, Detail string
	TokenName, TokenHint, Org                                                         string
	Event                                                                             Event
	Via                                                                               access.Via
	At                                                                                time.Time
}

const columns = `a.id, a.at, a.event, a.account_id, a.actor_id, a.actor_name, a.via, a.session_id, a.token_id, a.ip, a.agent, a.subject, a.detail, a.org`

func (s store) insert(ctx context.Context, r row) error {
	_, err := s.Exec(ctx, `INSERT INTO audit_log (id, at, event, account_id, actor_id, actor_name, via, session_id, token_id, ip, agent, subject, detail, org)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.ID, r.At, r.Event, r.AccountID, r.ActorID, r.ActorName, r.Via, r.SessionID, r.TokenID, r.IP, r.Agent, r.Subject, r.Detail, r.Org)
	return err
}

// page returns entries of an account's log, the newest first: those before an id, of events that
// match a pattern.
func (s store) page(ctx context.Context, accountID, pattern, before string, limit int) (rs []row, err error) {
	err = s.Select(ctx, &rs, `SELECT `+columns+`, COALESCE(t.name, '') AS token_name, COALESCE(t.hint, '') AS token_hint
		FROM audit_log a LEFT JOIN tokens t ON t.id = a.token_id
		WHERE a.account_id = ? AND a.event LIKE ? AND a.id < ? ORDER BY a.id DESC LIMIT ?`, accountID, pattern, before, limit)
	return rs, err
}
