package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/views"
)

func (s *Server) setupPage(c echo.Context) error {
	link := c.Param("token")
	if err := s.Accounts.SetupOpen(c.Request().Context(), link); err != nil {
		return err
	}
	return s.render(c, views.Setup{Secret: link, Form: s.accountForm(c)})
}

func (s *Server) setUp(c echo.Context) error {
	page := views.Setup{Secret: c.Param("token"), Form: s.accountForm(c)}
	session, err := s.Accounts.SetUp(c.Request().Context(), actor(c), page.Secret, signUpOf(c, page.Form))
	if page.Form.Problems = problems(err); page.Form.Problems != nil {
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	return s.begin(c, session, "Welcome, "+session.User.Name+". You run this registry now.", "/operator")
}
