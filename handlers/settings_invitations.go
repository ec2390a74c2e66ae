package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/internal/errs"
	"latchkey/views"
)

var errAnswer = errs.New(errs.Invalid, "handlers.answer", "Say whether you accept or decline.")

func (s *Server) invitationsPage(c echo.Context) error {
	list, err := s.Packages.Invitations(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	return s.render(c, views.SettingsInvitations{Invitations: list})
}

func (s *Server) answerInvitation(c echo.Context) error {
	answer := field(c, "answer")
	if answer != "accept" && answer != "decline" {
		return errAnswer
	}
	name, err := s.Packages.AnswerInvitation(c.Request().Context(), actor(c), c.Param("id"), answer == "accept")
	if err != nil {
		return err
	}
	text := "You maintain " + name + " from now on."
	if answer == "decline" {
		text = "You declined to maintain " + name + "."
	}
	return s.done(c, text, "/settings/invitations", s.invitationsPage)
}
