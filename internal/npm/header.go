package npm

import (
	"strings"

	"latchkey/internal/errs"
)

// What can be wrong with an archive's headers.
var (
	errChecksum = errs.New(errs.Invalid, "npm.tarball_checksum",
		"A header in the tarball has a wrong checksum: expected the sum of its bytes in octal, ended by a NUL.")
	errNumber = errs.New(errs.Invalid, "npm.tarball_number",
		"A header in the tarball has a number that readers understand differently: expected octal digits, ended by a space or NUL.")
	errFormat = errs.New(errs.Invalid, "npm.tarball_format",
		"A header in the tarball has a format that readers understand differently: expected POSIX ustar, or GNU without a prefix.")
	errMeta = errs.New(errs.Invalid, "npm.tarball_meta",
		"The tarball has extended headers that readers understand differently: expected at most one, of at most 64 KiB, directly before its entry.")
	errPAX = errs.New(errs.Invalid, "npm.tarball_pax",
		"A PAX header in the tarball is not accepted: expected each of path, size, times and owner at most once, well formed and on one line.")
	errSize = errs.New(errs.Invalid, "npm.tarball_size",
		"A header in the tarball contradicts itself: expected the same size in all headers of an entry, and none for a folder.")
	errEnd     = errs.New(errs.Invalid, "npm.tarball_end", "The archive does not end as it should: expected two blocks of zeros, and nothing but zeros after them.")
	errEntries = errs.Newf(errs.Invalid, "npm.tarball_entries", "The tarball has too many entries: expected at most %d.", maxEntries)
)

// header is what matters of one header.
type header struct {
	name string
	kind byte // one of the types above but typeOldFile
	size int64
}

// entry puts together what is said about an entry.
func (h header) entry(long string, ext records) (entry, error) {
	e := entry{name: h.name, folder: h.kind == typeFolder, size: h.size}
	switch {
	case ext.size >= 0 && ext.any && ext.size != h.size, e.folder && h.size != 0:
		return e, errSize
	case long != "":
		e.name = long
	case ext.path != "" && ext.path != h.name:
		e.name = ext.path
		if !ascii(ext.path) {
			e.ghost = h.name
		}
	}
	return e, nil
}

// parseHeader reads a header block, which is not all zeros.
func parseHeader(b []byte) (h header, err error) {
	sum, ok := octal(b[148:156])
	if !ok || strings.IndexByte(string(b[148:156]), 0) < 0 || sum != checksum(b) {
		return h, errChecksum // node-tar reads on until a NUL, and skips the header when the sum is another
	}
	if h.kind = b[156]; h.kind == typeOldFile {
		h.kind = typeFile
	}
	switch h.kind {
	case typeFile, typeFolder, typePAX, typeGlobal, typeLong:
	case typeLink, typeSymlink:
		return h, errLink
	default:
		return h, errs.Newf(errs.Invalid, "npm.tarball_type",
			"The tarball contains an entry of type %q: only files and folders are accepted.", printable(string(rune(h.kind))))
	}
	// node-tar skips an entry that has a link's target and is none, but not its content.
	if !zeros(b[157:257]) {
		return h, errFormat
	}
	if h.name, ok = field(b[:100]); !ok || h.name == "" {
		return h, errFormat
	}
	if err := prefix(&h, b); err != nil {
		return h, err
	}
	owner := owner(b[108:116]) && owner(b[116:124])
	if !owner || !number(b[100:108]) || !number(b[136:148]) || !number(b[329:337]) || !number(b[337:345]) {
		return h, errNumber
	}
	if h.size, ok = octal(b[124:136]); !ok {
		return h, errNumber
	}
	return h, nil
}

// prefix reads what differs between the formats: the beginning of a long path in POSIX's, nothing in GNU's.
func prefix(h *header, b []byte) error {
	switch string(b[257:265]) {
	case "ustar\x0000":
		// node-tar puts times behind a prefix that leaves them space, unless npm asks for the portable form.
		times := len(b)
		if b[475] == 0 && number(b[476:488]) && number(b[488:500]) {
			times = 476
		}
		p, ok := field(b[345:min(times, 500)])
		if !ok || !zeros(b[500:]) {
			return errFormat
		}
		if p != "" {
			h.name = p + "/" + h.name
		}
		return nil
	case "ustar  \x00":
		if !zeros(b[345:]) {
			return errFormat
		}
		return nil
	}
	return errFormat
}

// field reads a text that fills its field or is filled up with NULs.
func field(b []byte) (string, bool) {
	s := string(b)
	i := strings.IndexByte(s, 0)
	if i < 0 {
		return s, true
	}
	return s[:i], zeros(b[i:])
}

// octal reads digits that spaces or NULs fill up.
func octal(b []byte) (n int64, ok bool) {
	i := 0
	for ; i < len(b) && '0' <= b[i] && b[i] <= '7'; i++ {
		n = n<<3 | int64(b[i]-'0')
	}
	if i == 0 {
		return 0, false
	}
	for _, c := range b[i:] {
		if c != ' ' && c != 0 {
			return 0, false
		}
	}
	return n, true
}

// number reports whether a field holds a number that nothing depends on, or none.
func number(b []byte) bool {
	_, ok := octal(b)
	return ok || zeros(b)
}

// owner is number, also for the large ones of directory services, which node-tar and GNU tar write in base 256.
func owner(b []byte) bool { return number(b) || b[0] == 0x80 && b[1] == 0 }

// checksum adds the bytes of a header, its checksum's own counted as spaces. There are readers that also
// accept the sum of signed bytes; node-tar is none of them.
func checksum(b []byte) int64 {
	sum := 8 * int64(' ')
	for _, c := range b[:148] {
		sum += int64(c)
	}
	for _, c := range b[156:blockSize] {
		sum += int64(c)
	}
	return sum
}
