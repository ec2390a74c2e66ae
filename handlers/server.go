// Package handlers is the portal's edge: a browser's request in, a page out. A handler reads the
// request, calls one service and renders; who may do what is decided in the services.
package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"

	"latchkey/internal/app"
	"latchkey/internal/edge"
	"latchkey/internal/markdown"
)

// readmeCache is how much rendered text of readmes is kept in memory.
const readmeCache = 16 << 20

// Server answers the portal's requests.
type Server struct {
	*app.App
	echo     *echo.Echo
	sessions *scs.SessionManager
	readmes  *markdown.Renderer
	origin   string // scheme, host and port of the portal, as browsers write it
}

// New returns the edge. A route without a guard fails here, and not when somebody finds it.
func New(a *app.App) (*Server, error) {
	origin, err := originOf(a.Config.URL)
	if err != nil {
		return nil, err
	}
	s := &Server{
		App: a, sessions: newSessions(a), readmes: markdown.New(readmeCache), origin: origin,
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

// joinPackage finds the package's name in /package/…, whose scoped form comes as @ann/widget and as
// @ann%2fwidget, and makes it one segment, so that each page has one route. The path was decoded once,
// when the request was read, and is not decoded again: a name with a percent sign left is no name.
func joinPackage(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		u := c.Request().URL
		rest, ok := strings.CutPrefix(u.Path, "/package/")
		if !ok {
			return next(c)
		}
		name, tail, _ := strings.Cut(rest, "/")
		if strings.HasPrefix(name, "@") {
			var short string
			short, tail, _ = strings.Cut(tail, "/")
			name += "/" + short
		}
		if !utf8.ValidString(name) || strings.ContainsAny(name, "%\\\x00") || strings.HasSuffix(name, "/") {
			name = "-" // which no package is called
		}
		c.Set("package", name)
		u.Path, u.RawPath = "/package/"+strings.Replace(name, "/", "%2f", 1), ""
		if strings.Count(rest, "/") > strings.Count(name, "/") {
			u.Path += "/" + tail
		}
		return next(c)
	}
}

// packageName is the name that joinPackage found.
func packageName(c echo.Context) string {
	name, _ := c.Get("package").(string)
	return name
}
