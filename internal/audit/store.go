package audit

import (
	"context"
	"time"

	"latchkey/db"
)

type store struct{ db.Q }

type row struct {
	ID, Event, ActorID, ActorName, Via, IP, Agent, Subject, Detail string
	At                                                             time.Time
}

func (s store) insert(ctx context.Context, r row) error {
	_, err := s.Exec(ctx, `INSERT INTO audit_log (id, at, event, actor_id, actor_name, via, ip, agent, subject, detail)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.ID, r.At, r.Event, r.ActorID, r.ActorName, r.Via, r.IP, r.Agent, r.Subject, r.Detail)
	return err
}
