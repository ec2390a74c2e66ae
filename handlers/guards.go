package handlers

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/errs"
)

// guard is what a route asks before its handler runs. It is coarse, for a friendly redirect and for
// headers; the decision is in the service.
type guard uint8

const (
	unguarded guard = iota // a mistake: register refuses it
	file                   // the same for everybody, without a session
	open                   // anybody
	byLink                 // anybody who has the link; its address is itself a secret
	signedIn               // whoever is signed in
	fresh                  // whoever proved lately that it is them
	operator               // who runs the installation; nobody else learns that the page exists
)

type route struct {
	guard        guard
	method, path string
	handle       echo.HandlerFunc
}

// register mounts the routes. A HEAD request is answered as its GET. What leads nowhere goes through the
// same doors as a page, so that its answer is one of our pages too.
func (s *Server) register(routes []route) error {
	files := map[string]bool{}
	for _, r := range routes {
		conditions, ok := s.conditions(r.guard)
		if !ok || r.handle == nil {
			return fmt.Errorf("the route %s %s has no guard or no handler", r.method, r.path)
		}
		files[r.path] = r.guard == file
		s.echo.Add(r.method, r.path, r.handle, conditions...)
		if r.method == http.MethodGet {
			s.echo.Add(http.MethodHead, r.path, r.handle, conditions...)
		}
	}
	for _, m := range []echo.MiddlewareFunc{s.loadSession, s.sameOrigin, s.readForm} {
		s.echo.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
			page := m(next)
			return func(c echo.Context) error {
				if files[c.Path()] {
					return next(c)
				}
				return page(c)
			}
		})
	}
	return nil
}

// conditions are what a guard asks, of a request whose sender is known.
func (s *Server) conditions(g guard) ([]echo.MiddlewareFunc, bool) {
	switch g {
	case file, open:
		return nil, true
	case byLink:
		return []echo.MiddlewareFunc{s.keepAddress}, true
	case signedIn:
		return []echo.MiddlewareFunc{require(s.isSignedIn)}, true
	case fresh:
		return []echo.MiddlewareFunc{require(s.isSignedIn, s.isFresh)}, true
	case operator:
		return []echo.MiddlewareFunc{require(s.isOperator)}, true
	case unguarded:
	}
	return nil, false
}

// require refuses a request with the first error that a condition returns.
func require(conditions ...func(access.Actor) error) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			for _, refused := range conditions {
				if err := refused(actor(c)); err != nil {
					return err
				}
			}
			return next(c)
		}
	}
}

func (s *Server) isSignedIn(by access.Actor) error {
	if !by.SignedIn() {
		return access.ErrUnauthenticated
	}
	return nil
}

// isFresh asks for the password before a form is filled in, and not when it is sent.
func (s *Server) isFresh(by access.Actor) error {
	return access.Check(by, access.AccountChangePassword, access.Self(by, by.UserID), s.Now())
}

func (s *Server) isOperator(by access.Actor) error {
	return access.Check(by, access.OperatorView, access.Installation(by), s.Now())
}

// contentPolicy allows our own files and nothing inline. Pictures may be in the text (readmes).
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"

// headers are this edge's own on every response, errors included. no-referrer would take the Origin
// from our own forms.
var headers = map[string]string{
	"Content-Security-Policy":    contentPolicy,
	"Referrer-Policy":            "same-origin",
	"Cross-Origin-Opener-Policy": "same-origin",
	"Permissions-Policy":         "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}

// keepAddress keeps a page whose address is a secret out of caches, and the address out of Referer. A
// browser that sends no Referer says Origin: null with a form, which is told from a foreign one by
// Sec-Fetch-Site; over plain http to another machine there is none, so there Referer is cut to the host.
func (s *Server) keepAddress(next echo.HandlerFunc) echo.HandlerFunc {
	policy := "no-referrer"
	if host := strings.TrimPrefix(s.origin, "http://"); host != s.origin && !loopback(host) {
		policy = "strict-origin"
	}
	return func(c echo.Context) error {
		c.Set("secret", true)
		c.Response().Header().Set("Referrer-Policy", policy)
		c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
		return next(c)
	}
}

// loopback reports whether browsers trust a host over plain http.
func loopback(host string) bool {
	name, _, _ := strings.Cut(host, ":")
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || strings.HasPrefix(name, "127.") || strings.HasPrefix(host, "[::1]")
}

var errCrossOrigin = errs.New(errs.Forbidden, "handlers.cross_origin", "cross-origin request rejected")

// sameOrigin refuses what another site's page made the browser send. It is stricter than the standard
// library's http.CrossOriginProtection, which lets through a sister host over plain http, a wrong Origin
// beside a right Sec-Fetch-Site, and anything without both headers. What a program without cookies sends
// without them may pass.
func (s *Server) sameOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		switch r.Header.Get("Sec-Fetch-Dest") {
		case "embed", "object", "iframe", "frame": // no page of ours is part of another
			return errCrossOrigin
		}
		if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
			return next(c)
		}
		site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
		bare := site == "" && origin == "" && r.Header.Get("Cookie") == ""
		if !bare && !s.fromHere(site, origin) {
			return errCrossOrigin
		}
		return next(c)
	}
}

// fromHere reports whether the two headers prove that one of our own pages sent the request.
func (s *Server) fromHere(site, origin string) bool {
	switch site {
	case "same-origin":
		return origin == s.origin || origin == "null" || origin == ""
	case "none": // typed or bookmarked
		return origin == s.origin || origin == ""
	case "":
		return origin == s.origin
	}
	return false
}
