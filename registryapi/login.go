package registryapi

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
	"latchkey/internal/errs"
	"latchkey/internal/twofactor"
)

// pollEvery is how many seconds npm waits between asking whether the browser is done.
const pollEvery = "1"

// startLogin answers POST /-/v1/login. Whatever token the client still sends is not looked at, and a
// refusal is never a 4xx or 500: npm would fall back to asking for a password.
func (s *Server) startLogin(c echo.Context) error {
	w, err := s.Tokens.StartWebLogin(c.Request().Context(), edge.Actor(c))
	if err != nil {
		return err
	}
	return private(c, http.StatusOK, map[string]string{
		"loginUrl": s.Config.URL + "auth/login/" + w.ID,
		"doneUrl":  s.Config.RegistryURL + "-/v1/done?sessionId=" + url.QueryEscape(w.Poll),
	})
}

// pollLogin answers the done URL. npm repeats the method of the command it was asked by, so every
// method is the same question and the body is not read.
func (s *Server) pollLogin(c echo.Context) error {
	secret, pending, err := s.Tokens.PollWebLogin(c.Request().Context(), edge.Actor(c), c.QueryParam("sessionId"))
	if err != nil {
		return err
	}
	if pending {
		c.Response().Header().Set(echo.HeaderRetryAfter, pollEvery)
		return private(c, http.StatusAccepted, struct{}{})
	}
	return private(c, http.StatusOK, map[string]string{"token": secret})
}

// legacyLogin answers PUT /-/user/org.couchdb.user:{name}, with which old clients sign in and, in
// npm adduser, sign up. It never makes an account: pnpm and yarn send the address at every login, so
// that a mistyped name would become an account.
func (s *Server) legacyLogin(c echo.Context) error {
	var in struct {
		Name     string `json:"name"`
		Password string `json:"password"`
	}
	if err := s.decode(c, &in); err != nil {
		return err
	}
	name, ok := strings.CutPrefix(c.Param("user"), userPrefix)
	if !ok || in.Name != name {
		return errs.New(errs.Invalid, "registryapi.login", "The name in the body is not the one in the address.")
	}
	secret, err := s.Tokens.SignIn(c.Request().Context(), edge.Actor(c), name, in.Password, c.Request().Header.Get("Npm-Otp"))
	if errs.AsInvalid(err) != nil { // a 400 would make npm say that there is no such person
		err = twofactor.ErrOneTime
	}
	if e := errs.Of(err); err != nil && e.Kind == errs.Unauthenticated {
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, `Basic realm="registry"`) // npm then speaks of the password
	}
	if err != nil {
		return err
	}
	return private(c, http.StatusCreated, map[string]any{"ok": true, "id": userPrefix + name, "token": secret})
}

// logout answers DELETE /-/user/token/{token}. Whoever has a token may end it. npm keeps its credential
// unless this succeeds, so a token that is not known any more counts as ended.
func (s *Server) logout(c echo.Context) error {
	ctx, secret := c.Request().Context(), c.Param("token")
	by, err := s.Tokens.Authenticate(ctx, edge.Actor(c), secret)
	if err == nil {
		err = s.Tokens.Revoke(ctx, by, secret)
	}
	if err != nil && errs.Of(err).Kind != errs.Unauthenticated {
		return err
	}
	return private(c, http.StatusOK, written{OK: true, Success: true})
}
