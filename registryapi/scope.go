package registryapi

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"latchkey/internal/errs"
)

var errPath = errs.New(errs.Invalid, "registryapi.path", "The address cannot be read: expected a package name such as left-pad or @acme%2fleft-pad.")

// joined is how the slash of a scoped name stands in a canonical path. It is the only percent sign there.
const joined = "%2f"

// canonicalPath rewrites an address so that each thing has one: percent-encoding is decoded, once, and
// a scoped name becomes one segment. Clients spell it in four ways (@a%2fb, @a%2Fb, %40a%2fb, @a/b);
// whatever is still encoded afterwards was encoded twice, and is refused with everything else that could
// mean two things to two readers.
func canonicalPath(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		u := c.Request().URL
		p, err := canonical(u.EscapedPath())
		if err != nil {
			return err
		}
		u.Path, u.RawPath = p, ""
		return next(c)
	}
}

func canonical(escaped string) (string, error) {
	if !strings.ContainsAny(escaped, `%@\`) && !strings.Contains(escaped, "//") && !strings.Contains(escaped, "/.") {
		return escaped, nil
	}
	parts := strings.Split(strings.TrimPrefix(escaped, "/"), "/")
	out := make([]string, 0, len(parts))
	for i := 0; i < len(parts); i++ {
		part, err := decode(parts[i])
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(part, "@") && !strings.Contains(part, "/") && i+1 < len(parts) {
			i++
			rest, err := decode(parts[i])
			if err != nil {
				return "", err
			}
			part += "/" + rest
		}
		if strings.Contains(part, "/") {
			if part, err = join(part, len(out) > 0 && out[len(out)-1] == "-"); err != nil {
				return "", err
			}
		}
		out = append(out, part)
	}
	return "/" + strings.Join(out, "/"), nil
}

// decode decodes one segment and refuses what is ambiguous in it.
func decode(segment string) (string, error) {
	part, err := url.PathUnescape(segment)
	if err != nil || part == "" || part == "." || part == ".." || !utf8.ValidString(part) || strings.ContainsAny(part, "%\\;\x00\r\n") {
		return "", errPath
	}
	return part, nil
}

// join makes a scoped name one segment. In a tarball's file name, where old clients repeat the scope
// (/@a/b/-/@a/b-1.0.0.tgz), it is dropped.
func join(part string, isFile bool) (string, error) {
	scope, base, _ := strings.Cut(part, "/")
	if len(scope) < 2 || scope[0] != '@' || base == "" || base == "." || base == ".." || strings.Contains(base, "/") {
		return "", errPath
	}
	if isFile && strings.HasSuffix(base, ".tgz") {
		return base, nil
	}
	return scope + joined + base, nil
}

// packageName is the plain name of the package that the request is about.
func packageName(c echo.Context) string {
	return strings.Replace(c.Param("name"), joined, "/", 1)
}
