package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/views"
)

func (s *Server) loginPage(c echo.Context) error {
	next := local(c.QueryParam("next"))
	if actor(c).SignedIn() {
		return redirect(c, next)
	}
	return s.render(c, views.Login{Next: next, Keys: s.Factors.KeysWork()})
}

func (s *Server) signIn(c echo.Context) error {
	page := views.Login{Login: field(c, "login"), Next: local(field(c, "next")), Keys: s.Factors.KeysWork()}
	session, err := s.Accounts.SignIn(c.Request().Context(), actor(c), page.Login, password(c))
	if page.Problems = problems(err); page.Problems != nil {
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	if session.Pending != "" {
		return s.owe(c, session.Pending, page.Next)
	}
	return s.begin(c, session, "", page.Next)
}

func (s *Server) signOut(c echo.Context) error {
	ctx, by := c.Request().Context(), actor(c)
	if by.SignedIn() {
		if err := s.Accounts.SignOut(ctx, by); err != nil {
			return err
		}
	}
	if err := s.sessions.Destroy(ctx); err != nil {
		return err
	}
	c.Response().Header().Set("Clear-Site-Data", `"cache", "storage"`)
	return s.flash(c, "You are signed out.", "/")
}
