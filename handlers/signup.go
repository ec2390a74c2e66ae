package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/views"
)

func (s *Server) signUpPage(c echo.Context) error {
	if actor(c).SignedIn() {
		return redirect(c, "/")
	}
	return s.render(c, views.SignUp{Mode: s.Config.SignUp, Form: s.accountForm(c)})
}

func (s *Server) signUp(c echo.Context) error {
	form := s.accountForm(c)
	session, err := s.Accounts.SignUp(c.Request().Context(), actor(c), signUpOf(c, form))
	if form.Problems = problems(err); form.Problems != nil {
		return s.renderForm(c, views.SignUp{Mode: s.Config.SignUp, Form: form})
	}
	if err != nil {
		return err
	}
	return s.begin(c, session, "Welcome, "+session.User.Name+". We mailed a link to "+form.Email+": follow it, and you can publish.", "/help/npm")
}

// accountForm is what was typed into the form that makes an account.
func (s *Server) accountForm(c echo.Context) views.AccountForm {
	return views.AccountForm{
		Name: field(c, "name"), FullName: field(c, "full_name"), Email: field(c, "email"), PasswordLength: s.Config.Limits.PasswordLength,
	}
}

func signUpOf(c echo.Context, f views.AccountForm) account.SignUp {
	return account.SignUp{Name: f.Name, FullName: f.FullName, Email: f.Email, Password: password(c)}
}
