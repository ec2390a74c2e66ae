package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
	"latchkey/views"
)

func (s *Server) packageDependents(c echo.Context) error {
	ctx, by, name, after := c.Request().Context(), actor(c), edge.PackageName(c), c.QueryParam("after")
	p, err := s.Packages.Page(ctx, by, name)
	if err != nil {
		return err
	}
	d, err := s.Packages.Dependents(ctx, by, name, after)
	if err != nil {
		return err
	}
	return s.render(c, views.PackageDependents{Package: p, Dependents: d, First: after == ""})
}
