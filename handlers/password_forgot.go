package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/internal/errs"
	"latchkey/views"
	"latchkey/views/ui"
)

func (s *Server) forgotPage(c echo.Context) error { return s.render(c, views.PasswordForgot{}) }

func (s *Server) forgot(c echo.Context) error {
	page := views.PasswordForgot{Login: field(c, "login")}
	if page.Login == "" {
		page.Problems = ui.Problems{"login": "Say the name of your account, or its email address."}
		return s.renderForm(c, page)
	}
	err := s.Accounts.ForgotPassword(c.Request().Context(), actor(c), page.Login)
	if err != nil && errs.Of(err).Kind != errs.Invalid { // the form of an address tells nothing of an account
		return err
	}
	page.Sent = true
	return s.render(c, page)
}
