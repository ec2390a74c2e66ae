package access

import "strings"

// Mode is when an account's second factor is asked for. npm profile knows the modes by these names.
type Mode string

// The modes.
const (
	NoFactor      Mode = ""                // there is none
	AuthOnly      Mode = "auth-only"       // signing in, and changes of the account
	AuthAndWrites Mode = "auth-and-writes" // these, and every change of a package
)

// asks says of whom an action asks a second factor. Machines are asked for none: their tokens say so.
type asks uint8

const (
	ofNobody  asks = iota
	ofWriters      // of accounts that chose to be asked for every change
	always         // of every account that has one
)

func (a asks) asked(by Actor) bool {
	switch {
	case by.Grant != nil && by.Grant.Unattended && !by.Grant.MustProve:
		return false
	case a == ofWriters:
		return by.Factor == AuthAndWrites
	}
	return a == always && by.Factor != NoFactor
}

// owes reports whether a second factor is missing for an action. In a browser it is proven together
// with everything else that is asked for once more: see SudoUntil.
func (a Actor) owes(act Action) bool {
	if a.Via != ViaToken || !actions[act].factor.asked(a) {
		return false
	}
	return !a.Verified || a.Only != nil && a.Only.Action != act
}

// Deed is one act that a second factor was asked for, or proven for: never for another.
type Deed struct {
	Action           Action
	Package, Version string
	Digest           string // of the content, as npm writes it; "" where there is none
	Request          string // digest of the request, where that is all that tells two acts apart
}

// OwedError is the cause of being asked for a second factor: the act that it is asked for.
type OwedError struct{ Deed }

// Error implements error.
func (e OwedError) Error() string {
	return strings.TrimSpace(string(e.Action) + " " + e.Package + " " + e.Version + " " + e.Digest)
}

// Covers returns nil when what the actor has proven is good for this very act, and says otherwise what
// it must be good for. Check asks by action; who knows the content asks here.
func (a Actor) Covers(d Deed) error {
	owed := a.owes(d.Action)
	other := a.Only != nil && a.Only.Digest != "" && (a.Only.Package != d.Package || a.Only.Version != d.Version || a.Only.Digest != d.Digest)
	if owed || a.Verified && other {
		return ErrSecondFactor.With(OwedError{d})
	}
	return nil
}
