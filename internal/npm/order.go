package npm

import (
	"slices"
	"strings"

	"deps.dev/util/semver"

	"latchkey/internal/errs"
)

var errRange = errs.Newf(errs.Invalid, "npm.range", "Expected a version or a range of versions, of at most %d bytes.", maxRange)

const maxRange = 256

// Highest is the version that npm install without a version should get: the highest release, or the
// highest prerelease when there is no release. It returns "" for no versions.
func Highest(versions []string) string {
	best := ""
	for _, v := range versions {
		if best == "" || better(v, best) {
			best = v
		}
	}
	return best
}

// Range is a range of versions, as the alternatives that "||" stands between. They are asked one by one,
// because together the library joins those that touch, and a prerelease is then in neither of them and in both.
type Range []*semver.Constraint

// ParseRange reads a range as npm writes it, of at most 256 bytes. The empty one is none.
func ParseRange(text string) (Range, error) {
	if text == "" || len(text) > maxRange {
		return nil, errRange
	}
	var r Range
	for alternative := range strings.SplitSeq(text, "||") {
		c, err := semver.NPM.ParseConstraint(strings.TrimSpace(alternative))
		if err != nil {
			return nil, errRange.With(err)
		}
		r = append(r, c)
	}
	return r, nil
}

// Has reports whether a version is in the range. Prereleases are in it as what they come before, as with
// node-semver's includePrerelease.
func (r Range) Has(version string) bool {
	v, err := semver.NPM.Parse(version)
	return err == nil && slices.ContainsFunc(r, func(c *semver.Constraint) bool { return c.MatchVersionPrerelease(v) })
}

func better(v, than string) bool {
	if a, b := prerelease(v), prerelease(than); a != b {
		return b
	}
	return semver.NPM.Compare(v, than) > 0
}

func prerelease(v string) bool {
	p, err := semver.NPM.Parse(v)
	return err == nil && p.IsPrerelease()
}
