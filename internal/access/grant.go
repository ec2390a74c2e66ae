package access

import (
	"slices"
	"strings"
)

// Grant limits what a token may do, whatever its owner may.
type Grant struct {
	TokenID    string
	ReadOnly   bool
	Terminal   bool     // a person got it by signing a terminal in
	Unattended bool     // for machines, which decide over nobody, and are asked for no second factor
	MustProve  bool     // but are asked for one, because this registry lets no token like this skip it
	Limited    bool     // to Packages and Orgs; what is neither it meets as a stranger would
	Packages   []string // names, and scopes as "@scope/*"
	Orgs       []string // names of organizations
	Manages    bool     // it may change these organizations, as far as its owner may
}

// allows reports whether a token is strong enough. In a browser there is none to be too weak.
func (g *Grant) allows(n need, f Facts) bool {
	if g == nil {
		return true
	}
	if n.attended && g.Unattended {
		return false
	}
	switch n.token {
	case never:
		return false
	case read:
		return true
	case write:
		return !g.ReadOnly
	case terminal:
		return g.Terminal && !g.ReadOnly
	case manage:
		return g.Terminal && !g.ReadOnly || g.Manages && slices.Contains(g.Orgs, f.Org)
	}
	return false
}

// weakness says why a token was not strong enough.
func (g *Grant) weakness(n need) error {
	if n.attended && g.Unattended {
		return ErrTokenUnattended
	}
	return ErrTokenTooWeak
}

// beyond reports whether a thing is none of those that a token is limited to.
func (g *Grant) beyond(f Facts) bool {
	switch {
	case g == nil || !g.Limited:
		return false
	case f.Package != "":
		return !g.reaches(f.Package)
	case f.Org != "":
		return !slices.Contains(g.Orgs, f.Org)
	}
	return false
}

func (g *Grant) reaches(name string) bool {
	if slices.Contains(g.Packages, name) {
		return true
	}
	scope, _, scoped := strings.Cut(name, "/")
	return scoped && slices.Contains(g.Packages, scope+"/*")
}

// Viewer is the account whose private packages a list may show: nobody's, to a token that is limited.
func (a Actor) Viewer() string {
	if a.Grant != nil && a.Grant.Limited {
		return ""
	}
	return a.UserID
}
