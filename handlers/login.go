package handlers

import (
	"errors"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
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
	if errors.Is(err, access.ErrLocked) {
		page.Locked = true
		return s.renderForm(c, page)
	}
	if page.Problems = problems(err); page.Problems != nil {
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	if session.Pending != "" {
		return s.owe(c, session, page.Next)
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
	return s.left(c, "You are signed out.", "/")
}
