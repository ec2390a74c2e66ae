package registryapi

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/errs"
)

// profileBody is what npm profile get prints, in the order in which it prints it.
type profileBody struct {
	Name          string   `json:"name"`
	Email         string   `json:"email"`
	EmailVerified bool     `json:"email_verified"`
	TFA           any      `json:"tfa"`
	FullName      string   `json:"fullname"`
	Homepage      string   `json:"homepage"`
	CIDR          []string `json:"cidr_whitelist"`
	Created       string   `json:"created"`
	Updated       string   `json:"updated"`
}

func (s *Server) profile(c echo.Context) error {
	by, err := s.signedIn(c)
	if err != nil {
		return err
	}
	return s.showProfile(c, by)
}

func (s *Server) showProfile(c echo.Context, by access.Actor) error {
	u, err := s.Accounts.Profile(c.Request().Context(), by)
	if err != nil {
		return err
	}
	p := profileBody{
		Name: u.Name, Email: u.Email, EmailVerified: u.EmailVerified, FullName: u.FullName, Homepage: u.Homepage,
		Created: stamp(u.CreatedAt), Updated: stamp(u.UpdatedAt),
	}
	if by.Factor != access.NoFactor {
		p.TFA = tfaMode{Mode: by.Factor}
	}
	return private(c, http.StatusOK, p)
}

// tfaMode is how npm says when a second factor is asked for.
type tfaMode struct {
	Pending bool        `json:"pending"`
	Mode    access.Mode `json:"mode"`
}

// profileChange is what npm profile set, enable-2fa and disable-2fa send. npm sends every field that it was told,
// null for an empty one.
type profileChange struct {
	Email    json.RawMessage `json:"email"`
	FullName json.RawMessage `json:"fullname"`
	Homepage json.RawMessage `json:"homepage"`
	Freenode string          `json:"freenode"`
	Twitter  string          `json:"twitter"`
	GitHub   string          `json:"github"`
	Password *struct {
		Old string `json:"old"`
		New string `json:"new"`
	} `json:"password"`
	TFA json.RawMessage `json:"tfa"`
}

var (
	errProfile   = errs.New(errs.Invalid, "registryapi.profile", "A field of a profile is text.")
	errElsewhere = errs.New(errs.Invalid, "registryapi.profile_elsewhere", "This registry keeps no names of people elsewhere: freenode, twitter and github cannot be set.")
	errTFA       = errs.New(errs.Invalid, "registryapi.tfa", "Expected a mode of two-factor authentication with the password, or a code in a list.")
)

// setProfile answers POST /-/npm/v1/user.
func (s *Server) setProfile(c echo.Context) error {
	by, err := s.signedIn(c)
	if err != nil {
		return err
	}
	var in profileChange
	if err := s.decode(c, &in); err != nil {
		return err
	}
	if in.TFA != nil {
		return s.setTFA(c, by, in.TFA)
	}
	if in.Freenode+in.Twitter+in.GitHub != "" {
		return errElsewhere
	}
	ctx := c.Request().Context()
	u, err := s.Accounts.Profile(ctx, by)
	if err != nil {
		return err
	}
	next, email, err := in.over(u)
	if err != nil {
		return err
	}
	if email != u.Email {
		return errs.New(errs.Conflict, "registryapi.email", "The address of an account cannot be changed yet.")
	}
	if in.Password != nil {
		if by, err = s.Accounts.Prove(ctx, by, in.Password.Old); err != nil {
			return err
		}
		if err := s.Accounts.ChangePassword(ctx, by, in.Password.New); err != nil {
			return err
		}
	}
	if next != (account.Profile{FullName: u.FullName, Homepage: u.Homepage}) {
		if err := s.Accounts.UpdateProfile(ctx, by, next); err != nil {
			return err
		}
	}
	return s.showProfile(c, by)
}

// over is what an account will say of itself, and its address: what a change leaves out stays.
func (in profileChange) over(u account.User) (p account.Profile, email string, err error) {
	p, email = account.Profile{FullName: u.FullName, Homepage: u.Homepage}, u.Email
	for _, f := range []struct {
		sent json.RawMessage
		to   *string
	}{{in.FullName, &p.FullName}, {in.Homepage, &p.Homepage}, {in.Email, &email}} {
		if f.sent == nil {
			continue
		}
		*f.to = ""
		if json.Unmarshal(f.sent, f.to) != nil {
			return p, email, errProfile
		}
	}
	return p, email, nil
}

// setTFA is npm profile enable-2fa and disable-2fa. Where there is no second factor yet, npm shows the address of
// an app's secret as a picture, and sends a code of the app in a list.
func (s *Server) setTFA(c echo.Context, by access.Actor, sent json.RawMessage) error {
	ctx := c.Request().Context()
	if bytes.HasPrefix(sent, []byte("[")) {
		var codes []string
		if json.Unmarshal(sent, &codes) != nil || len(codes) != 1 {
			return errTFA
		}
		recovery, err := s.Accounts.FinishApp(ctx, by, codes[0])
		if err != nil {
			return err
		}
		return private(c, http.StatusOK, map[string][]string{"tfa": recovery})
	}
	var in struct {
		Mode     access.Mode `json:"mode"`
		Password string      `json:"password"`
	}
	if json.Unmarshal(sent, &in) != nil {
		return errTFA
	}
	by, err := s.Accounts.Prove(ctx, by, in.Password)
	if err != nil {
		return err
	}
	switch {
	case in.Mode == "disable":
		if err := s.Factors.TurnOff(ctx, by); err != nil {
			return err
		}
		return private(c, http.StatusOK, map[string]any{"tfa": nil})
	case by.Factor != access.NoFactor:
		if err := s.Factors.SetMode(ctx, by, in.Mode); err != nil {
			return err
		}
		return private(c, http.StatusOK, map[string]tfaMode{"tfa": {Mode: in.Mode}})
	}
	if err := s.Factors.BeginApp(ctx, by, in.Mode); err != nil {
		return err
	}
	d, err := s.Factors.AppDraft(ctx, by)
	if err != nil {
		return err
	}
	return private(c, http.StatusOK, map[string]string{"tfa": d.URL})
}
