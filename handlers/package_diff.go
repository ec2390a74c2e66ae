package handlers

import (
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
	"latchkey/internal/errs"
	"latchkey/internal/npm"
	"latchkey/views"
)

var errTwoVersions = errs.New(errs.Invalid, "handlers.two_versions", "Choose two versions to compare.")

// packageDiff shows what changed between two versions, named as from...to.
func (s *Server) packageDiff(c echo.Context) error {
	ctx, by, name := c.Request().Context(), actor(c), edge.PackageName(c)
	p, err := s.Packages.Page(ctx, by, name)
	if err != nil {
		return err
	}
	from, to, _ := strings.Cut(c.Param("range"), "...")
	only := c.QueryParam("file")
	d, err := s.Packages.Diff(ctx, by, name, from, to, only)
	if err != nil {
		return err
	}
	return s.render(c, views.PackageDiff{Package: p, Diff: d, Only: only})
}

// chooseDiff takes the form of the list of versions to the comparison's own address.
func (s *Server) chooseDiff(c echo.Context) error {
	name := edge.PackageName(c)
	if _, err := s.Packages.Page(c.Request().Context(), actor(c), name); err != nil {
		return err
	}
	from, to := c.QueryParam("from"), c.QueryParam("to")
	if npm.ParseVersion(from) != nil || npm.ParseVersion(to) != nil {
		return errTwoVersions
	}
	return redirect(c, "/package/"+name+"/diff/"+url.PathEscape(from)+"..."+url.PathEscape(to))
}
