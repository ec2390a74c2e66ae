package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
	"latchkey/views"
)

func (s *Server) packageShow(c echo.Context) error {
	ctx := c.Request().Context()
	p, err := s.Packages.Page(ctx, actor(c), edge.PackageName(c))
	if err != nil {
		return err
	}
	return s.render(c, views.PackageShow{Package: p, Readme: s.readmes.Render(ctx, p.Readme)})
}
