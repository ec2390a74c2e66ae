package account

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/words"
)

// HoldOf is the hold that a row of an account describes.
func HoldOf(until *time.Time, reason access.Reason) access.Hold {
	if until == nil {
		return access.Hold{}
	}
	return access.Hold{Until: *until, Reason: reason}
}

// Hold makes an account read-only for access.HoldFor, in the transaction of what a thief would do first,
// and writes to its owner. A second reason does not prolong it, but for a
// recovery, whose owner was promised the whole time; nothing ends it early.
func (s *Service) Hold(ctx context.Context, tx *db.Tx, by access.Actor, userID string, reason access.Reason) error {
	st, now := store{tx}, s.now()
	h := access.Hold{Until: now.Add(access.HoldFor), Reason: reason}
	unless := now // it is held until then
	if reason == access.HeldAfterRecovery {
		unless = h.Until
	}
	n, err := st.hold(ctx, userID, h, unless, now)
	if err != nil || n == 0 {
		return err
	}
	u, err := st.byID(ctx, userID)
	if err != nil {
		return err
	}
	e := audit.Entry{Event: audit.AccountHeld, Account: u.ID, Subject: subject(u), Detail: map[string]string{"reason": string(reason)}}
	if err := audit.Record(ctx, tx, now, by, e); err != nil {
		return err
	}
	return s.notify(ctx, tx, u, "account-held", map[string]string{
		"Why": reason.Why(), "From": from(by), "Until": words.Moment(h.Until), "Life": words.Span(access.HoldFor),
	})
}
