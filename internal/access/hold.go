package access

import (
	"time"

	"latchkey/internal/errs"
	"latchkey/internal/words"
)

// HoldFor is how long an account is read-only after something that a thief would do first: long enough
// for its owner to see the mail.
const HoldFor = 72 * time.Hour

// Reason is why an account is held.
type Reason string

// HeldAfterRecoveryCode is the reason when somebody proved themselves with a recovery code.
const HeldAfterRecoveryCode Reason = "recovery_code"

// HeldAfterRecovery is the reason when an operator took the second factor off.
const HeldAfterRecovery Reason = "recovery"

// Why says a reason in words, after "because".
func (r Reason) Why() string {
	switch r {
	case HeldAfterRecoveryCode:
		return "somebody used a recovery code"
	case HeldAfterRecovery:
		return "its second factor was taken off"
	}
	return "of what happened to it"
}

// Hold is a time in which an account is read-only. The zero Hold is none.
type Hold struct {
	Until  time.Time
	Reason Reason
}

// At reports whether the account is held at a time.
func (h Hold) At(now time.Time) bool { return now.Before(h.Until) }

// ErrHeld is what a held account is told, without the time.
var ErrHeld = errs.New(errs.Forbidden, "access.held", "This account is read-only for a while.")

func (h Hold) refusal() error {
	return errs.Newf(ErrHeld.Kind, ErrHeld.Code, "This account is read-only until %s, because %s. Nobody can shorten that.",
		words.Moment(h.Until), h.Reason.Why())
}
