package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/views"
)

func (s *Server) invitationPage(c echo.Context) error {
	page, err := s.invitationOf(c)
	if noInvitation(err) {
		return s.offerPage(c)
	}
	if err != nil {
		return err
	}
	return s.render(c, page)
}

func (s *Server) acceptInvitation(c echo.Context) error {
	page, err := s.invitationOf(c)
	if noInvitation(err) {
		return s.answerOffer(c)
	}
	if err != nil {
		return err
	}
	in := signUpOf(c, page.Form)
	in.Invitation = page.Secret
	session, err := s.Accounts.SignUp(c.Request().Context(), actor(c), in)
	if page.Form.Problems = problems(err); page.Form.Problems != nil {
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	return s.begin(c, session, "Welcome, "+session.User.Name+". You can publish and install here.", "/help/npm")
}

// invitationOf is the form with the address that the invitation was sent to, whatever was typed.
func (s *Server) invitationOf(c echo.Context) (views.Invitation, error) {
	page := views.Invitation{Secret: c.Param("token"), Form: s.accountForm(c)}
	var err error
	page.Form.FixedEmail = true
	page.Form.Email, err = s.Accounts.Invitation(c.Request().Context(), page.Secret)
	return page, err
}
