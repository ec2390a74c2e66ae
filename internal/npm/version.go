package npm

import (
	"regexp"
	"strconv"
	"strings"

	"deps.dev/util/semver"

	"latchkey/internal/errs"
)

const (
	maxVersion  = 256
	maxTag      = 100
	maxSafeInt  = 1<<53 - 1 // node-semver refuses larger numbers
	numericPart = `(0|[1-9]\d*)`
)

// versionPattern is SemVer 2.0.0 without build metadata, which npm removes before it publishes: two
// versions that differ in it are the same version.
var versionPattern = regexp.MustCompile(`^` + numericPart + `\.` + numericPart + `\.` + numericPart +
	`(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?$`)

// ErrVersion is what a version must look like.
var ErrVersion = errs.New(errs.Invalid, "npm.version",
	"That is not a version: expected three numbers and an optional prerelease (SemVer 2.0.0), such as 1.4.0 or 2.0.0-beta.1.")

// ErrTag is what a dist-tag must look like.
var ErrTag = errs.New(errs.Invalid, "npm.tag",
	"That is not a tag: expected a word of letters, digits, dots, dashes and underscores, such as latest or beta, that cannot be read as a version range.")

// ParseVersion checks a canonical version.
func ParseVersion(v string) error {
	if len(v) > maxVersion {
		return ErrVersion
	}
	m := versionPattern.FindStringSubmatch(v)
	if m == nil {
		return ErrVersion
	}
	for _, part := range m[1:4] {
		if n, err := strconv.ParseUint(part, 10, 64); err != nil || n > maxSafeInt {
			return ErrVersion
		}
	}
	for _, part := range strings.Split(m[4], ".") {
		if len(part) > 16 && strings.Trim(part, "0123456789") == "" {
			return ErrVersion
		}
	}
	return nil
}

// cleanVersion is what npm makes of a package.json's version before it publishes (semver.clean): without what
// people write in front, and without build metadata.
func cleanVersion(v string) string {
	v, _, _ = strings.Cut(strings.TrimSpace(v), "+")
	return strings.TrimSpace(strings.TrimLeft(v, "v="))
}

var tagPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]*$`)

// ParseTag checks a dist-tag. A tag that is also a range would be ambiguous in "name@tag", so npm
// refuses it and so do we; names of JavaScript's object prototype would harm clients that copy tags.
func ParseTag(tag string) error {
	if len(tag) > maxTag || !tagPattern.MatchString(tag) || tag == "constructor" || tag == "prototype" {
		return ErrTag
	}
	if _, err := semver.NPM.ParseConstraint(tag); err == nil {
		return ErrTag
	}
	return nil
}
