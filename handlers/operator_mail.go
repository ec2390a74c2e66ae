package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/views"
)

func (s *Server) mailPage(c echo.Context) error {
	letters, err := s.Outbox.Captured(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	return s.render(c, views.OperatorMail{Letters: letters})
}

func (s *Server) letterPage(c echo.Context) error {
	letter, err := s.Outbox.Letter(c.Request().Context(), actor(c), c.Param("id"))
	if err != nil {
		return err
	}
	return s.render(c, views.OperatorLetter{Letter: letter, Portal: s.Config.URL})
}
