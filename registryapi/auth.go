package registryapi

import (
	"encoding/base64"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/edge"
	"latchkey/internal/errs"
)

var (
	errCredentials  = errs.New(errs.Invalid, "registryapi.credentials", "The request has more than one Authorization header.")
	errNotBearer    = errs.New(errs.Unauthenticated, "registryapi.scheme", "Sign in with an access token: run npm login.")
	errNeedsAccount = access.ErrUnauthenticated
)

// actor says who makes the request. No credentials make an anonymous actor; wrong ones are an error.
// Signing in does not call it, because npm sends its old token along with a new login.
func (s *Server) actor(c echo.Context) (access.Actor, error) {
	by := edge.Actor(c)
	values := c.Request().Header["Authorization"]
	if len(values) == 0 {
		return by, nil
	}
	if len(values) > 1 {
		return by, errCredentials
	}
	secret, err := credential(values[0])
	if err != nil {
		return by, err
	}
	by.Command = terminal(c).Command
	if by, err = s.Tokens.Authenticate(c.Request().Context(), by, secret); err != nil {
		return by, err
	}
	by, err = s.proven(c, by)
	c.Set("actor", by)
	return by, err
}

// signedIn is actor for what only somebody with an account may ask.
func (s *Server) signedIn(c echo.Context) (access.Actor, error) {
	by, err := s.actor(c)
	if err == nil && !by.SignedIn() {
		err = errNeedsAccount
	}
	return by, err
}

// credential takes the token out of a bearer or basic header. In a basic one it is the password;
// account passwords are for signing in only and never travel with each request.
func credential(header string) (string, error) {
	scheme, value, _ := strings.Cut(header, " ")
	switch strings.ToLower(scheme) {
	case "bearer":
		return strings.TrimSpace(value), nil
	case "basic":
		b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
		if _, password, ok := strings.Cut(string(b), ":"); ok && err == nil {
			return password, nil
		}
	}
	return "", errNotBearer
}
