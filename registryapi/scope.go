package registryapi

import (
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
	"latchkey/internal/errs"
)

var errPath = errs.New(errs.Invalid, "registryapi.path", "The address cannot be read: expected a package name such as left-pad or @acme%2fleft-pad.")

// canonicalPath rewrites an address so that each thing has one: each segment is decoded, once, and a
// scoped name is one segment (see edge.JoinScope).
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
	if !strings.ContainsAny(escaped, `%@\\`) && !strings.Contains(escaped, "//") && !strings.Contains(escaped, "/.") {
		return escaped, nil
	}
	var room [256]byte // so that an address that is canonical already costs no memory
	out := room[:0]
	var owner, last string
	for rest := strings.TrimPrefix(escaped, "/"); ; {
		segment, tail, ok := edge.JoinScope(rest)
		if !ok {
			return "", errPath
		}
		if last == "-" {
			if segment, ok = file(owner, segment); !ok {
				return "", errNoRoute
			}
		}
		out = append(append(out, '/'), segment...)
		if owner, last = last, segment; tail == "" && !strings.HasSuffix(rest, "/") {
			break
		}
		rest = tail
	}
	if string(out) == escaped {
		return escaped, nil
	}
	return string(out), nil
}

// file is a tarball's file name without the package's scope, which old clients repeat there
// (/@a/b/-/@a/b-1.0.0.tgz). With another scope it names nothing.
func file(owner, segment string) (string, bool) {
	scope, base := edge.ScopeOf(segment)
	if scope == "" || !strings.HasSuffix(base, ".tgz") {
		return segment, true
	}
	own, _ := edge.ScopeOf(owner)
	return base, scope == own
}
