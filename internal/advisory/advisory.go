// Package advisory answers npm audit from advisories that an operator imports. It asks nobody else, so
// nobody else learns what is installed.
package advisory

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"deps.dev/util/semver"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/errs"
)

const (
	// maxPackages bounds what one question may ask about; large projects have some thousands.
	maxPackages = 20_000
	// maxMatches bounds the work of one question. What is left is answered without looking at versions:
	// clients compare them with the range themselves.
	maxMatches = 500_000
	perLookup  = 500
)

var errPackages = errs.Newf(errs.TooLarge, "advisory.packages", "Too many packages at once: expected at most %d.", maxPackages)

// Advisory is one advisory about one package.
type Advisory struct {
	ID                     string // of the OSV record: GHSA-…, MAL-…
	Number                 int64  // the same as a number, which is how clients know it
	Name                   string // of the package
	Title, URL             string
	Severity               string // low, moderate, high or critical
	Vulnerable, Patched    string // ranges; Patched is "" when nothing is
	Vector                 string // CVSS, or ""
	CWEs                   []string
	PublishedAt, ChangedAt time.Time
}

// Score is the base score that the vector says, 0 when it says none.
func (a Advisory) Score() float64 { return score(a.Vector) }

// Affects reports whether a version is in the range. Prereleases count as what they come before, as npm
// asks; a version that cannot be read is affected, because the client looks again.
func (a Advisory) Affects(version string) bool {
	c, err := semver.NPM.ParseConstraint(a.Vulnerable)
	if err != nil {
		return true
	}
	return affects(c, version)
}

func affects(c *semver.Constraint, version string) bool {
	v, err := semver.NPM.Parse(version)
	return err != nil || c.MatchVersionPrerelease(v)
}

// Service is the door to advisories.
type Service struct {
	db  *db.DB
	now func() time.Time
}

// New returns the service.
func New(d *db.DB, now func() time.Time) *Service { return &Service{db: d, now: now} }

// Affecting finds the advisories about packages in any of the versions that are asked for, by name.
func (s *Service) Affecting(ctx context.Context, by access.Actor, asked map[string][]string) (map[string][]Advisory, error) {
	if err := access.Check(by, access.AdvisoryRead, access.Facts{Standing: access.Reader}, s.now()); err != nil {
		return nil, err
	}
	if len(asked) > maxPackages {
		return nil, errPackages
	}
	names := make([]string, 0, len(asked))
	for name := range asked {
		names = append(names, name)
	}
	slices.Sort(names)
	out := map[string][]Advisory{}
	left := maxMatches
	for part := range slices.Chunk(names, perLookup) {
		found, err := store{s.db}.about(ctx, part)
		if err != nil {
			return nil, err
		}
		for _, a := range found {
			if affected(a, asked[a.Name], &left) {
				out[a.Name] = append(out[a.Name], a)
			}
		}
	}
	return out, nil
}

func affected(a Advisory, versions []string, left *int) bool {
	c, err := semver.NPM.ParseConstraint(a.Vulnerable)
	if err != nil {
		return true
	}
	return slices.ContainsFunc(versions, func(v string) bool {
		*left--
		return *left < 0 || affects(c, v)
	})
}

// number is an OSV id as a number that every client can hold exactly (JavaScript's end at 2⁵³). It is
// the same after every import, because clients remember advisories by it.
func number(id string) int64 {
	sum := sha256.Sum256([]byte(id))
	return int64(binary.BigEndian.Uint64(sum[:8]) >> 12) // 52 bits
}
