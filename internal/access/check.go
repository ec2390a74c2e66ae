package access

import (
	"time"

	"latchkey/internal/errs"
)

// Standing is what the actor is to the thing acted on. Each one includes those before it.
type Standing uint8

// The standings, weakest first.
const (
	None   Standing = iota // nothing in particular
	Reader                 // may see it
	Writer                 // may change its content
	Owner                  // may decide over it
)

// Facts is all that Check needs to know about the thing acted on.
type Facts struct {
	Standing Standing
	Hidden   bool   // strangers must not learn that it exists
	Attended bool   // changed by people only: a token for machines will not do
	Package  string // its name, when it is a package
	Org      string // its name, when it is an organization
}

// stranger is the same thing as somebody sees it who is nothing to it.
func (f Facts) stranger() Facts {
	if f.Standing = min(f.Standing, Reader); f.Hidden {
		f.Standing = None
	}
	return f
}

// What Check may find missing.
var (
	ErrHidden          = errs.New(errs.NotFound, "access.hidden", "Not found")
	ErrUnauthenticated = errs.New(errs.Unauthenticated, "access.unauthenticated", "You must be signed in to do this.")
	ErrForbidden       = errs.New(errs.Forbidden, "access.forbidden", "You do not have permission to do this.")
	ErrTokenReach      = errs.New(errs.Forbidden, "access.token_reach", "This token does not cover that: it is limited to other packages or organizations.")
	ErrTokenUnattended = errs.New(errs.Forbidden, "access.token_unattended", "A token that skips the second factor may not do this. Sign in with npm login.")
	ErrTokenTooWeak    = errs.New(errs.Forbidden, "access.token", "This token may not do this.")
	ErrAttended        = errs.New(errs.Forbidden, "access.attended", "Its organization lets only people change this, and no token for machines.")
	ErrUnverified      = errs.New(errs.Forbidden, "access.unverified_email", "Verify your email address first: follow the link we mailed you, or ask for a new one on your settings page.")
	ErrLocked          = errs.New(errs.Forbidden, "access.locked", "This account is locked. To open it again, choose a new password with a link that we mail you: ask for it where you would say that you forgot yours.")
	ErrSecondFactor    = errs.New(errs.SecondFactor, "access.second_factor", "This needs your second factor.")
	ErrSudo            = errs.New(errs.Sudo, "access.sudo", "Confirm that it is you.")
)

// Check returns nil when the actor may act, and otherwise the first thing that is missing. The order
// is itself a rule: a stranger learns nothing, a member is told exactly what to do.
func Check(by Actor, act Action, f Facts, now time.Time) error {
	n, known := actions[act]
	if !known {
		return ErrForbidden
	}
	if err := by.stands(n, f); err != nil {
		return err
	}
	barred := by.barred(n, f, now)
	switch {
	case !by.Grant.allows(n, f):
		return by.Grant.weakness(n)
	case barred != nil:
		return barred
	case n.verified && !by.EmailVerified:
		return ErrUnverified
	case by.owes(act):
		return ErrSecondFactor.With(OwedError{Deed{Action: act}})
	case by.unsure(n, now):
		return ErrSudo
	}
	return nil
}

// stands says what the actor lacks in standing. Beyond what a token is limited to, its owner's standing is no help.
func (a Actor) stands(n need, f Facts) error {
	beyond := a.Grant.beyond(f)
	if beyond {
		f = f.stranger()
	}
	switch {
	case f.Hidden && f.Standing < Reader:
		return ErrHidden
	case n.standing > Reader && !a.SignedIn() && !a.AtConsole():
		return ErrUnauthenticated
	case f.Standing < n.standing && beyond:
		return ErrTokenReach
	case f.Standing < n.standing:
		return ErrForbidden
	}
	return nil
}

// unsure reports whether the actor must first prove once more that it is them: in a browser by confirming, at a
// terminal by the password that comes with the request.
func (a Actor) unsure(n need, now time.Time) bool {
	asked := n.sudo || n.factor.asked(a)
	if a.Via == ViaToken {
		asked = n.password
	}
	return asked && !a.AtConsole() && !now.Before(a.SudoUntil)
}

// barred says why somebody may do nothing but look: no person acts where only people may, or the account is
// locked, or held for a while.
func (a Actor) barred(n need, f Facts, now time.Time) error {
	switch {
	case n.harmless():
		return nil
	case f.Attended && a.Grant != nil && a.Grant.Unattended:
		return ErrAttended
	case a.Locked:
		return ErrLocked
	case a.Hold.At(now):
		return a.Hold.refusal()
	}
	return nil
}

// Self is the standing over an account: Owner of one's own, and for the console of every one. From
// those who are signed in as another it is hidden; whoever is not signed in may still be its owner,
// and is asked to sign in.
func Self(by Actor, userID string) Facts {
	if userID != "" && (by.AtConsole() || by.UserID == userID) {
		return Facts{Standing: Owner}
	}
	return Facts{Hidden: by.SignedIn()}
}

// Installation is the standing over this installation. Strangers do not learn of the operator's pages.
func Installation(by Actor) Facts {
	if by.Operator {
		return Facts{Standing: Owner}
	}
	return Facts{Hidden: true}
}
