package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
	"latchkey/internal/forge"
	"latchkey/internal/markdown"
	"latchkey/views"
	"latchkey/views/ui"
)

func (s *Server) packageShow(c echo.Context) error {
	ctx := c.Request().Context()
	p, err := s.Packages.Page(ctx, actor(c), edge.PackageName(c))
	if err != nil {
		return err
	}
	weeks, err := s.Stats.Weeks(ctx, actor(c), p.Name)
	if err != nil {
		return err
	}
	bars := make([]ui.Bar, len(weeks))
	for i, w := range weeks {
		bars[i] = ui.Bar{Label: w.Day, Value: w.Count}
	}
	files := views.FilesURL(p.Name, p.Version) + "/"
	base := markdown.Base{Files: files, Pictures: files}
	if r, ok := forge.Parse(p.Repository, p.Directory); ok && r.Files != "" {
		base = markdown.Base{Files: r.Files, Pictures: r.Pictures}
	}
	return s.render(c, views.PackageShow{Package: p, Readme: s.readmes.Render(ctx, p.Readme, base), Weeks: bars})
}
