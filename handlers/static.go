package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/static"
)

func (s *Server) static(c echo.Context) error {
	if !static.Serve(c.Response(), c.Request()) {
		return echo.ErrNotFound
	}
	return nil
}

// favicon answers browsers that ask for the icon by its fixed name, without having read a page.
func (s *Server) favicon(c echo.Context) error {
	static.ServeNamed(c.Response(), c.Request(), c.Path()[1:])
	return nil
}

// robots keeps search engines to what is for everybody.
func (s *Server) robots(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "public, max-age=86400")
	return c.String(http.StatusOK, "User-agent: *\nDisallow: /auth/\nDisallow: /invitations/\nDisallow: /login\nDisallow: /operator\n"+
		"Disallow: /password/\nDisallow: /settings/\nDisallow: /setup/\nDisallow: /signup\nDisallow: /sudo\nDisallow: /verify/\n")
}
