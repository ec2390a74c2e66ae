package archive

import (
	"cmp"
	"slices"
	"strings"
)

// Child is what a folder holds directly: a file, or a folder with all that is below it.
type Child struct {
	Name   string // the last element of its path
	Path   string
	Folder bool
	Files  int   // of a folder: how many are below
	Size   int64 // bytes, of a folder those of all files below
	Text   bool  // of a file
}

// Folder lists what a folder holds directly, folders first, each by name. The path is without a slash at
// either end; "" is the package itself. A folder that does not exist is empty.
func (x *Index) Folder(path string) []Child {
	prefix := path
	if prefix != "" {
		prefix += "/"
	}
	from, _ := slices.BinarySearchFunc(x.Entries, prefix, func(e Entry, p string) int { return cmp.Compare(e.Path, p) })
	var out []Child
	for _, e := range x.Entries[from:] {
		rest, ok := strings.CutPrefix(e.Path, prefix)
		if !ok {
			break
		}
		name, _, nested := strings.Cut(rest, "/")
		if n := len(out); nested && n > 0 && out[n-1].Folder && out[n-1].Name == name {
			out[n-1].Files++
			out[n-1].Size += e.Size
			continue
		}
		c := Child{Name: name, Path: prefix + name, Folder: nested, Size: e.Size, Text: e.Text}
		if nested {
			c.Files = 1
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b Child) int {
		switch {
		case a.Folder == b.Folder:
			return 0
		case a.Folder:
			return -1
		}
		return 1
	})
	return out
}

// Parents are the folders that lead to a path, outermost first: of "a/b/c" they are "a" and "a/b".
func Parents(path string) (out []string) {
	for i, c := range path {
		if c == '/' {
			out = append(out, path[:i])
		}
	}
	return out
}
