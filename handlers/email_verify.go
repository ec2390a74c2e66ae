package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/views"
)

func (s *Server) verifyPage(c echo.Context) error {
	link := c.Param("token")
	address, err := s.Accounts.VerifyLink(c.Request().Context(), actor(c), link)
	if err != nil {
		return err
	}
	return s.render(c, views.EmailVerify{Secret: link, Address: address})
}

func (s *Server) verify(c echo.Context) error {
	if err := s.Accounts.VerifyEmail(c.Request().Context(), actor(c), c.Param("token")); err != nil {
		return err
	}
	return s.flash(c, "Your email address is verified. You can publish now.", "/settings/emails")
}
