// Package audit keeps the security log: what happened, who did it, by what means and from where.
// Rows are written in the transaction of the act, so that neither exists without the other.
package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
)

// Entry is what happened. Subject is the thing acted on, as kind:name ("package:left-pad"). Account is the
// id of the account whose log it belongs to, when that is not the actor's.
type Entry struct {
	Event   Event
	Account string
	Subject string
	Detail  map[string]string // never a secret
}

// orgOf is the organization whose log an entry is in, or "": its own, and that of whoever has the scope of a
// package. A scope that is a person's is in nobody's log, and who likes a package is nobody's business.
func orgOf(e Event, subject string) string {
	if e == PackageStarred || e == PackageUnstarred {
		return ""
	}
	if name, ok := strings.CutPrefix(subject, "org:"); ok {
		return name
	}
	scope, _, _ := strings.Cut(strings.TrimPrefix(subject, "package:@"), "/")
	if !strings.HasPrefix(subject, "package:@") {
		return ""
	}
	return scope
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
	r := row{
		ID: db.NewID(), At: now, Event: e.Event, AccountID: cmp.Or(e.Account, by.UserID), ActorID: by.UserID, ActorName: by.Name,
		Via: by.Via, SessionID: by.SessionID, IP: by.Address(), Agent: by.Agent, Subject: e.Subject, Detail: detail, Org: orgOf(e.Event, e.Subject),
	}
	if by.Grant != nil {
		r.TokenID = by.Grant.TokenID
	}
	return store{tx}.insert(ctx, r)
}
