package registryapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
)

// addOwner answers PUT /-/package/{pkg}/owners, with which pnpm adds one; npm sends the whole list.
func (s *Server) addOwner(c echo.Context) error {
	by, err := s.actor(c)
	if err != nil {
		return err
	}
	var in struct {
		User string `json:"user"`
	}
	if err := s.decode(c, &in); err != nil {
		return err
	}
	if err := s.Packages.InviteMaintainer(c.Request().Context(), by, edge.PackageName(c), in.User); err != nil {
		return err
	}
	s.noticeInvited(c, []string{in.User})
	return private(c, http.StatusCreated, written{OK: true, Success: true, ID: edge.PackageName(c)})
}

func (s *Server) removeOwner(c echo.Context) error {
	by, err := s.actor(c)
	if err != nil {
		return err
	}
	if err := s.Packages.RemoveMaintainer(c.Request().Context(), by, edge.PackageName(c), c.Param("user")); err != nil {
		return err
	}
	return private(c, http.StatusOK, written{OK: true, Success: true, ID: edge.PackageName(c)})
}

type collaborator struct {
	Username    string `json:"username"`
	Email       string `json:"email"`
	Permissions string `json:"permissions"`
}

// collaborators answers npm access list collaborators, which wants an object, and pnpm's, which says
// format=cli and wants a list.
func (s *Server) collaborators(c echo.Context) error {
	by, err := s.actor(c)
	if err != nil {
		return err
	}
	people, err := s.Packages.Maintainers(c.Request().Context(), by, edge.PackageName(c))
	if err != nil {
		return err
	}
	list, object := make([]collaborator, len(people)), make(map[string]string, len(people))
	for i, p := range people {
		list[i], object[p] = collaborator{Username: p, Permissions: "write"}, "write"
	}
	if c.QueryParam("format") == "cli" {
		return private(c, http.StatusOK, list)
	}
	return private(c, http.StatusOK, object)
}

// packagesOf answers npm access list packages for a person; as an organization, which npm asks for first,
// they are not found.
func (s *Server) packagesOf(c echo.Context) error {
	by, err := s.signedIn(c)
	if err != nil {
		return err
	}
	p, err := s.Accounts.Person(c.Request().Context(), by, c.Param("user"))
	if err != nil {
		return err
	}
	names, err := s.Packages.Maintained(c.Request().Context(), by, p.Name)
	if err != nil {
		return err
	}
	out := make(map[string]string, len(names))
	for _, n := range names {
		out[n] = "write"
	}
	return private(c, http.StatusOK, out)
}
