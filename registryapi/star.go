package registryapi

import (
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/errs"
)

var errStarKey = errs.New(errs.Invalid, "registryapi.star_key", `Say whose stars: expected key="NAME", with the quotes.`)

// star answers PUT and DELETE /-/user/v1/star, with which pnpm stars; npm sends the document back.
func (s *Server) star(c echo.Context) error {
	by, err := s.actor(c)
	if err != nil {
		return err
	}
	var in struct {
		Name string `json:"name"`
	}
	if err := s.decode(c, &in); err != nil {
		return err
	}
	if err := s.Packages.Star(c.Request().Context(), by, in.Name, c.Request().Method == http.MethodPut); err != nil {
		return err
	}
	return private(c, http.StatusOK, written{OK: true, Success: true, ID: in.Name})
}

// starred answers GET /-/user/v1/star: pnpm stars.
func (s *Server) starred(c echo.Context) error {
	by, err := s.signedIn(c)
	if err != nil {
		return err
	}
	names, err := s.Packages.Starred(c.Request().Context(), by, by.Name)
	if err != nil {
		return err
	}
	return private(c, http.StatusOK, append([]string{}, names...))
}

// starredBy answers npm stars, which asks as CouchDB's views are asked: the key is JSON.
func (s *Server) starredBy(c echo.Context) error {
	by, err := s.actor(c)
	if err != nil {
		return err
	}
	var person string
	if json.Unmarshal([]byte(c.QueryParam("key")), &person) != nil {
		return errStarKey
	}
	names, err := s.Packages.Starred(c.Request().Context(), by, person)
	if err != nil {
		return err
	}
	type row struct {
		Value string `json:"value"`
	}
	rows := make([]row, len(names))
	for i, n := range names {
		rows[i].Value = n
	}
	return private(c, http.StatusOK, map[string][]row{"rows": rows})
}
