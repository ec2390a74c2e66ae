package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/views"
)

func (s *Server) resetPage(c echo.Context) error {
	page, err := s.resetOf(c)
	if err != nil {
		return err
	}
	return s.render(c, page)
}

func (s *Server) reset(c echo.Context) error {
	page, err := s.resetOf(c)
	if err != nil {
		return err
	}
	err = s.Accounts.ResetPassword(c.Request().Context(), actor(c), page.Secret, password(c))
	if page.Problems = problems(err); page.Problems != nil {
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	return s.flash(c, "Your password is changed. Sign in with the new one.", "/login")
}

func (s *Server) resetOf(c echo.Context) (views.PasswordReset, error) {
	page := views.PasswordReset{Secret: c.Param("token"), PasswordLength: s.Config.Limits.PasswordLength}
	var err error
	page.Name, err = s.Accounts.ResetLink(c.Request().Context(), page.Secret)
	return page, err
}
