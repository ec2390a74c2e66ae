package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
	"latchkey/internal/errs"
	"latchkey/internal/registry"
	"latchkey/views"
	"latchkey/views/ui"
)

func (s *Server) packageSettingsPage(c echo.Context) error {
	page, err := s.packageSettingsOf(c)
	if err != nil {
		return err
	}
	return s.render(c, page)
}

func (s *Server) packageSettingsOf(c echo.Context) (page views.PackageSettings, err error) {
	ctx, by, name := c.Request().Context(), actor(c), edge.PackageName(c)
	if page.Settings, err = s.Packages.Settings(ctx, by, name); err != nil {
		return page, err
	}
	page.Package, err = s.Packages.Page(ctx, by, name)
	return page, err
}

// wrongSettings answers with the page, what was typed, and what is wrong with it. Which form the whole page's
// message belongs to is told by where it stands.
func (s *Server) wrongSettings(c echo.Context, wrong ui.Problems) error {
	page, err := s.packageSettingsOf(c)
	if err != nil {
		return err
	}
	page.Problems = wrong
	page.Person, page.Range, page.Message = field(c, "person"), field(c, "range"), field(c, "message")
	return s.renderForm(c, page)
}

func (s *Server) setPackageAccess(c echo.Context) error {
	name, to := edge.PackageName(c), field(c, "access")
	err := s.Packages.SetAccess(c.Request().Context(), actor(c), name, to)
	if wrong := problems(err); wrong != nil {
		return s.wrongSettings(c, wrong)
	}
	if err != nil {
		return err
	}
	said := name + " is public now: everybody can see and install it."
	if to != "public" {
		said = name + " is private now: only those who have access to it can see or install it."
	}
	return s.flash(c, said, views.PackageSettingsURL(name))
}

// changeMaintainers asks somebody to maintain a package, or ends it.
func (s *Server) changeMaintainers(c echo.Context) error {
	ctx, by, name, person := c.Request().Context(), actor(c), edge.PackageName(c), field(c, "person")
	said := ""
	var err error
	switch field(c, "act") {
	case "ask":
		said = person + " is asked to maintain " + name + ", and does from when they accept."
		err = s.Packages.InviteMaintainer(ctx, by, name, person)
		if errs.Of(err).Code == registry.ErrNoPerson.Code {
			return s.wrongSettings(c, ui.Problems{"person": registry.ErrNoPerson.Msg})
		}
	case "remove":
		said, err = person+" does not maintain "+name+" any more.", s.Packages.RemoveMaintainer(ctx, by, name, person)
		if err == nil && person == by.Name {
			return s.flash(c, "You do not maintain "+name+" any more.", "/settings/packages")
		}
	case "withdraw":
		said, err = "The invitation of "+person+" is taken back.", s.Packages.RemoveMaintainer(ctx, by, name, person)
	default:
		err = errForm
	}
	if err != nil {
		return err
	}
	return s.flash(c, said, views.PackageSettingsURL(name))
}

func (s *Server) deprecatePackage(c echo.Context) error {
	name, message := edge.PackageName(c), field(c, "message")
	took := field(c, "act") == "undeprecate"
	if took {
		message = ""
	}
	ctx, by := c.Request().Context(), actor(c)
	if _, err := s.Packages.Settings(ctx, by, name); err != nil {
		return err
	}
	if message == "" && !took {
		return s.wrongSettings(c, ui.Problems{"message": "Say why, and what to use instead: every install prints it."})
	}
	n, err := s.Packages.DeprecateRange(ctx, by, name, field(c, "range"), message)
	if wrong := problems(err); wrong != nil {
		return s.wrongSettings(c, wrong)
	}
	if err != nil {
		return err
	}
	said := ui.Count(int64(n), "version is", "versions are") + " deprecated: every install prints your message."
	if took {
		said = ui.Count(int64(n), "version is", "versions are") + " not deprecated any more."
	}
	return s.flash(c, said, views.PackageSettingsURL(name))
}

func (s *Server) packageDeletePage(c echo.Context) error {
	page, err := s.packageDeleteOf(c, c.QueryParam("version"))
	if err != nil {
		return err
	}
	return s.render(c, page)
}

func (s *Server) packageDeleteOf(c echo.Context, version string) (page views.PackageDelete, err error) {
	ctx, by, name := c.Request().Context(), actor(c), edge.PackageName(c)
	if page.Impact, err = s.Packages.Impact(ctx, by, name, version); err != nil {
		return page, err
	}
	page.Package, err = s.Packages.Page(ctx, by, name)
	return page, err
}

// deletePackage unpublishes a version or a whole package, whose name was typed below what it would do.
func (s *Server) deletePackage(c echo.Context) error {
	ctx, by, version := c.Request().Context(), actor(c), field(c, "version")
	page, err := s.packageDeleteOf(c, version)
	if err != nil {
		return err
	}
	name, rev := page.Impact.Name, field(c, "revision")
	if page.Typed = field(c, "typed"); page.Typed != page.Wanted() {
		page.Problems = ui.Problems{"typed": "Expected " + page.Wanted() + "."}
		return s.renderForm(c, page)
	}
	if version == "" {
		if err := s.Packages.Unpublish(ctx, by, name, rev); err != nil {
			return err
		}
		return s.flash(c, name+" is deleted, with "+ui.Count(page.Impact.Versions, "version", "versions")+".", "/settings/packages")
	}
	if err := s.Packages.UnpublishVersion(ctx, by, name, rev, version); err != nil {
		return err
	}
	return s.flash(c, name+"@"+version+" is deleted.", views.PackageSettingsURL(name))
}
