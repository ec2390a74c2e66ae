// Package archive looks into package tarballs: once for an index of the files, and again for the content of
// some. It is pure. Nothing is unpacked, and the names in a tarball are compared and shown, but never used as
// paths of this machine.
package archive

import (
	"archive/tar"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
)

// What an index keeps. A tarball may hold more, which is counted and not listed.
const (
	maxEntries = 20_000
	maxNames   = 1 << 20 // bytes of all paths
	sniffed    = 8000    // bytes that are looked at to tell text from what is not, as git does
)

// ErrTooLarge means that a tarball unpacks to more than the caller allows.
var ErrTooLarge = errors.New("archive: unpacks to more than is allowed")

// Entry is one file. The path is inside the package: the first element, which every client strips, is gone.
type Entry struct {
	Path   string
	Size   int64 // bytes
	Digest [sha256.Size]byte
	Text   bool // as far as its beginning tells
	number int  // of the file in the tarball, from 1
}

// Index lists the files of a tarball by path.
type Index struct {
	Entries []Entry
	More    int   // files that are not listed, because there are too many
	Total   int64 // bytes of all files, those not listed included
}

// Weight is about how much memory an index takes, in bytes.
func (x *Index) Weight() int {
	n := 64
	for _, e := range x.Entries {
		n += len(e.Path) + 72
	}
	return n
}

// Find returns the file at a path.
func (x *Index) Find(path string) (Entry, bool) {
	i, ok := slices.BinarySearchFunc(x.Entries, path, func(e Entry, p string) int { return cmp.Compare(e.Path, p) })
	if !ok {
		return Entry{}, false
	}
	return x.Entries[i], true
}

// Read makes the index of a gzipped tarball, which may unpack to at most max bytes. Of two files with the same
// path the later one counts, as it would when the tarball is unpacked.
func Read(ctx context.Context, r io.Reader, limit int64) (*Index, error) {
	x, names, number := &Index{}, 0, 0
	seen := map[string]int{}
	err := walk(ctx, r, limit, func(path string, content io.Reader) error {
		e, err := describe(path, content)
		if err != nil {
			return err
		}
		number++
		e.number = number
		x.Total += e.Size
		at, again := seen[path]
		switch {
		case again:
			x.Total -= x.Entries[at].Size
			x.Entries[at] = e
		case len(x.Entries) == maxEntries, names+len(path) > maxNames:
			x.More++
		default:
			names += len(path)
			seen[path] = len(x.Entries)
			x.Entries = append(x.Entries, e)
		}
		return nil
	})
	slices.SortFunc(x.Entries, func(a, b Entry) int { return cmp.Compare(a.Path, b.Path) })
	return x, err
}

// describe reads a file to its end.
func describe(path string, content io.Reader) (Entry, error) {
	head := make([]byte, sniffed)
	n, err := io.ReadFull(content, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return Entry{}, err
	}
	head = head[:n]
	sum := sha256.New()
	sum.Write(head)
	rest, err := io.Copy(sum, content)
	e := Entry{Path: path, Size: int64(n) + rest, Text: isText(head, rest > 0)}
	sum.Sum(e.Digest[:0])
	return e, err
}

// isText reports whether the beginning of a file reads as text. A character that the cut went through is
// not held against it.
func isText(head []byte, cut bool) bool {
	if slices.Contains(head, 0) {
		return false
	}
	if cut {
		for i := 1; i <= utf8.UTFMax && i <= len(head); i++ {
			if utf8.RuneStart(head[len(head)-i]) {
				if !utf8.FullRune(head[len(head)-i:]) {
					head = head[:len(head)-i]
				}
				break
			}
		}
	}
	return utf8.Valid(head)
}

// Extract reads the content of files that an index of this tarball has, each to at most most bytes, in one pass
// that ends with the last of them. What is longer is cut.
func Extract(ctx context.Context, r io.Reader, limit, most int64, files ...Entry) (map[string][]byte, error) {
	wanted := map[int]bool{}
	for _, e := range files {
		wanted[e.number] = true
	}
	out := map[string][]byte{}
	if len(wanted) == 0 {
		return out, nil
	}
	number := 0
	err := walk(ctx, r, limit, func(path string, content io.Reader) error {
		number++
		if !wanted[number] {
			return nil
		}
		b, err := io.ReadAll(io.LimitReader(content, most))
		if err != nil {
			return err
		}
		if out[path] = b; len(out) == len(wanted) {
			return io.EOF
		}
		return nil
	})
	return out, err
}

// walk calls f with each regular file, until f returns io.EOF. Other kinds of entries are none of a package's
// files.
func walk(ctx context.Context, r io.Reader, limit int64, f func(path string, content io.Reader) error) error {
	z, err := gzip.NewReader(r)
	if err != nil {
		return fmt.Errorf("read archive: %w", err)
	}
	z.Multistream(false)
	t := tar.NewReader(&bounded{ctx: ctx, r: z, left: limit})
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read archive: %w", err)
		}
		_, path, ok := strings.Cut(strings.TrimPrefix(h.Name, "./"), "/")
		if h.Typeflag != tar.TypeReg || !ok || path == "" {
			continue
		}
		if err := f(path, t); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// bounded ends with an error past a limit, and when nobody waits any more.
type bounded struct {
	ctx  context.Context //nolint:containedctx // it lives as long as the one call that made it
	r    io.Reader
	left int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}
