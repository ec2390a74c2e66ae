// Package audit keeps the security log: what happened, who did it, by what means and from where.
// Rows are written in the transaction of the act, so that neither exists without the other.
package audit

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"latchkey/db"
	"latchkey/internal/access"
)

// Entry is what happened. Subject is the thing acted on, as kind:name ("package:left-pad").
type Entry struct {
	Event   Event
	Subject string
	Detail  map[string]string // never a secret
}

// Record adds an entry to the log, in the transaction of the act.
func Record(ctx context.Context, tx *db.Tx, now time.Time, by access.Actor, e Entry) error {
	detail := "{}"
	if len(e.Detail) > 0 {
		b, err := json.Marshal(e.Detail)
		if err != nil {
			return err
		}
		detail = string(b)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	return store{tx}.insert(ctx, row{
		ID: id.String(), At: now, Event: string(e.Event), ActorID: by.UserID, ActorName: by.Name, Via: string(by.Via),
		IP: by.Address(), Agent: by.Agent, Subject: e.Subject, Detail: detail,
	})
}
