package handlers

import (
	"strconv"

	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
	"latchkey/views"
)

func (s *Server) packageVersions(c echo.Context) error {
	ctx, by, name := c.Request().Context(), actor(c), edge.PackageName(c)
	below := number(c.QueryParam("below"))
	p, err := s.Packages.Page(ctx, by, name)
	if err != nil {
		return err
	}
	versions, err := s.Packages.Versions(ctx, by, name, below)
	if err != nil {
		return err
	}
	page := views.PackageVersions{Package: p, Versions: versions, First: below == 0}
	if n := len(versions); n > 0 && versions[n-1].Number > 1 {
		page.Older = versions[n-1].Number
	}
	return s.render(c, page)
}

// number is a positive number from an address, or 0 for anything else.
func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
