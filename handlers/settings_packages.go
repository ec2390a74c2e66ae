package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/views"
)

func (s *Server) myPackages(c echo.Context) error {
	by := actor(c)
	list, err := s.Packages.ByPerson(c.Request().Context(), by, by.Name)
	if err != nil {
		return err
	}
	return s.render(c, views.SettingsPackages{Packages: list})
}
