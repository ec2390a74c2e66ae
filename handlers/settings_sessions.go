package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/internal/token"
	"latchkey/views"
)

func (s *Server) sessionsPage(c echo.Context) error {
	ctx, by := c.Request().Context(), actor(c)
	browsers, err := s.Accounts.Browsers(ctx, by)
	if err != nil {
		return err
	}
	held, err := s.Tokens.List(ctx, by, by.Name)
	if err != nil {
		return err
	}
	page := views.SettingsSessions{}
	for _, b := range browsers {
		row := views.SignedInBrowser{Browser: b, Device: account.Device(b.Agent), Here: b.ID == by.SessionID}
		if row.Here { // first
			page.Browsers = append([]views.SignedInBrowser{row}, page.Browsers...)
		} else {
			page.Browsers = append(page.Browsers, row)
		}
	}
	for _, t := range held {
		if t.Kind == token.Session {
			page.Terminals = append(page.Terminals, t)
		}
	}
	return s.render(c, page)
}

func (s *Server) endSessions(c echo.Context) error {
	ctx, by := c.Request().Context(), actor(c)
	if id := field(c, "browser"); id != "" {
		err := s.Accounts.EndBrowser(ctx, by, id)
		if err == nil && id == by.SessionID {
			return s.left(c, "You are signed out.", "/")
		}
		return s.ended(c, err, "That browser is signed out.")
	}
	if id := field(c, "terminal"); id != "" {
		_, err := s.Tokens.RevokeHeld(ctx, by, by.Name, id)
		return s.ended(c, err, "That terminal is signed out.")
	}
	switch field(c, "all") {
	case "others":
		return s.ended(c, s.Accounts.EndOtherBrowsers(ctx, by), "Your other browsers are signed out.")
	case "everywhere":
		if err := s.Accounts.EndEverything(ctx, by); err != nil {
			return err
		}
		return s.left(c, "You are signed out everywhere.", "/")
	}
	return errForm
}

func (s *Server) ended(c echo.Context, err error, text string) error {
	if err != nil {
		return err
	}
	return s.done(c, text, "/settings/sessions", s.sessionsPage)
}

// left goes on after this browser's own session has ended.
func (s *Server) left(c echo.Context, text, next string) error {
	if err := s.sessions.Destroy(c.Request().Context()); err != nil {
		return err
	}
	c.Response().Header().Set("Clear-Site-Data", `"cache", "storage"`)
	return s.flash(c, text, next)
}
