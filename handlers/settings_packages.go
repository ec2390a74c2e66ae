package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/views"
)

func (s *Server) myPackages(c echo.Context) error {
	by, after := actor(c), c.QueryParam("after")
	list, next, err := s.Packages.ByPerson(c.Request().Context(), by, by.Name, after)
	if err != nil {
		return err
	}
	return s.render(c, views.SettingsPackages{Packages: list, Next: next, First: after == ""})
}
