// Package access decides who may do what. It is pure: nouns bring the facts, access compares them
// with one table of actions, and nothing else in the program decides.
package access

import (
	"net/netip"
	"time"
)

// SudoFor is how long a person who proved who they are need not prove it again for sensitive acts.
// Signing in a terminal and changing a password ask for a proof this fresh.
const SudoFor = 5 * time.Minute

// Actor is who acts, by what means, and with which proof.
type Actor struct {
	UserID, Name  string
	Via           string // "browser", "token", "cli", "jobs": recorded in the security log
	Operator      bool   // runs this installation
	EmailVerified bool
	SessionID     string    // browser only
	SudoUntil     time.Time // browser only: identity confirmed until
	Grant         *Grant    // what a token may; nil in a browser
	IP            netip.Addr
	Agent         string
}

// Anonymous is somebody who did not say who they are.
func Anonymous(ip netip.Addr, agent string) Actor { return Actor{IP: ip, Agent: agent} }

// Console is the operator at the machine's own command line.
func Console() Actor { return Actor{Name: "operator", Via: "cli", Operator: true, EmailVerified: true} }

// SignedIn reports whether the actor is a known person.
func (a Actor) SignedIn() bool { return a.UserID != "" }

// Grant limits what a token may do, whatever its owner may.
type Grant struct {
	TokenID  string
	ReadOnly bool
}
