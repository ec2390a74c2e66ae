package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/views"
)

func (s *Server) passwordPage(c echo.Context) error {
	return s.render(c, views.SettingsPassword{PasswordLength: s.Config.Limits.PasswordLength})
}

func (s *Server) changePassword(c echo.Context) error {
	page := views.SettingsPassword{PasswordLength: s.Config.Limits.PasswordLength}
	ctx := c.Request().Context()
	err := s.Accounts.ChangePassword(ctx, actor(c), password(c))
	if page.Problems = problems(err); page.Problems != nil {
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	return s.flash(c, "Your password is changed. Your other browsers are signed out.", "/settings/profile")
}
