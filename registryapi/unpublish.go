package registryapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
)

// unpublish answers DELETE /{pkg}/-rev/{rev}: the whole package.
func (s *Server) unpublish(c echo.Context) error {
	by, err := s.actor(c)
	if err != nil {
		return err
	}
	if err := s.Packages.Unpublish(c.Request().Context(), by, edge.PackageName(c), c.Param("rev")); err != nil {
		return err
	}
	return private(c, http.StatusOK, written{OK: true, Success: true, ID: edge.PackageName(c)})
}

// removeTarball answers DELETE /{pkg}/-/{file}/-rev/{rev}, which npm unpublish sends after it has removed
// the version. There is nothing left to do then.
func (s *Server) removeTarball(c echo.Context) error {
	by, err := s.actor(c)
	if err != nil {
		return err
	}
	if err := s.Packages.TarballRemoved(c.Request().Context(), by, edge.PackageName(c), c.Param("file")); err != nil {
		return err
	}
	return private(c, http.StatusOK, written{OK: true, Success: true, ID: edge.PackageName(c)})
}
