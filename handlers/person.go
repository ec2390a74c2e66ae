package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/views"
)

func (s *Server) person(c echo.Context) error {
	ctx, by := c.Request().Context(), actor(c)
	p, err := s.Accounts.Person(ctx, by, c.Param("person"))
	if err != nil {
		return err
	}
	after := c.QueryParam("after")
	list, next, err := s.Packages.ByPerson(ctx, by, p.Name, after)
	if err != nil {
		return err
	}
	return s.render(c, views.Person{Person: p, Packages: list, Next: next, First: after == ""})
}
