package edge

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
)

// joined is how the slash of a scoped name stands in a path whose names are one segment each. It is the
// only percent sign there.
const joined = "%2f"

// JoinScope takes the first name off an escaped path and returns it decoded, once, and as one segment:
// a scoped one as @a%2fb, which clients spell in four ways (@a%2fb, @a%2Fb, %40a%2fb, @a/b). Rest is what
// follows its slash, as it was. Whatever is still encoded after decoding was encoded twice; that, and
// everything else that could mean two things to two readers, is not ok.
func JoinScope(path string) (segment, rest string, ok bool) {
	first, rest, more := strings.Cut(path, "/")
	part, ok := decode(first)
	if ok && more && strings.HasPrefix(part, "@") && !strings.Contains(part, "/") {
		var second, base string
		second, rest, _ = strings.Cut(rest, "/")
		base, ok = decode(second)
		part += "/" + base
	}
	scope, base, scoped := strings.Cut(part, "/")
	if !ok || !scoped {
		return part, rest, ok
	}
	if len(scope) < 2 || scope[0] != '@' || base == "" || base == "." || base == ".." || strings.Contains(base, "/") {
		return "", "", false
	}
	if len(first) == len(part)+len(joined)-1 && strings.Contains(first, joined) { // as it should be
		return first, rest, true
	}
	return scope + joined + base, rest, true
}

// decode decodes one segment and refuses what is ambiguous in it.
func decode(segment string) (part string, ok bool) {
	part, err := url.PathUnescape(segment)
	ok = err == nil && part != "" && part != "." && part != ".." && utf8.ValidString(part) && !strings.ContainsAny(part, "%\\;\x00\r\n")
	return part, ok
}

// PackageName is the plain name of the package that stands in a route's parameter :name.
func PackageName(c echo.Context) string {
	return strings.Replace(c.Param("name"), joined, "/", 1)
}

// ScopeOf is the scope of a name that is one segment, and its name there. An unscoped one is all name.
func ScopeOf(segment string) (scope, base string) {
	scope, base, scoped := strings.Cut(segment, joined)
	if !scoped {
		return "", segment
	}
	return scope, base
}
