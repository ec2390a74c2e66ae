package registryapi

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/org"
)

// mostListed is how many members of a team one answer lists.
const mostListed = 10_000

// object is how pnpm wants to be told a name; npm says format=cli and wants the bare text.
type object struct {
	Name string `json:"name"`
}

func list(c echo.Context, names []string) error {
	if c.QueryParam("format") == "cli" {
		return private(c, http.StatusOK, names)
	}
	out := make([]object, len(names))
	for i, n := range names {
		out[i] = object{n}
	}
	return private(c, http.StatusOK, out)
}

// listTeams answers npm team ls acme.
func (s *Server) listTeams(c echo.Context) error {
	by, err := s.signedIn(c)
	if err != nil {
		return err
	}
	name := c.Param("org")
	teams, err := s.Orgs.Teams(c.Request().Context(), by, name)
	if err != nil {
		return err
	}
	names := make([]string, len(teams))
	for i, t := range teams {
		names[i] = name + ":" + t.Name
	}
	return list(c, names)
}

// createTeam answers npm team create.
func (s *Server) createTeam(c echo.Context) error {
	return s.changed(c, http.StatusCreated, func(by access.Actor, in named) error {
		return s.Orgs.CreateTeam(c.Request().Context(), by, c.Param("org"), org.Team{Name: in.Name, Description: in.Description})
	})
}

// removeTeam answers npm team destroy.
func (s *Server) removeTeam(c echo.Context) error {
	return s.changed(c, http.StatusOK, func(by access.Actor, _ named) error {
		return s.Orgs.RemoveTeam(c.Request().Context(), by, c.Param("org"), c.Param("team"))
	})
}

// changed does what a body asks for and answers with the name of what there is now.
func (s *Server) changed(c echo.Context, status int, do func(by access.Actor, in named) error) error {
	by, err := s.signedIn(c)
	if err != nil {
		return err
	}
	var in named
	if err := s.decode(c, &in); err != nil {
		return err
	}
	if err := do(by, in); err != nil {
		return err
	}
	return private(c, status, object{Name: in.Name + in.User + in.Package})
}

// teamMembers answers npm team ls acme:web.
func (s *Server) teamMembers(c echo.Context) error {
	by, err := s.signedIn(c)
	if err != nil {
		return err
	}
	_, people, err := s.Orgs.Team(c.Request().Context(), by, c.Param("org"), c.Param("team"), "", mostListed)
	if err != nil {
		return err
	}
	return list(c, append([]string{}, people...)) // never null
}

// addToTeam answers npm team add.
func (s *Server) addToTeam(c echo.Context) error {
	return s.changed(c, http.StatusCreated, func(by access.Actor, in named) error {
		return s.Orgs.AddToTeam(c.Request().Context(), by, c.Param("org"), c.Param("team"), in.person())
	})
}

// removeFromTeam answers npm team rm.
func (s *Server) removeFromTeam(c echo.Context) error {
	return s.changed(c, http.StatusOK, func(by access.Actor, in named) error {
		return s.Orgs.RemoveFromTeam(c.Request().Context(), by, c.Param("org"), c.Param("team"), in.person())
	})
}

// teamPackages answers npm access list packages @acme:web.
func (s *Server) teamPackages(c echo.Context) error {
	by, err := s.signedIn(c)
	if err != nil {
		return err
	}
	all, err := s.Orgs.TeamPackages(c.Request().Context(), by, c.Param("org"), c.Param("team"))
	if err != nil {
		return err
	}
	return private(c, http.StatusOK, grants(all))
}

// grant answers npm access grant.
func (s *Server) grant(c echo.Context) error {
	return s.changed(c, http.StatusCreated, func(by access.Actor, in named) error {
		p, err := permission(in.Permissions)
		if err != nil {
			return err
		}
		return s.Orgs.Grant(c.Request().Context(), by, c.Param("org"), c.Param("team"), strings.TrimSpace(in.Package), p)
	})
}

// ungrant answers npm access revoke.
func (s *Server) ungrant(c echo.Context) error {
	return s.changed(c, http.StatusOK, func(by access.Actor, in named) error {
		return s.Orgs.Ungrant(c.Request().Context(), by, c.Param("org"), c.Param("team"), in.Package)
	})
}
