package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/views"
)

const locked = "The account is locked. To open it again, choose a new password with a link that we mail you."

func (s *Server) lockPage(c echo.Context) error { return s.render(c, views.SettingsLock{}) }

func (s *Server) lock(c echo.Context) error {
	if err := s.Accounts.Lock(c.Request().Context(), actor(c)); err != nil {
		return err
	}
	return s.left(c, locked, "/password/forgot")
}

// lockLinkPage is what the link in a letter opens. Whoever has the link need not be signed in: it is for
// those who cannot be any more.
func (s *Server) lockLinkPage(c echo.Context) error {
	name, err := s.Accounts.LockLink(c.Request().Context(), c.Param("token"))
	if err != nil {
		return err
	}
	return s.render(c, views.LockLink{Secret: c.Param("token"), Name: name})
}

func (s *Server) lockByLink(c echo.Context) error {
	if err := s.Accounts.LockByLink(c.Request().Context(), actor(c), c.Param("token")); err != nil {
		return err
	}
	return s.flash(c, locked, "/password/forgot")
}
