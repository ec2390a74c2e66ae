package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/views"
)

func (s *Server) forgotPage(c echo.Context) error { return s.render(c, views.PasswordForgot{}) }

func (s *Server) forgot(c echo.Context) error {
	page := views.PasswordForgot{Login: field(c, "login")}
	err := s.Accounts.ForgotPassword(c.Request().Context(), actor(c), page.Login)
	if page.Problems = problems(err); page.Problems != nil {
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	page.Sent = true
	return s.render(c, page)
}
