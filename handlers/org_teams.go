package handlers

import (
	"context"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/org"
	"latchkey/views"
)

func (s *Server) orgTeamsOf(c echo.Context) (page views.OrgTeams, err error) {
	if page.OrgHead, err = s.orgHead(c); err != nil {
		return page, err
	}
	page.Teams, err = s.Orgs.Teams(c.Request().Context(), actor(c), page.Name)
	return page, err
}

func (s *Server) orgTeamsPage(c echo.Context) error {
	page, err := s.orgTeamsOf(c)
	if err != nil {
		return err
	}
	return s.render(c, page)
}

func (s *Server) createTeam(c echo.Context) error {
	t := org.Team{Name: field(c, "name"), Description: field(c, "description"), NewPackages: org.Permission(field(c, "new_packages"))}
	err := s.Orgs.CreateTeam(c.Request().Context(), actor(c), c.Param("org"), t)
	if wrong := problems(err); wrong != nil {
		page, err := s.orgTeamsOf(c)
		if err != nil {
			return err
		}
		page.Draft, page.Problems = t, wrong
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	return s.flash(c, "Made the team "+t.Name+". Add its members and packages.", "/org/"+c.Param("org")+"/teams/"+t.Name)
}

func (s *Server) orgTeamPage(c echo.Context) error {
	ctx, by := c.Request().Context(), actor(c)
	page := views.OrgTeam{First: c.QueryParam("after") == ""}
	var err error
	if page.OrgHead, err = s.orgHead(c); err != nil {
		return err
	}
	name := c.Param("team")
	if page.Team, page.People, err = s.Orgs.Team(ctx, by, page.Name, name, c.QueryParam("after"), peoplePerPage+1); err != nil {
		return err
	}
	if len(page.People) > peoplePerPage {
		page.People = page.People[:peoplePerPage]
		page.Next = page.People[peoplePerPage-1]
	}
	if page.Grants, err = s.Orgs.TeamPackages(ctx, by, page.Name, name); err != nil {
		return err
	}
	if page.Alone, err = s.Orgs.Alone(ctx, by, page.Name, name); err != nil {
		return err
	}
	return s.render(c, page)
}

// changeTeam does what one of the forms of a team's page asks for.
func (s *Server) changeTeam(c echo.Context) error {
	name, team := c.Param("org"), c.Param("team")
	person, pkg := field(c, "person"), field(c, "package")
	acts := map[string]struct {
		do   func(ctx context.Context, by access.Actor) error
		said string
	}{
		"add": {func(ctx context.Context, by access.Actor) error { return s.Orgs.AddToTeam(ctx, by, name, team, person) }, person + " is in the team."},
		"remove": {func(ctx context.Context, by access.Actor) error {
			return s.Orgs.RemoveFromTeam(ctx, by, name, team, person)
		}, person + " is not in the team any more."},
		"grant": {func(ctx context.Context, by access.Actor) error {
			return s.Orgs.Grant(ctx, by, name, team, pkg, org.Permission(field(c, "permission")))
		}, "The team reaches " + pkg + "."},
		"ungrant": {func(ctx context.Context, by access.Actor) error { return s.Orgs.Ungrant(ctx, by, name, team, pkg) }, "The team does not reach " + pkg + " any more."},
		"defaults": {func(ctx context.Context, by access.Actor) error {
			return s.Orgs.SetNewPackages(ctx, by, name, team, org.Permission(field(c, "new_packages")))
		}, "Saved what the team may do with new packages."},
		"destroy": {func(ctx context.Context, by access.Actor) error { return s.Orgs.RemoveTeam(ctx, by, name, team) }, "Removed the team " + team + "."},
	}
	act, known := acts[field(c, "do")]
	if !known {
		return errForm
	}
	if err := act.do(c.Request().Context(), actor(c)); err != nil {
		return err
	}
	back := "/org/" + name + "/teams"
	if field(c, "do") != "destroy" {
		back += "/" + team
	}
	return s.flash(c, act.said, back)
}
