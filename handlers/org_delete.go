package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/views"
)

func (s *Server) orgDeleteOf(c echo.Context) (page views.OrgDelete, err error) {
	if page.OrgHead, err = s.orgHead(c); err != nil {
		return page, err
	}
	page.Ending, err = s.Orgs.Ending(c.Request().Context(), actor(c), page.Name)
	return page, err
}

func (s *Server) orgDeletePage(c echo.Context) error {
	page, err := s.orgDeleteOf(c)
	if err != nil {
		return err
	}
	return s.render(c, page)
}

func (s *Server) deleteOrg(c echo.Context) error {
	name := c.Param("org")
	err := s.Orgs.Delete(c.Request().Context(), actor(c), name, field(c, "confirm"))
	if wrong := problems(err); wrong != nil {
		page, err := s.orgDeleteOf(c)
		if err != nil {
			return err
		}
		page.Problems = wrong
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	return s.flash(c, "The organization "+name+" is deleted.", "/settings/organizations")
}
