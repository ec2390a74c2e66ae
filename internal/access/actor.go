// Package access decides who may do what. It is pure: nouns bring the facts, access compares them
// with one table of actions, and nothing else in the program decides.
package access

import (
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// SudoFor is how long a person who proved who they are need not prove it again for sensitive acts.
// Signing in a terminal and changing a password ask for a proof this fresh.
const SudoFor = 15 * time.Minute

// Via is by what means somebody acts. The security log keeps it.
type Via string

// The means.
const (
	ViaBrowser  Via = "browser"  // a session of the portal
	ViaToken    Via = "token"    // an access token
	ViaConsole  Via = "cli"      // the machine's own command line
	ViaMail     Via = "mail"     // a link in a mail
	ViaTerminal Via = "terminal" // a terminal that is being signed in
)

// Actor is who acts, by what means, and with which proof.
type Actor struct {
	UserID, Name  string
	Via           Via
	Operator      bool // runs this installation
	EmailVerified bool
	SessionID     string    // browser only
	SudoUntil     time.Time // identity confirmed until; a terminal's for the request that the password came with
	Browser       string    // browser only: a secret by which it is known again, kept when it signs out
	Grant         *Grant    // what a token may; nil in a browser
	Locked        bool      // the owner locked the account: it may do nothing but be recovered
	Hold          Hold      // the account is read-only for a while
	Factor        Mode      // when the account's second factor is asked for; "" without one
	Verified      bool      // a second factor was proven, for this session or with this request
	Only          *Deed     // what it was proven for, where that was one act
	IP            netip.Addr
	Agent         string
	Command       string // what the client says that it is doing, as npm does: "publish"
}

// maxAgent bounds what is kept of the name that a program gives itself.
const maxAgent = 256

// Anonymous is somebody who did not say who they are. The agent is whatever the client claims: it is
// cut and freed of what a database or a terminal would choke on.
func Anonymous(ip netip.Addr, agent string) Actor {
	if len(agent) > maxAgent {
		agent = agent[:maxAgent]
	}
	if strings.ContainsFunc(agent, unseen) {
		agent = strings.Map(func(r rune) rune {
			if unseen(r) {
				return -1
			}
			return r
		}, agent)
	}
	return Actor{IP: ip.Unmap(), Agent: agent}
}

// unseen reports whether a character prints nothing. It asks the tables only beyond ASCII, because it
// looks at each request.
func unseen(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return r == utf8.RuneError || !unicode.IsPrint(r)
}

// Console is the operator at the machine's own command line.
func Console() Actor {
	return Actor{Name: "operator", Via: ViaConsole, Operator: true, EmailVerified: true}
}

// AtConsole reports whether the actor is the operator at the machine's own command line.
func (a Actor) AtConsole() bool { return a.Via == ViaConsole }

// Address is where the actor is, as text, or "" when that is not known.
func (a Actor) Address() string {
	if !a.IP.IsValid() {
		return ""
	}
	return a.IP.String()
}

// SignedIn reports whether the actor is a known person.
func (a Actor) SignedIn() bool { return a.UserID != "" }
