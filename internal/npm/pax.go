package npm

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// records are what a PAX header says.
type records struct {
	any  bool
	path string
	size int64 // -1 when it is not said
}

// Keys of PAX records that clients write and that mean the same to all readers. libarchive, and so bun,
// announces the encoding of paths that are not ASCII.
var (
	paxKeys    = set("path", "size", "mtime", "atime", "ctime", "uid", "gid", "uname", "gname", "hdrcharset")
	globalKeys = set("comment") // git archive's commit
	vendors    = []string{
		"NODETAR.", "SCHILY.dev", "SCHILY.ino", "SCHILY.nlink", "SCHILY.fflags", "SCHILY.xattr.", "LIBARCHIVE.creationtime", "LIBARCHIVE.xattr.",
	}
)

// parsePAX reads the records "LENGTH KEY=VALUE\n" of a PAX header (POSIX.1-2001, pax).
func parsePAX(s string, known map[string]bool) (r records, err error) {
	r = records{any: true, size: -1}
	if !utf8.ValidString(s) {
		return r, errPAX
	}
	seen := map[string]bool{}
	for s != "" {
		digits, _, _ := strings.Cut(s, " ")
		n, err := strconv.Atoi(digits)
		if err != nil || strconv.Itoa(n) != digits || n > len(s) || n < len(digits)+len(" k=\n") || s[n-1] != '\n' {
			return r, errPAX
		}
		record := s[len(digits)+1 : n-1]
		key, value, ok := strings.Cut(record, "=")
		// node-tar reads records line by line, and values up to a NUL.
		if !ok || seen[key] || strings.ContainsAny(record, "\n\x00") || !known[key] && !vendor(key) {
			return r, errPAX
		}
		seen[key] = true
		if err := r.take(key, value); err != nil {
			return r, err
		}
		s = s[n:]
	}
	return r, nil
}

func (r *records) take(key, value string) (err error) {
	switch key {
	case "path":
		r.path = value
		if value == "" {
			return errPAX
		}
	case "size", "uid", "gid":
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || strconv.FormatInt(n, 10) != value || n < 0 {
			return errPAX
		}
		if key == "size" {
			r.size = n
		}
	case "mtime", "atime", "ctime":
		whole, fraction, _ := strings.Cut(strings.TrimPrefix(value, "-"), ".")
		if whole == "" || !digits(whole) || !digits(fraction) || len(whole) > len(strconv.Itoa(math.MaxInt32))+1 {
			return errPAX
		}
	case "hdrcharset":
		if value != "BINARY" && value != "ISO-IR 10646 2000 UTF-8" {
			return errPAX
		}
	}
	return nil
}

// vendor reports whether a key is an extension that is about no path, size or content. SCHILY.realsize is another, of star.
func vendor(key string) bool {
	for _, v := range vendors {
		if strings.HasPrefix(key, v) {
			return true
		}
	}
	return false
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// longName reads a GNU long name, which may or may not count its NUL.
func longName(meta string) (string, error) {
	name := strings.TrimSuffix(meta, "\x00")
	if name == "" || strings.ContainsAny(name, "\n\x00") {
		return "", errMeta
	}
	return name, nil
}
