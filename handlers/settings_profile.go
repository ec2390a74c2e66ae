package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/views"
)

func (s *Server) profilePage(c echo.Context) error {
	u, err := s.Accounts.Profile(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	return s.render(c, views.SettingsProfile{Name: u.Name, FullName: u.FullName, Homepage: u.Homepage})
}

func (s *Server) saveProfile(c echo.Context) error {
	by := actor(c)
	page := views.SettingsProfile{Name: by.Name, FullName: field(c, "full_name"), Homepage: field(c, "homepage")}
	err := s.Accounts.UpdateProfile(c.Request().Context(), by, account.Profile{FullName: page.FullName, Homepage: page.Homepage})
	if page.Problems = problems(err); page.Problems != nil {
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	return s.done(c, "Your profile is saved.", "/settings/profile", s.profilePage)
}
