package handlers

import (
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/org"
	"latchkey/views"
)

func (s *Server) myOrganizations(c echo.Context) error {
	of, err := s.Orgs.Of(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	return s.render(c, views.SettingsOrganizations{Memberships: of})
}

func (s *Server) newOrgPage(c echo.Context) error { return s.render(c, views.OrgNew{}) }

func (s *Server) newOrg(c echo.Context) error {
	page := views.OrgNew{Name: field(c, "name")}
	o, err := s.Orgs.Create(c.Request().Context(), actor(c), org.NewOrg{Name: page.Name})
	if page.Problems = problems(err); page.Problems != nil {
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	return s.flash(c, "Made "+o.Name+". Its packages are in the scope @"+o.Name+". Invite the others now.", "/org/"+o.Name+"/invitations")
}

func (s *Server) orgMembersPage(c echo.Context) error {
	ctx, by, name := c.Request().Context(), actor(c), c.Param("org")
	page := views.OrgMembers{Org: name, Find: strings.ToLower(strings.TrimSpace(c.QueryParam("find")))}
	_, role, err := s.Orgs.Get(ctx, by, name)
	if err != nil {
		return err
	}
	if page.Count, err = s.Orgs.Count(ctx, by, name); err != nil {
		return err
	}
	after := c.QueryParam("after")
	page.Owner, page.First = role == org.Owner, after == ""
	page.Members, err = s.Orgs.Members(ctx, by, name, page.Find, after, peoplePerPage+1)
	if len(page.Members) > peoplePerPage {
		page.Members = page.Members[:peoplePerPage]
		page.Next = page.Members[peoplePerPage-1].Name
	}
	if err != nil {
		return err
	}
	return s.render(c, page)
}

// changeMember does what a member's row asks for: another role, or the end.
func (s *Server) changeMember(c echo.Context) error {
	ctx, by, name, person := c.Request().Context(), actor(c), c.Param("org"), field(c, "person")
	if field(c, "remove") == "" {
		role := org.Role(field(c, "role"))
		if err := s.Orgs.SetRole(ctx, by, name, person, role); err != nil {
			return err
		}
		return s.flash(c, person+" is "+string(role)+" now.", "/org/"+name+"/members")
	}
	if err := s.Orgs.Remove(ctx, by, name, person); err != nil {
		return err
	}
	if person == by.Name {
		return s.flash(c, "You left "+name+".", "/settings/organizations")
	}
	return s.flash(c, person+" is no member any more.", "/org/"+name+"/members")
}
