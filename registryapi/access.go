package registryapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
	"latchkey/internal/errs"
)

var (
	errSecondFactor = errs.New(errs.Invalid, "registryapi.mfa", "This registry cannot require a second factor for a package yet. Nothing was changed.")
	errNoAccess     = errs.New(errs.Invalid, "registryapi.access", `Say what to change: expected {"access":"public"} or {"access":"restricted"}.`)
)

// visibility answers npm access get status.
func (s *Server) visibility(c echo.Context) error {
	hidden, err := s.private(c)
	if err != nil {
		return err
	}
	return private(c, http.StatusOK, map[string]bool{"public": !hidden})
}

// access answers pnpm access get status.
func (s *Server) access(c echo.Context) error {
	hidden, err := s.private(c)
	if err != nil {
		return err
	}
	is := "public"
	if hidden {
		is = "restricted"
	}
	return private(c, http.StatusOK, map[string]string{"access": is})
}

func (s *Server) private(c echo.Context) (bool, error) {
	by, err := s.actor(c)
	if err != nil {
		return false, err
	}
	return s.Packages.Private(c.Request().Context(), by, edge.PackageName(c))
}

// setAccess answers npm access set status and npm access set mfa.
func (s *Server) setAccess(c echo.Context) error {
	by, err := s.actor(c)
	if err != nil {
		return err
	}
	var in struct {
		Access       string `json:"access"`
		SecondFactor *bool  `json:"publish_requires_tfa"`
	}
	if err := s.decode(c, &in); err != nil {
		return err
	}
	ctx, name := c.Request().Context(), edge.PackageName(c)
	switch {
	case in.Access != "":
		err = s.Packages.SetAccess(ctx, by, name, in.Access)
	case in.SecondFactor == nil:
		err = errNoAccess
	default: // "none" is how it is; who may not see the package must not learn more than that it is not there
		if _, err = s.Packages.Private(ctx, by, name); err == nil && *in.SecondFactor {
			err = errSecondFactor
		}
	}
	if err != nil {
		return err
	}
	return private(c, http.StatusOK, written{OK: true, Success: true, ID: name})
}
