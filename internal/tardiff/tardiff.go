// Package tardiff says what changed from one package tarball to another: the files, their lines, and what of
// package.json decides over whoever installs it. It is pure, and bounded whatever the tarballs hold: both were
// made by somebody who may want to keep us busy, or to hide a line among a million.
package tardiff

import (
	"cmp"
	"context"
	"crypto/sha256"
	"slices"

	"latchkey/internal/archive"
)

// Limits of one comparison.
const (
	MaxFile  = 256 << 10 // bytes of a file whose lines are compared
	maxLines = 20_000    // of such a file
	maxShown = 4000      // lines in all hunks together
	maxRead  = 4 << 20   // bytes of all files that are compared, of each side
	maxFiles = 2000      // files that are listed
	maxWidth = 400       // bytes of a line that are shown
)

// Side is one of the two tarballs.
type Side struct {
	Index *archive.Index
	// Text reads the beginnings of some files, of each at most most bytes, by path.
	Text func(ctx context.Context, most int64, files ...archive.Entry) (map[string][]byte, error)
}

// Kind is what happened to a file, or to a member of package.json.
type Kind string

// The kinds of changes.
const (
	Added   Kind = "added"
	Removed Kind = "removed"
	Changed Kind = "changed"
	Renamed Kind = "renamed" // with the same content
)

// Omission says why the lines of a changed file are not shown.
type Omission uint8

// The reasons.
const (
	Shown    Omission = iota
	NoText            // one of the two is not text
	TooLarge          // one of the two is larger than MaxFile, or has too many lines
	Full              // others have filled the comparison: it is shown when it is asked for alone
)

// File is one file that is not the same on both sides.
type File struct {
	Kind          Kind
	Path          string // on the new side, or where it was when it is removed
	Was           string // Renamed: on the old side
	Before, After int64  // bytes
	Plus, Minus   int    // lines
	Omitted       Omission
	Hunks         []Hunk
}

// Diff is all that changed.
type Diff struct {
	Manifest Manifest
	Files    []File // by path
	// How many files there are of each kind, those that are not listed included.
	Added, Removed, Changed, Renamed, Same int
	More                                   int  // changed files that are not listed, because there are so many
	Incomplete                             bool // one of the two has more files than its index lists
}

// Compare says what changed. A path in only leaves all other files out, and all room to that one.
func Compare(ctx context.Context, from, to Side, only string) (Diff, error) {
	d := Diff{Incomplete: from.Index.More > 0 || to.Index.More > 0}
	pairs := d.pair(from.Index, to.Index)
	var err error
	if d.Manifest, err = manifests(ctx, from, to); err != nil {
		return d, err
	}
	if only != "" {
		pairs = slices.DeleteFunc(pairs, func(p pair) bool { return p.file.Path != only })
	}
	if len(pairs) > maxFiles {
		d.More = len(pairs) - maxFiles
		pairs = pairs[:maxFiles]
	}
	before, after, err := read(ctx, from, to, pairs)
	if err != nil {
		return d, err
	}
	left := maxShown
	for _, p := range pairs {
		p.lines(before[p.old.Path], after[p.new.Path], &left)
		d.Files = append(d.Files, *p.file)
	}
	return d, nil
}

// pair is a file on both sides; the entry of a side that lacks it is empty.
type pair struct {
	file     *File
	old, new archive.Entry
	read     bool // its lines are to be compared
}

// pair finds the files that differ, by path, and counts them all.
func (d *Diff) pair(from, to *archive.Index) (pairs []pair) {
	gone := map[[sha256.Size]byte][]archive.Entry{}
	for _, e := range from.Entries {
		switch n, ok := to.Find(e.Path); {
		case !ok && e.Size > 0: // an empty file is the same as any other
			gone[e.Digest] = append(gone[e.Digest], e)
		case !ok:
			pairs = append(pairs, pair{file: &File{Kind: Removed, Path: e.Path}, old: e})
		case n.Digest == e.Digest:
			d.Same++
		default:
			pairs = append(pairs, pair{file: &File{Kind: Changed, Path: e.Path}, old: e, new: n})
		}
	}
	for _, e := range to.Entries {
		if _, ok := from.Find(e.Path); ok {
			continue
		}
		f := &File{Kind: Added, Path: e.Path}
		var old archive.Entry
		if same := gone[e.Digest]; len(same) > 0 {
			old, gone[e.Digest] = same[0], same[1:]
			f.Kind, f.Was = Renamed, old.Path
		}
		pairs = append(pairs, pair{file: f, old: old, new: e})
	}
	for _, left := range gone {
		for _, e := range left {
			pairs = append(pairs, pair{file: &File{Kind: Removed, Path: e.Path}, old: e})
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.file.Path, b.file.Path) })
	for _, p := range pairs {
		p.file.Before, p.file.After = p.old.Size, p.new.Size
		*map[Kind]*int{Added: &d.Added, Removed: &d.Removed, Changed: &d.Changed, Renamed: &d.Renamed}[p.file.Kind]++
	}
	return pairs
}

// read decides whose lines are compared, and reads those files in one pass of each tarball.
func read(ctx context.Context, from, to Side, pairs []pair) (before, after map[string][]byte, err error) {
	var old, fresh []archive.Entry
	left := int64(maxRead)
	for i, p := range pairs {
		f := p.file
		switch {
		case f.Kind == Renamed:
		case p.old.Path != "" && !p.old.Text, p.new.Path != "" && !p.new.Text:
			f.Omitted = NoText
		case f.Before > MaxFile || f.After > MaxFile:
			f.Omitted = TooLarge
		case max(f.Before, f.After) > left:
			f.Omitted = Full
		default:
			left -= max(f.Before, f.After)
			pairs[i].read = true
			if p.old.Path != "" {
				old = append(old, p.old)
			}
			if p.new.Path != "" {
				fresh = append(fresh, p.new)
			}
		}
	}
	if before, err = from.Text(ctx, MaxFile, old...); err != nil {
		return nil, nil, err
	}
	after, err = to.Text(ctx, MaxFile, fresh...)
	return before, after, err
}

// lines compares the lines of a file and takes what it shows from left.
func (p pair) lines(before, after []byte, left *int) {
	f := p.file
	if !p.read {
		return
	}
	a, b := split(before), split(after)
	if len(a) > maxLines || len(b) > maxLines {
		f.Omitted = TooLarge
		return
	}
	hunks, plus, minus := hunksOf(a, b)
	f.Plus, f.Minus = plus, minus
	shown := 0
	for _, h := range hunks {
		shown += len(h.Lines)
	}
	if shown > *left {
		f.Omitted = Full
		if shown > maxShown { // even alone
			f.Omitted = TooLarge
		}
		return
	}
	*left -= shown
	f.Hunks = hunks
}
