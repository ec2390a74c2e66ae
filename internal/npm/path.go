package npm

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"latchkey/internal/errs"
)

const (
	maxPath      = 1024
	maxPathDepth = 64
	minShadow    = 90
)

// errPath names the path and what is wrong with it.
func errPath(name, expected string) error {
	return errs.Newf(errs.Invalid, "npm.tarball_path", "The tarball contains a path that is not accepted: %s (expected %s).", printable(name), expected)
}

// checkPath accepts what means one place below the folder that a package is unpacked in, on every system
// and to every client. A folder's path may end in a slash, which is cut off.
func checkPath(e entry) (string, error) {
	name := e.name
	if e.folder {
		name = strings.TrimSuffix(name, "/")
	}
	switch {
	case name == "", path.Clean(name) != name, name[0] == '/', name == "..", strings.HasPrefix(name, "../"):
		return "", errPath(e.name, "a plain path below the package's folder")
	case len(name) > maxPath, strings.Count(name, "/") > maxPathDepth:
		return "", errPath(e.name, "at most 1024 bytes and 64 folders")
	case !utf8.ValidString(name), strings.ContainsFunc(name, unsafeRune):
		return "", errPath(e.name, "UTF-8 without backslashes, control characters and marks that change the direction of text")
	case hasDrive(name):
		return "", errPath(e.name, "no colon behind a first letter") // node-tar takes "c:package.json" for "package.json"
	}
	return name, nil
}

func unsafeRune(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == '\\' || r == 0x7f
	}
	return unicode.In(r, unicode.Cc, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}

// hasDrive reports whether a part of a path begins as a drive's letter on Windows.
func hasDrive(name string) bool {
	for i := strings.IndexByte(name, ':'); i > 0; {
		if letter := name[i-1] | 0x20; 'a' <= letter && letter <= 'z' && (i == 1 || name[i-2] == '/') {
			return true
		}
		next := strings.IndexByte(name[i+1:], ':')
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}

// fold maps paths that are one file on some system to one text: macOS and Windows do not tell cases apart,
// macOS neither how accents are composed nor whether there are invisible characters, and Windows cuts dots and
// spaces off the end of a name.
func fold(name string) string {
	if !ascii(name) {
		name = strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Cf, r) {
				return -1
			}
			return r
		}, name)
		name = norm.NFC.String(cases.Fold().String(norm.NFC.String(name)))
	}
	name = strings.ToLower(name)
	if !strings.Contains(name, "./") && !strings.Contains(name, " /") && strings.TrimRight(name, ". ") == name {
		return name
	}
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = strings.TrimRight(p, ". ")
	}
	return strings.Join(parts, "/")
}

// place is what was found at a path.
type place byte

const (
	nothing  place = iota
	aFile          // an entry
	aFolder        // an entry
	implied        // a folder that paths go through
	shadowed       // a path that a client may take for another entry's, when it loses a PAX record
)

// places are the folded paths of an archive.
type places map[string]place

// add notes an entry's path, and refuses what some system would unpack over something else. It returns the
// folded path.
func (p places) add(name string, folder bool) (folded string, err error) {
	folded = fold(name)
	key, was := folded, p[folded]
	switch {
	case was == aFile && !folder, was == aFolder && folder, was == shadowed:
		return "", errs.Newf(errs.Invalid, "npm.tarball_twice", "The tarball contains %s twice: expected each path once, whatever its case and accents.", printable(name))
	case was == implied && folder: // yarn 4 fails to make a folder that is there
		return "", errs.Newf(errs.Invalid, "npm.tarball_folder_late", "The tarball contains the folder %s after files in it: expected it before them.", printable(name))
	case was != nothing:
		return "", errFileFolder(name)
	}
	p[key] = aFile
	if folder {
		p[key] = aFolder
	}
	for {
		i := strings.LastIndexByte(key, '/')
		if i < 0 {
			return folded, nil
		}
		key = key[:i]
		switch p[key] {
		case aFile, shadowed:
			return "", errFileFolder(name)
		case aFolder, implied:
			return folded, nil // and so is all above it
		case nothing:
			p[key] = implied
		}
	}
}

// shadow notes a path that no entry may have, because a client may write another entry there. Only paths that
// do not fit into a header are shortened in it, and one without a folder is not unpacked.
func (p places) shadow(name string) error {
	if !strings.Contains(name, "/") {
		return nil
	}
	key := fold(name)
	if was := p[key]; was != nothing && was != shadowed || len(name) < minShadow {
		return errs.Newf(errs.Invalid, "npm.tarball_shadow", "The tarball has a PAX header over the path of another entry: %s.", printable(name))
	}
	p[key] = shadowed
	return nil
}

func errFileFolder(name string) error {
	return errs.Newf(errs.Invalid, "npm.tarball_file_folder", "The tarball contains a path that is a file and a folder: %s.", printable(name))
}
