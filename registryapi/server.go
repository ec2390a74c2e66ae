// Package registryapi is the registry's edge: the protocol that npm, pnpm, yarn and bun speak. What
// they send and need back is written down in docs/npm-compatibility.md.
package registryapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/app"
	"latchkey/internal/edge"
)

// Server answers the registry's requests.
type Server struct {
	*app.App
	echo   *echo.Echo
	audits chan struct{} // one token for each audit that is in memory
}

// headers are this edge's own on every response. A registry answers programs: a browser that is sent
// here by mistake must not run anything.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
	"Referrer-Policy":         "no-referrer",
}

// New returns the edge. Its paths begin at the registry's root: whoever mounts it strips a prefix.
func New(a *app.App) *Server {
	s := &Server{App: a, audits: make(chan struct{}, auditsAtOnce)}
	s.echo = edge.New("registry", a.Config, s.handleError, headers)
	s.echo.Pre(canonicalPath)
	s.routes()
	return s
}

// Handler returns the edge as an http.Handler.
func (s *Server) Handler() http.Handler { return s.echo }

// Routes lists the edge's routes as "METHOD path".
func (s *Server) Routes() []string { return edge.Routes(s.echo) }
