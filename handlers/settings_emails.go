package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/views"
	"latchkey/views/ui"
)

func (s *Server) emailsPage(c echo.Context) error {
	u, err := s.Accounts.Profile(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	return s.render(c, views.SettingsEmails{Address: u.Email, Verified: u.EmailVerified})
}

func (s *Server) resendVerification(c echo.Context) error {
	if err := s.Accounts.ResendVerification(c.Request().Context(), actor(c)); err != nil {
		return err
	}
	return s.done(c, "A new link is on its way to you. It works for "+ui.Span(account.VerifyLife)+".", "/settings/emails", s.emailsPage)
}
