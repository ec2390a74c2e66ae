package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
)

// Head is the end of the chain: how many entries are sealed, and the seal of the last. Who keeps it elsewhere
// can tell later that nothing was cut off.
type Head struct {
	Seq  int64
	Seal string
}

// AlteredError says which entry of the chain is the first that is not as it was sealed.
type AlteredError struct {
	Seq int64
	ID  string // "" when the entry is missing
}

// Error implements error.
func (e AlteredError) Error() string {
	if e.ID == "" {
		return fmt.Sprintf("entry %d of the security log is missing", e.Seq)
	}
	return fmt.Sprintf("entry %d of the security log (%s) was altered, or one before it was", e.Seq, e.ID)
}

// Seal links the entries that are new into the chain, in the order of their ids; the clock calls it. Entries
// are written in the transaction of their act, without a place in the chain: were it given there, everything
// that anybody does would wait for everybody else's commit, on PostgreSQL publishes of different packages too.
// So an entry can be altered unnoticed in the seconds until it is sealed, and in no moment after: what was sealed
// once is not sealed again, because the end of the chain is kept outside of the database too (see anchor). Two
// sealers cannot fork the chain: a place is there once.
//
// A seal is a MAC under the installation's secret key and not a plain hash, which whoever can write the
// database could compute anew for the rest of the chain.
func (s *Service) Seal(ctx context.Context) error {
	for {
		// Rows do not change, so they are read outside of the transaction, which then touches nothing that those who
		// add entries could meet.
		rows, err := store{s.db}.unsealed(ctx, batch)
		if err != nil || len(rows) == 0 {
			return err
		}
		var head Head
		err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			if err := s.anchored(ctx, tx); err != nil {
				return err
			}
			if head, err = (store{tx}).head(ctx); err != nil {
				return err
			}
			for _, r := range rows {
				next := Head{head.Seq + 1, ""}
				if next.Seal, err = s.seal(head.Seal, next.Seq, r); err != nil {
					return err
				}
				sealed, err := store{tx}.setSeal(ctx, r.ID, next)
				if err != nil {
					return err
				}
				if sealed {
					head = next
				}
			}
			return nil
		})
		if err == nil {
			err = s.anchor.write(head)
		}
		if err != nil || len(rows) < batch {
			return err
		}
	}
}

// seal is what an entry at a place is sealed with.
func (s *Service) seal(before string, seq int64, r row) (string, error) {
	text, err := json.Marshal([]any{
		before, seq, r.ID, r.At.UTC().Format(time.RFC3339Nano), r.Event, r.AccountID, r.ActorID, r.ActorName, r.Via, r.SessionID,
		r.TokenID, r.IP, r.Agent, r.Subject, r.Detail, r.Org,
	})
	return s.box.Mac("audit log", string(text)), err
}

// Verify computes the chain anew, from its first entry, and returns its end, or an AlteredError about the first
// entry that is not as it was. The console and operators may.
func (s *Service) Verify(ctx context.Context, by access.Actor) (head Head, err error) {
	if err := access.Check(by, access.OperatorView, access.Installation(by), s.now()); err != nil {
		return head, err
	}
	for {
		rows, err := store{s.db}.sealed(ctx, head.Seq, batch)
		if err != nil {
			return head, err
		}
		for _, r := range rows {
			if r.Seq != head.Seq+1 {
				return head, AlteredError{Seq: head.Seq + 1}
			}
			want, err := s.seal(head.Seal, r.Seq, r.row)
			if err != nil {
				return head, err
			}
			if want != r.Seal {
				return head, AlteredError{r.Seq, r.ID}
			}
			head = Head{r.Seq, r.Seal}
		}
		if len(rows) < batch {
			return head, s.anchored(ctx, s.db)
		}
	}
}
