// Package handlers is the portal's edge: a browser's request in, a page out. A handler reads the
// request, calls one service and renders; who may do what is decided in the services.
package handlers

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"

	"latchkey/internal/app"
	"latchkey/internal/edge"
	"latchkey/internal/highlight"
	"latchkey/internal/markdown"
)

// How much rendered text of readmes and of files is kept in memory, in bytes.
const (
	readmeCache = 16 << 20
	sourceCache = 16 << 20
)

// Server answers the portal's requests.
type Server struct {
	*app.App
	echo     *echo.Echo
	sessions *scs.SessionManager
	readmes  *markdown.Renderer
	sources  *highlight.Renderer
	origin   string // scheme, host and port of the portal, as browsers write it
}

// New returns the edge. A route without a guard fails here, and not when somebody finds it.
func New(a *app.App) (*Server, error) {
	origin, err := originOf(a.Config.URL)
	if err != nil {
		return nil, err
	}
	s := &Server{
		App: a, sessions: newSessions(a), readmes: markdown.New(readmeCache), sources: highlight.New(sourceCache), origin: origin,
	}
	s.echo = edge.New("portal", a.Config, s.handleError, headers)
	s.echo.Pre(joinPackage)
	return s, s.register(s.routes())
}

// Handler returns the edge as an http.Handler.
func (s *Server) Handler() http.Handler { return s.echo }

// Routes lists the edge's addresses as "METHOD path".
func (s *Server) Routes() []string {
	var out []string
	for _, r := range edge.Routes(s.echo) {
		if !strings.HasPrefix(r, http.MethodHead) {
			out = append(out, r)
		}
	}
	return out
}

// originOf is an address as browsers write it into Origin: without the default port, and without a path.
func originOf(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	} else {
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host, nil
}

// joinPackage makes the package's name in /package/… one segment, so that each page has one route. A name
// that cannot be one is "-", which no package is called: its answer is a page like that of any other.
func joinPackage(next echo.HandlerFunc) echo.HandlerFunc {
	const pages = "/package/"
	return func(c echo.Context) error {
		u := c.Request().URL
		escaped, ok := strings.CutPrefix(u.EscapedPath(), pages)
		if !ok {
			return next(c)
		}
		name, _, ok := edge.JoinScope(escaped)
		if !ok {
			u.Path, u.RawPath = pages+"-", ""
			return next(c)
		}
		rest := strings.TrimPrefix(u.Path, pages+strings.Replace(name, "%2f", "/", 1))
		u.Path, u.RawPath = pages+name+rest, ""
		return next(c)
	}
}
