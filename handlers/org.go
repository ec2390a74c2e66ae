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

// orgHead is what the pages of an organization have in common.
func (s *Server) orgHead(c echo.Context) (h views.OrgHead, err error) {
	ctx, by := c.Request().Context(), actor(c)
	if h.Org, h.Role, err = s.Orgs.Get(ctx, by, c.Param("org")); err != nil {
		return h, err
	}
	h.Count, err = s.Orgs.Count(ctx, by, h.Name)
	return h, err
}

func (s *Server) orgMembersPage(c echo.Context) error {
	ctx, by := c.Request().Context(), actor(c)
	page := views.OrgMembers{Find: strings.ToLower(strings.TrimSpace(c.QueryParam("find")))}
	var err error
	if page.OrgHead, err = s.orgHead(c); err != nil {
		return err
	}
	if page.Owner() {
		page.Segment = org.Segment(c.QueryParam("factor"))
		if page.Counts, err = s.Orgs.Counts(ctx, by, page.Name); err != nil {
			return err
		}
	}
	after := c.QueryParam("after")
	page.First = after == ""
	page.Members, err = s.Orgs.Members(ctx, by, page.Name, org.Query{Find: page.Find, After: after, Segment: page.Segment, Limit: peoplePerPage + 1})
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
	back := "/org/" + name + "/members"
	if field(c, "remove") == "" {
		role := org.Role(field(c, "role"))
		if err := s.Orgs.SetRole(ctx, by, name, person, role); err != nil {
			return err
		}
		return s.flash(c, person+" is "+string(role)+" now.", back)
	}
	if err := s.Orgs.Remove(ctx, by, name, person); err != nil {
		return err
	}
	if person == by.Name {
		return s.flash(c, "You left "+name+".", "/settings/organizations")
	}
	return s.flash(c, person+" is no member any more.", back)
}

// remindMembers writes to one member without a second factor, or to all of them.
func (s *Server) remindMembers(c echo.Context) error {
	name, person := c.Param("org"), field(c, "person")
	if err := s.Orgs.Remind(c.Request().Context(), actor(c), name, person); err != nil {
		return err
	}
	said := "A mail is on its way to " + person + "."
	if person == "" {
		said = "Mails are on their way to all members without a second factor."
	}
	return s.flash(c, said, "/org/"+name+"/members?factor=off")
}

// exportMembers sends the members of a segment as they are read: there may be many.
func (s *Server) exportMembers(c echo.Context) error {
	ctx, by, name := c.Request().Context(), actor(c), c.Param("org")
	if _, err := s.Orgs.Counts(ctx, by, name); err != nil { // before the first byte
		return err
	}
	return s.download(c, name+"-members.csv", "text/csv; charset=utf-8", func() error {
		return rows(c, []string{"name", "full_name", "role", "teams", "joined_at", "two_factor", "security_key", "app", "last_active"}, func(put func(...string) error) error {
			return s.Orgs.EachMember(ctx, by, name, org.Segment(c.QueryParam("factor")), func(p org.Person) error {
				return put(p.Name, p.FullName, string(p.Role), p.Teams, stamp(p.JoinedAt), onOff(p.HasFactor), onOff(p.HasKey), onOff(p.HasApp), stamp(p.LastActive))
			})
		})
	})
}
