package handlers

import (
	"errors"

	"github.com/labstack/echo/v4"

	"latchkey/internal/mail"
	"latchkey/views"
)

func (s *Server) mailPage(c echo.Context) error {
	if s.Mail == nil {
		return echo.ErrNotFound
	}
	letters, err := s.Mail.List()
	if err != nil {
		return err
	}
	return s.render(c, views.OperatorMail{Letters: letters})
}

func (s *Server) letterPage(c echo.Context) error {
	if s.Mail == nil {
		return echo.ErrNotFound
	}
	letter, err := s.Mail.Read(c.Param("id"))
	if errors.Is(err, mail.ErrNoMessage) {
		return echo.ErrNotFound
	}
	if err != nil {
		return err
	}
	return s.render(c, views.OperatorLetter{Letter: letter, Portal: s.Config.URL})
}
