package token

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"latchkey/internal/access"
	"latchkey/internal/errs"
	"latchkey/internal/npm"
)

// MaxReach is how many packages, scopes and organizations a token can be limited to.
const MaxReach = 50

const (
	maxAddresses = 50  // networks from which a token may be used
	maxNote      = 300 // characters

	day          = 24 * time.Hour
	readOnlyDays = 30   // of a token that only reads, when nobody says otherwise
	maxReadOnly  = 3650 // days
)

// Limits is what a token is limited to, beside its kind, whatever its owner may.
type Limits struct {
	Note      string
	Limited   bool     // to Packages and Orgs; otherwise to all that its owner reaches
	Packages  []string // names, and scopes as "@scope/*"
	Orgs      []string
	Manages   bool           // it may change the organizations, as far as its owner may
	Addresses []netip.Prefix // from which it may be used; none means from everywhere
}

// clean checks the limits and brings them into the form in which they are stored.
func (l Limits) clean() (Limits, error) {
	l.Note = strings.TrimSpace(l.Note)
	if utf8.RuneCountInString(l.Note) > maxNote {
		return l, errs.Field("note", "Use at most 300 characters.")
	}
	if l.Note = npm.Storable(l.Note, 4*maxNote); !l.Limited {
		l.Packages, l.Orgs, l.Manages = nil, nil, false
	}
	var err error
	if l.Packages, err = reach(l.Packages); err != nil {
		return l, err
	}
	if l.Orgs, err = orgs(l.Orgs); err != nil {
		return l, err
	}
	if len(l.Packages)+len(l.Orgs) > MaxReach {
		return l, errs.Field("packages", fmt.Sprintf("Name at most %d packages, scopes and organizations.", MaxReach))
	}
	if len(l.Addresses) > maxAddresses {
		return l, errs.Field("addresses", fmt.Sprintf("Name at most %d networks.", maxAddresses))
	}
	return l, nil
}

// reach reads names of packages and scopes. A scope may stand alone, as npm sends it: "@acme", "acme" never.
func reach(in []string) (out []string, err error) {
	for _, text := range in {
		scope, isScope := strings.CutSuffix(text, "/*")
		if strings.HasPrefix(text, "@") && !strings.Contains(text, "/") {
			scope, isScope = text, true
		}
		name := text
		if isScope {
			name = scope + "/x" // any package of it
		}
		n, err := npm.ParseName(name)
		if err != nil || isScope && n.Scope == "" {
			return nil, errs.Field("packages", fmt.Sprintf("%q is no name of a package. Name packages, or scopes as @scope/*.", text))
		}
		if isScope {
			text = scope + "/*"
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func orgs(in []string) (out []string, err error) {
	for _, text := range in {
		text = strings.TrimPrefix(text, "@")
		if n, err := npm.ParseName("@" + text + "/x"); err != nil || n.Scope != text {
			return nil, errs.Field("orgs", fmt.Sprintf("%q is no name of an organization.", text))
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// ParseAddresses reads networks in CIDR notation, and single addresses, version 4 and 6.
func ParseAddresses(in []string) (out []netip.Prefix, err error) {
	for _, text := range in {
		p, err := netip.ParsePrefix(text)
		if a, single := netip.ParseAddr(text); single == nil && a.Zone() == "" {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			return nil, errs.Field("addresses", fmt.Sprintf("%q is no network: write it like 203.0.113.0/24 or 2001:db8::/32.", text))
		}
		if p.Addr().Is4In6() { // as which no client is seen
			return nil, errs.Field("addresses", fmt.Sprintf("%q is an IPv4 address in IPv6: write it as IPv4.", text))
		}
		out = append(out, p.Masked())
	}
	slices.SortFunc(out, func(a, b netip.Prefix) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(out), nil
}

// grant is what a token of a kind with these limits may do.
func (l Limits) grant(id, kind string) *access.Grant {
	return &access.Grant{
		TokenID: id, ReadOnly: kind == ReadOnly, Terminal: kind == Session, Unattended: kind == Automation,
		Limited: l.Limited, Packages: l.Packages, Orgs: l.Orgs, Manages: l.Manages,
	}
}

// bound reports whether a token works from few places alone: the widest networks are those that one provider has.
func (l Limits) bound() bool {
	return len(l.Addresses) > 0 && !slices.ContainsFunc(l.Addresses, func(p netip.Prefix) bool {
		return p.Bits() < 16 || p.Addr().Is6() && p.Bits() < 32
	})
}

// writes reports whether a token can change anything.
func (l Limits) writes(kind string) bool { return kind != ReadOnly || l.Manages }

// life says how long a new token lives. Nobody but the console makes one that does not end.
func (s *Service) life(by access.Actor, in NewToken) (time.Duration, error) {
	most := s.longest(in.Kind, in.Limits)
	usual := min(s.cfg.Limits.TokenDaysDefault, most)
	if !in.writes(in.Kind) {
		usual = readOnlyDays
	}
	switch {
	case in.Days == 0 && by.AtConsole():
		return 0, nil
	case in.Days == 0:
		return time.Duration(usual) * day, nil
	case in.Days < 1 || in.Days > most && !by.AtConsole() || in.Days > maxReadOnly:
		return 0, errs.Field("days", fmt.Sprintf("Choose 1 to %d days.", most))
	}
	return time.Duration(in.Days) * day, nil
}

// longest is the longest life of a token, in days.
func (s *Service) longest(kind string, l Limits) int {
	if l.writes(kind) {
		return s.cfg.Limits.TokenDays
	}
	return maxReadOnly
}

// Lives are the lives, in days, of a new token that writes or only reads: the usual one, and the longest.
func (s *Service) Lives(kind string) (usual, longest int) {
	longest = s.longest(kind, Limits{})
	if kind == ReadOnly {
		return readOnlyDays, longest
	}
	return min(s.cfg.Limits.TokenDaysDefault, longest), longest
}

// limitColumns are a token's limits as they are stored.
type limitColumns struct {
	Note           string
	Limited        bool
	Packages, Orgs string
	Manages        bool
	Addresses      string
}

func (l Limits) columns() limitColumns {
	networks := make([]string, len(l.Addresses))
	for i, p := range l.Addresses {
		networks[i] = p.String()
	}
	return limitColumns{l.Note, l.Limited, strings.Join(l.Packages, " "), strings.Join(l.Orgs, " "), l.Manages, strings.Join(networks, " ")}
}

func (c limitColumns) limits() (Limits, error) {
	networks, err := ParseAddresses(strings.Fields(c.Addresses))
	l := Limits{Note: c.Note, Limited: c.Limited, Manages: c.Manages, Addresses: networks}
	if c.Limited {
		l.Packages, l.Orgs = strings.Fields(c.Packages), strings.Fields(c.Orgs)
	}
	return l, err
}
