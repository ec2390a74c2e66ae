package registryapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
)

func (s *Server) listTags(c echo.Context) error {
	by, err := s.actor(c)
	if err != nil {
		return err
	}
	tags, err := s.Packages.Tags(c.Request().Context(), by, edge.PackageName(c))
	if err != nil {
		return err
	}
	out := make(map[string]string, len(tags))
	for _, t := range tags {
		out[t.Name] = t.Version
	}
	return private(c, http.StatusOK, out)
}

// setTag answers PUT …/dist-tags/{tag}, whose body is the version as a JSON string.
func (s *Server) setTag(c echo.Context) error {
	by, err := s.actor(c)
	if err != nil {
		return err
	}
	var version string
	if err := s.decode(c, &version); err != nil {
		return err
	}
	if err := s.Packages.SetTag(c.Request().Context(), by, edge.PackageName(c), c.Param("tag"), version); err != nil {
		return err
	}
	return private(c, http.StatusCreated, written{OK: true, Success: true, ID: edge.PackageName(c)})
}

func (s *Server) removeTag(c echo.Context) error {
	by, err := s.actor(c)
	if err != nil {
		return err
	}
	if err := s.Packages.RemoveTag(c.Request().Context(), by, edge.PackageName(c), c.Param("tag")); err != nil {
		return err
	}
	return private(c, http.StatusOK, written{OK: true, Success: true, ID: edge.PackageName(c)})
}
