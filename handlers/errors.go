package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
	"latchkey/internal/errs"
	"latchkey/views"
	"latchkey/views/ui"
)

// answer is how a kind of error looks. Text is said when the error itself says nothing that helps here;
// detour is a page that provides what is missing, with the way back.
type answer struct {
	status     int
	name, text string
	detour     string
}

// nothing is all that an error says of a thing that is absent, or hidden from who asks: the two must look
// alike. Errors that may say more have a sentence of their own.
const nothing = "Not found"

// answers is complete: every kind of error has a page.
var answers = map[errs.Kind]answer{
	errs.Internal: {
		status: http.StatusInternalServerError, name: "Something went wrong on our side",
		text: "It was not you, and nothing you typed is lost by trying again. If it keeps happening, tell whoever runs this registry.",
	},
	errs.Invalid:         {status: http.StatusUnprocessableEntity, name: "That could not be used"},
	errs.Unauthenticated: {status: http.StatusUnauthorized, name: "Sign in first", detour: "/login"},
	errs.Sudo:            {status: http.StatusUnauthorized, name: "Confirm that it is you", detour: "/sudo"},
	errs.SecondFactor:    {status: http.StatusUnauthorized, name: "Confirm that it is you", detour: "/sudo"},
	errs.Forbidden:       {status: http.StatusForbidden, name: "You may not do that"},
	errs.NotFound: {
		status: http.StatusNotFound, name: "There is nothing here",
		text: "The address may be mistyped, or what was here is gone. A private package is shown only to those who may see it, after they sign in.",
	},
	errs.Conflict:    {status: http.StatusConflict, name: "That changed in the meantime"},
	errs.TooLarge:    {status: http.StatusRequestEntityTooLarge, name: "That is too large"},
	errs.Unsupported: {status: http.StatusUnsupportedMediaType, name: "That is not something we can read"},
	errs.RateLimited: {status: http.StatusTooManyRequests, name: "Too many tries"},
	errs.Timeout:     {status: http.StatusRequestTimeout, name: "That took too long"},
	errs.Full:        {status: http.StatusServiceUnavailable, name: "There is no room left"},
	errs.Unavailable: {status: http.StatusServiceUnavailable, name: "Not just now"},
}

// handleError answers every error of the portal. Handlers only return them.
func (s *Server) handleError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	e := s.classify(err)
	a := answers[e.Kind]
	if a.detour != "" && s.detour(c, a) == nil {
		return
	}
	p := views.Problem{Name: a.name, Text: a.text, Places: []ui.Place{{Href: "/", Name: "Go to the first page"}}}
	if p.Text == "" {
		p.Text = e.Msg
	}
	switch e.Kind {
	case errs.Internal:
		edge.LogError(c, err)
		p.RequestID = edge.ID(c)
	case errs.RateLimited, errs.Unavailable:
		p.Text = e.Msg + wait(c, e)
	case errs.NotFound:
		if e.Msg != nothing {
			p.Text = e.Msg
		}
		if !actor(c).SignedIn() {
			p.Places = append(p.Places, s.signInPlace(c))
		}
	case errs.Forbidden:
		if errors.Is(err, errCrossOrigin) {
			p.Name, p.Text = "This form came from elsewhere", "cross-origin request rejected: a form must be sent from this registry's own pages, at "+
				s.Config.URL+". If you opened them under another address, go there and try again."
			p.Places = []ui.Place{{Href: s.Config.URL, Name: "Open " + s.Config.URL}}
		}
	default:
	}
	if e.Kind != errs.Internal {
		edge.LogRefusal(c, e)
	}
	if err := s.write(c, status(err, a), p); err != nil {
		edge.LogError(c, err)
		_ = c.String(http.StatusInternalServerError, "Something went wrong on our side. "+edge.ID(c))
	}
}

// classify turns the router's own errors into ours.
func (s *Server) classify(err error) *errs.Error {
	var he *echo.HTTPError
	if !errors.As(err, &he) {
		return errs.Of(err)
	}
	switch he.Code {
	case http.StatusNotFound:
		return errs.New(errs.NotFound, "handlers.no_route", nothing)
	case http.StatusRequestEntityTooLarge:
		return errFormLarge
	case http.StatusMethodNotAllowed:
		return errs.New(errs.Invalid, "handlers.method", "This address does not take that kind of request.")
	case http.StatusBadRequest:
		return errForm
	}
	return errs.New(errs.Internal, "handlers.router", "Something went wrong on our side.").With(err)
}

// status is the answer's own, but for a method that an address does not take: the browser is told which
// it does (Allow was set by the router).
func status(err error, a answer) int {
	var he *echo.HTTPError
	if errors.As(err, &he) && he.Code == http.StatusMethodNotAllowed {
		return he.Code
	}
	return a.status
}

// detour sends the browser to the page that provides what is missing. Where to go on is in the address
// of the sign-in page, because a stranger has no session to keep it in, and in the session otherwise.
func (s *Server) detour(c echo.Context, a answer) error {
	back, to := s.wayBack(c), a.detour
	if a.detour == "/login" {
		if back != "/" {
			to += "?next=" + url.QueryEscape(back)
		}
	} else {
		s.sessions.Put(c.Request().Context(), keyBack, back)
	}
	return redirectAs(c, a.status, to)
}

// signInPlace leads a stranger to the sign-in page, and from there back; not to a link that is used up.
func (s *Server) signInPlace(c echo.Context) ui.Place {
	p := ui.Place{Href: "/login", Name: "Sign in"}
	if c.Get("secret") == nil {
		p.Href += "?next=" + url.QueryEscape(s.wayBack(c))
	}
	return p
}

// wait says when to try again, to people in words and to programs in seconds.
func wait(c echo.Context, e *errs.Error) string {
	if edge.RetryAfter(c, e) < 5 {
		return ""
	}
	var then time.Time
	return " You can try again in " + humanize.RelTime(then, then.Add(e.RetryAfter), "", "") + "."
}
