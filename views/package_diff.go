package views

import (
	"net/url"
	"strings"

	"latchkey/internal/tardiff"
	"latchkey/views/ui"
)

// query encodes a text for the query of an address.
func query(text string) string { return url.QueryEscape(text) }

// grown says what a size was and is, once where that is the same.
func grown(before, after int64) string {
	a, b := ui.Bytes(before), ui.Bytes(after)
	if a == b {
		return b
	}
	return a + " → " + b
}

// counts says how many files changed, and how.
func (p PackageDiff) counts() string {
	var parts []string
	for _, row := range []struct {
		n    int
		what string
	}{{p.Diff.Changed, "changed"}, {p.Diff.Added, "added"}, {p.Diff.Removed, "removed"}, {p.Diff.Renamed, "renamed"}, {p.Diff.Same, "the same"}} {
		if row.n > 0 {
			parts = append(parts, number(int64(row.n))+" "+row.what)
		}
	}
	return strings.Join(parts, ", ")
}

// sizes says how large a file was and is.
func (p PackageDiff) sizes(f tardiff.File) string {
	switch f.Kind {
	case tardiff.Added:
		return "It has " + ui.Bytes(f.After)
	case tardiff.Removed:
		return "It had " + ui.Bytes(f.Before)
	default:
		return "It had " + ui.Bytes(f.Before) + " and has " + ui.Bytes(f.After)
	}
}

// groupName says in words what kind of dependency a member of package.json lists.
func groupName(group string) string {
	switch group {
	case "devDependencies":
		return "for development"
	case "peerDependencies":
		return "peer"
	case "optionalDependencies":
		return "optional"
	case "bundleDependencies", "bundledDependencies":
		return "bundled"
	}
	return group
}
