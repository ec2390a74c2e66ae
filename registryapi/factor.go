package registryapi

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/edge"
	"latchkey/internal/errs"
	"latchkey/internal/twofactor"
)

// What npm says of a command in its headers (npm-registry-fetch). Anything else is left out.
var (
	commandForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	runForm     = regexp.MustCompile(`^[0-9a-f]{8,64}$`)
)

// terminal is what a request says of the command line that it comes from.
func terminal(c echo.Context) twofactor.Terminal {
	h := c.Request().Header
	t := twofactor.Terminal{
		Browser: h.Get("Npm-Auth-Type") == "web", Workspaces: strings.Contains(c.Request().UserAgent(), "workspaces/true"), Package: edge.PackageName(c),
	}
	if command := h.Get("Npm-Command"); commandForm.MatchString(command) {
		t.Command = command
	}
	if run := h.Get("Npm-Session"); runForm.MatchString(run) {
		t.Run = run
	}
	return t
}

// proven completes the actor of a request that changes something with the one-time password that came along.
// What was confirmed for one request is good for its very bytes: the handler reads the body through a digest.
func (s *Server) proven(c echo.Context, by access.Actor) (access.Actor, error) {
	if by.Factor == access.NoFactor || c.Request().Method == http.MethodGet || c.Request().Method == http.MethodHead {
		return by, nil
	}
	by, err := s.Factors.Present(c.Request().Context(), by, terminal(c), c.Request().Header.Get("Npm-Otp"))
	if err != nil {
		return by, err
	}
	read := digested(c)
	if by.Only != nil && by.Only.Request != "" {
		read.want, read.act = by.Only.Request, *by.Only
		if c.Request().ContentLength == 0 {
			return by, read.check()
		}
	}
	return by, nil
}

// digest is a request's body that is hashed as it is read, after the method and the address. At its end it
// must be what was confirmed, if anything was.
type digest struct {
	io.ReadCloser
	sum  hash.Hash
	want string
	act  access.Deed
}

func digested(c echo.Context) *digest {
	r := c.Request()
	d := &digest{ReadCloser: r.Body, sum: sha256.New()}
	d.sum.Write([]byte(r.Method + " " + r.URL.Path + "\n"))
	r.Body = d
	c.Set("digest", d)
	return d
}

// Read implements io.Reader.
func (d *digest) Read(p []byte) (int, error) {
	n, err := d.ReadCloser.Read(p)
	d.sum.Write(p[:n])
	if errors.Is(err, io.EOF) {
		if wrong := d.check(); wrong != nil {
			return n, wrong
		}
	}
	return n, err
}

func (d *digest) check() error {
	if d.want != "" && d.want != d.text() {
		return access.ErrSecondFactor.With(access.OwedError{Deed: access.Deed{Action: d.act.Action, Package: d.act.Package}})
	}
	return nil
}

func (d *digest) text() string { return hex.EncodeToString(d.sum.Sum(nil)) }

// maxUnread bounds what is still read of a request that was refused, to know what it would have done.
const maxUnread = 64 << 20

// challenge answers a request that needs the account's second factor: npm opens the page at authUrl and asks
// doneUrl until it is answered; other clients ask for a code to type.
func (s *Server) challenge(c echo.Context, e *errs.Error) error {
	h := c.Response().Header()
	h.Set(echo.HeaderWWWAuthenticate, "OTP") // alone: npm-registry-fetch compares the whole list
	by, _ := c.Get("actor").(access.Actor)
	if e.Code != access.ErrSecondFactor.Code || by.Grant == nil {
		if e.Code == account.ErrCodeMailed.Code {
			h.Set("Npm-Notice", e.Msg) // npm's own question speaks of an app only
		}
		refuse(c, http.StatusUnauthorized, map[string]string{"error": e.Msg + " (one-time pass)"})
		return nil
	}
	var owed access.OwedError
	errors.As(e.Err, &owed)
	deed, t := owed.Deed, terminal(c)
	if deed.Package == "" {
		deed.Package = t.Package
	}
	if d, ok := c.Get("digest").(*digest); ok && deed.Digest == "" {
		d.want = ""
		if _, err := io.CopyN(io.Discard, d, maxUnread); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		deed.Request = d.text()
	}
	asked, err := s.Factors.Ask(c.Request().Context(), by, deed, t)
	if err != nil {
		return err
	}
	page := s.Config.URL + "auth/confirm/" + asked.ID
	body := map[string]string{"error": "You must provide a one-time password: type the code of your authenticator app, or confirm at " + page + " (one-time pass)"}
	if t.Browser {
		body["authUrl"], body["doneUrl"] = page, s.Config.RegistryURL+"-/v1/confirmed?id="+url.QueryEscape(asked.Poll)
	} else {
		h.Set("Npm-Notice", "Your security key can confirm this too: open "+page)
	}
	refuse(c, http.StatusUnauthorized, body)
	return nil
}

// pollConfirmation answers the done URL of a challenge. npm asks with the method of the command that waits.
func (s *Server) pollConfirmation(c echo.Context) error {
	code, waits, err := s.Factors.Poll(c.Request().Context(), edge.Actor(c), c.QueryParam("id"))
	if err != nil {
		return err
	}
	if waits {
		c.Response().Header().Set(echo.HeaderRetryAfter, pollEvery)
		return private(c, http.StatusAccepted, struct{}{})
	}
	return private(c, http.StatusOK, map[string]string{"token": code})
}
