package handlers

import (
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/errs"
	"latchkey/internal/org"
	"latchkey/views"
)

func (s *Server) orgSecurityOf(c echo.Context) (page views.OrgSecurity, err error) {
	ctx, by := c.Request().Context(), actor(c)
	if page.OrgHead, err = s.orgHead(c); err != nil {
		return page, err
	}
	if page.Counts, err = s.Orgs.Counts(ctx, by, page.Name); err != nil {
		return page, err
	}
	page.Removed, err = s.Orgs.Restorable(ctx, by, page.Name)
	return page, err
}

func (s *Server) orgSecurityPage(c echo.Context) error {
	page, err := s.orgSecurityOf(c)
	if err != nil {
		return err
	}
	return s.render(c, page)
}

// enforcementOf reads the choices of an enforcement. A date is the beginning of that day, UTC.
func enforcementOf(value func(string) string) (e org.Enforcement, err error) {
	e = org.Enforcement{Requires: org.Requirement(value("factors")), PeopleOnly: value("people_only") != "", Confirm: value("confirm")}
	if value("when") == "date" {
		if e.From, err = time.Parse(time.DateOnly, value("date")); err != nil {
			return e, errs.Field("date", "Choose the day from which on it is required.")
		}
	}
	e.Expect, _ = strconv.ParseInt(value("expect"), 10, 64) // anything else is no number of people
	return e, nil
}

// orgPreviewPage lists what an enforcement would do.
func (s *Server) orgPreviewPage(c echo.Context) error {
	e, err := enforcementOf(c.QueryParam)
	if err != nil {
		return s.refuseEnforcement(c, e, err)
	}
	return s.previewEnforcement(c, e, nil)
}

// refuseEnforcement shows the choices again with what is wrong with them.
func (s *Server) refuseEnforcement(c echo.Context, e org.Enforcement, err error) error {
	wrong := problems(err)
	if wrong == nil {
		return err
	}
	page, err := s.orgSecurityOf(c)
	if err != nil {
		return err
	}
	page.Choice, page.Problems = e, wrong
	return s.renderForm(c, page)
}

func (s *Server) previewEnforcement(c echo.Context, e org.Enforcement, wrong error) error {
	page := views.OrgPreview{Choice: e, Problems: problems(wrong)}
	var err error
	if page.OrgHead, err = s.orgHead(c); err != nil {
		return err
	}
	if page.Impact, err = s.Orgs.Preview(c.Request().Context(), actor(c), page.Name, e); err != nil {
		return s.refuseEnforcement(c, e, err)
	}
	if wrong != nil {
		return s.renderForm(c, page)
	}
	return s.render(c, page)
}

// changeOrgSecurity enforces what was previewed, or ends it.
func (s *Server) changeOrgSecurity(c echo.Context) error {
	ctx, by, name := c.Request().Context(), actor(c), c.Param("org")
	back := "/org/" + name + "/security"
	if field(c, "do") == "off" {
		if err := s.Orgs.StopEnforcing(ctx, by, name); err != nil {
			return err
		}
		return s.flash(c, "Two-factor authentication is not required here any more. The owners were told.", back)
	}
	e, err := enforcementOf(func(name string) string { return field(c, name) })
	if err != nil {
		return s.refuseEnforcement(c, e, err)
	}
	err = s.Orgs.Enforce(ctx, by, name, e)
	if wrong := problems(err); wrong != nil && wrong["confirm"] != "" {
		return s.previewEnforcement(c, e, err)
	}
	if err != nil {
		return s.refuseEnforcement(c, e, err)
	}
	if !e.From.IsZero() {
		return s.flash(c, "Two-factor authentication will be required from "+e.From.Format("2 January 2006")+" on. Members without it were told.", back)
	}
	return s.flash(c, "Two-factor authentication is required from now on.", back)
}

// restoreMember brings somebody back who was removed for having no second factor.
func (s *Server) restoreMember(c echo.Context) error {
	name, person := c.Param("org"), field(c, "person")
	if err := s.Orgs.Restore(c.Request().Context(), actor(c), name, person); err != nil {
		return err
	}
	return s.flash(c, person+" is back, with their role and teams.", "/org/"+name+"/security")
}
