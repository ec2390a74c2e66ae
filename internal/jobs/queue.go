// Package jobs does what must follow a commit: it is written in the transaction that causes it and
// done afterwards, at least once, also across a crash.
package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"latchkey/db"
)

// Kind names a kind of job; one handler does all of a kind.
type Kind string

// Enqueue writes a job into the transaction that causes it. payload is stored as JSON.
func Enqueue(ctx context.Context, tx *db.Tx, now time.Time, kind Kind, payload any) error {
	b, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("enqueue %s: %w", kind, err)
	}
	return store{tx}.insert(ctx, db.NewID(), kind, string(b), now)
}
