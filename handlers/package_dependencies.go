package handlers

import (
	"cmp"

	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
	"latchkey/views"
)

// packageDependencies lists what a version asks for, the latest one unless the address says which.
func (s *Server) packageDependencies(c echo.Context) error {
	ctx, by, name := c.Request().Context(), actor(c), edge.PackageName(c)
	p, err := s.Packages.Page(ctx, by, name)
	if err != nil {
		return err
	}
	version := cmp.Or(c.QueryParam("version"), p.Version)
	list, more, err := s.Packages.Dependencies(ctx, by, name, version)
	if err != nil {
		return err
	}
	return s.render(c, views.PackageDependencies{Package: p, Version: version, List: list, More: more})
}
