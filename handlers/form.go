package handlers

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/errs"
	"latchkey/views/ui"
)

const maxFields = 100

// What is wrong with a request before any page looks at it.
var (
	errForm        = errs.New(errs.Invalid, "handlers.form", "The form could not be read.")
	errFormType    = errs.New(errs.Unsupported, "handlers.form_type", "This page takes ordinary forms only.")
	errOtherPerson = errs.New(errs.Conflict, "handlers.other_person",
		"Somebody else was signed in when this page was opened, and nothing was changed. Open it again to do this as yourself.")
	errFormLarge = errs.New(errs.TooLarge, "handlers.form_large", "The form is larger than this registry accepts.")
)

// readForm reads the body of a request that changes something, within the limit. Fields never come from
// the query, which other sites' links could fill.
func (s *Server) readForm(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.Method == http.MethodGet || r.Method == http.MethodHead || r.ContentLength == 0 {
			return next(c)
		}
		kind, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
		if err != nil || kind != echo.MIMEApplicationForm {
			return errFormType
		}
		r.Body = http.MaxBytesReader(c.Response(), r.Body, s.Config.Limits.FormBytes)
		r.Form = url.Values{} // so that ParseForm leaves the query alone
		err = r.ParseForm()
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			return errFormLarge
		case err != nil:
			// A body that broke off ends the request's context, and the answer would fail with it.
			c.SetRequest(r.WithContext(context.WithoutCancel(r.Context())))
			if errs.Of(err).Kind != errs.Internal {
				return err
			}
			return errForm.With(err)
		case len(r.PostForm) > maxFields:
			return errForm
		}
		if by, page := actor(c), r.PostForm.Get(fieldFor); page != "" && by.SignedIn() && page != by.Name {
			return errOtherPerson
		}
		return next(c)
	}
}

// field is a field of the form, without the blanks around it.
func field(c echo.Context, name string) string {
	return strings.TrimSpace(c.Request().PostForm.Get(name))
}

// password is the form's password, as it was typed.
func password(c echo.Context) string { return c.Request().PostForm.Get("password") }

// problems says what is wrong with a form, when that is what the error is about.
func problems(err error) ui.Problems {
	e := errs.AsInvalid(err)
	switch {
	case e == nil:
		return nil
	case len(e.Fields) > 0:
		return e.Fields
	}
	return ui.Problems{"": e.Msg}
}

// local returns an address on this portal that a browser may be sent to, or "/" for any other. What
// browsers read as another host is not local: //host, /\host, and both with their characters encoded.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || len(next) > 2048 || !strings.HasPrefix(next, "/") || u.Scheme != "" || u.Host != "" || u.Opaque != "" {
		return "/"
	}
	for _, r := range u.Path + next {
		if r < ' ' || r == '\\' || r == 0x7f {
			return "/"
		}
	}
	if strings.Contains(u.Path, "//") {
		return "/"
	}
	return next
}

// wayBack is the page to return to: the one asked for, or for a form the one that held it.
func (s *Server) wayBack(c echo.Context) string {
	r := c.Request()
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return local(r.RequestURI)
	}
	for _, from := range []string{r.Header.Get("HX-Current-URL"), r.Referer()} {
		if path, ok := strings.CutPrefix(from, s.origin+"/"); ok {
			return local("/" + path)
		}
	}
	return "/"
}
