package registryapi

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/errs"
	"latchkey/internal/org"
)

// developer is what npm calls a member.
const developer = "developer"

func roleOf(word string) org.Role {
	if word == developer || word == "" {
		return org.Member
	}
	return org.Role(word)
}

func wordOf(r org.Role) string {
	if r == org.Member {
		return developer
	}
	return string(r)
}

// named is the body of most requests about organizations and teams.
type named struct {
	User        string `json:"user"`
	Role        string `json:"role"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Package     string `json:"package"`
	Permissions string `json:"permissions"`
}

// person is the name in a body, with or without the @ that people put before it.
func (n named) person() string { return strings.TrimPrefix(n.User, "@") }

// orgMembers answers npm org ls.
func (s *Server) orgMembers(c echo.Context) error {
	by, err := s.signedIn(c)
	if err != nil {
		return err
	}
	roles, err := s.Orgs.Roles(c.Request().Context(), by, c.Param("org"))
	if err != nil {
		return err
	}
	out := make(map[string]string, len(roles))
	for name, r := range roles {
		out[name] = wordOf(r)
	}
	return private(c, http.StatusOK, out)
}

// setOrgMember answers npm org set, which changes a member's role or invites who is none. All that npm
// prints is that somebody "added" them, so a notice says that they were asked.
func (s *Server) setOrgMember(c echo.Context) error {
	ctx, name := c.Request().Context(), c.Param("org")
	by, err := s.signedIn(c)
	if err != nil {
		return err
	}
	var in named
	if err := s.decode(c, &in); err != nil {
		return err
	}
	invited, err := s.Orgs.SetOrInvite(ctx, by, name, in.person(), roleOf(in.Role))
	if err != nil {
		return err
	}
	size, err := s.Orgs.Count(ctx, by, name)
	if err != nil {
		return err
	}
	if invited {
		c.Response().Header().Set("npm-notice", in.person()+" was invited to "+name+" and is a member once they accept.")
	}
	type summary struct {
		Name string `json:"name"`
		Size int64  `json:"size"`
	}
	return private(c, http.StatusOK, struct {
		Org  summary `json:"org"`
		User string  `json:"user"`
		Role string  `json:"role"`
	}{summary{name, size}, in.person(), wordOf(roleOf(in.Role))})
}

// removeOrgMember answers npm org rm, whose body says who.
func (s *Server) removeOrgMember(c echo.Context) error {
	by, err := s.signedIn(c)
	if err != nil {
		return err
	}
	var in named
	if err := s.decode(c, &in); err != nil {
		return err
	}
	if err := s.Orgs.Remove(c.Request().Context(), by, c.Param("org"), in.person()); err != nil {
		return err
	}
	return private(c, http.StatusOK, written{OK: true, Success: true})
}

// orgPackages answers npm access list packages, which asks for every name as an organization first and for
// a person after a 404.
func (s *Server) orgPackages(c echo.Context) error {
	by, err := s.signedIn(c)
	if err != nil {
		return err
	}
	all, err := s.Orgs.Packages(c.Request().Context(), by, c.Param("org"))
	if err != nil {
		return err
	}
	return private(c, http.StatusOK, grants(all))
}

func grants(all []org.Grant) map[string]org.Permission {
	out := make(map[string]org.Permission, len(all))
	for _, g := range all {
		out[g.Package] = g.Permission
	}
	return out
}

// permission is npm's word for what a team may do. Clients send it in one form and show it in another.
func permission(word string) (org.Permission, error) {
	switch word {
	case "read-only", "read":
		return org.Read, nil
	case "read-write", "write":
		return org.Write, nil
	}
	return "", errs.New(errs.Invalid, "registryapi.permissions", "Say what the team may do: expected read-only or read-write.")
}
