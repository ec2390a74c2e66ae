package handlers

import (
	"bytes"
	"context"
	"html"
	"net/http"
	"regexp"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/internal/words"
	"latchkey/views/ui"
)

// page is what every page is: its values, and the markup around them.
type page interface{ Page() templ.Component }

// render answers with a page, or with the part of it that htmx asked for.
func (s *Server) render(c echo.Context, p page) error { return s.write(c, http.StatusOK, p) }

// renderForm answers with the page of a form that must be corrected.
func (s *Server) renderForm(c echo.Context, p page) error {
	return s.write(c, http.StatusUnprocessableEntity, p)
}

// write renders into a buffer first: an error half-way would otherwise leave half a page with status 200.
func (s *Server) write(c echo.Context, status int, p page) error {
	var b bytes.Buffer
	target := c.Request().Header.Get("HX-Target")
	if byHtmx(c) && target != "" {
		if err := templ.RenderFragments(s.framed(c, ""), &b, p.Page(), target); err != nil {
			return err
		}
	}
	if b.Len() > 0 {
		text, _ := c.Get("done").(string)
		ctx := s.framed(c, text)
		if err := ui.FlashNote().Render(ctx, &b); err != nil {
			return err
		}
		return c.HTMLBlob(status, bound(b.Bytes(), actor(c)))
	}
	if err := p.Page().Render(s.framed(c, s.takeFlash(c)), &b); err != nil {
		return err
	}
	if target != "" {
		c.Response().Header().Set("HX-Retarget", "body")
		c.Response().Header().Set("HX-Reswap", "outerHTML")
	}
	if c.Response().Header().Get(echo.HeaderCacheControl) == "" {
		c.Response().Header().Set(echo.HeaderCacheControl, "no-cache")
	}
	return c.HTMLBlob(status, bound(b.Bytes(), actor(c)))
}

// fieldFor is the field that says whose page a form was on.
const fieldFor = "signed_in_as"

var postForm = regexp.MustCompile(`<form [^>]*method="post"[^>]*>`)

// bound writes into every form of a page whose page it is. It stands here, and not in the templates, so that
// no form can be without it; readForm compares.
func bound(page []byte, by access.Actor) []byte {
	if !by.SignedIn() {
		return page
	}
	field := `${0}<input type="hidden" name="` + fieldFor + `" value="` + html.EscapeString(by.Name) + `"/>`
	return postForm.ReplaceAll(page, []byte(field))
}

// byHtmx reports whether our script sent the request, and not the browser itself.
func byHtmx(c echo.Context) bool { return c.Request().Header.Get("HX-Request") == "true" }

// framed is the request's context with what surrounds every page.
func (s *Server) framed(c echo.Context, flash string) context.Context {
	by := actor(c)
	return ui.WithFrame(c.Request().Context(), ui.Frame{
		Product: s.Config.Name, Registry: s.Config.RegistryURL,
		Path: c.Request().URL.Path, Now: s.Now(), Flash: flash,
		Me:     ui.Me{Name: by.Name, Operator: by.Operator, Verified: by.EmailVerified},
		Hold:   holdOf(by, s.Now()),
		SignUp: s.Config.SignUp == config.SignUpOpen, Mail: s.Outbox.Captures(),
	})
}

// holdOf says that an account is read-only, and for how long still.
func holdOf(by access.Actor, now time.Time) string {
	if !by.Hold.At(now) {
		return ""
	}
	return "Your account is read-only for another " + words.Left(by.Hold.Until.Sub(now)) + ", because " + by.Hold.Reason.Why() +
		". It ends by itself. If that was not you, lock your account."
}

// done ends a write that changed what a page shows: htmx gets the part that it asked for, by the page's
// own handler, and the message beside it; a browser without script is sent to the page.
func (s *Server) done(c echo.Context, text, next string, show echo.HandlerFunc) error {
	if byHtmx(c) {
		c.Set("done", text)
		return show(c)
	}
	return s.flash(c, text, next)
}

// redirect sends the browser to a page.
func redirect(c echo.Context, to string) error { return redirectAs(c, http.StatusOK, to) }

// redirectAs sends the browser to a page. htmx is told in a header, because it would follow a 303 by
// itself and put the page into a part of the old one; status is what it is answered with.
func redirectAs(c echo.Context, status int, to string) error {
	if byHtmx(c) {
		c.Response().Header().Set("HX-Redirect", to)
		return c.NoContent(status)
	}
	return c.Redirect(http.StatusSeeOther, to)
}
