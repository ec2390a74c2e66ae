package handlers

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/errs"
	"latchkey/internal/token"
	"latchkey/views"
	"latchkey/views/ui"
)

const tokensHome = "/settings/tokens"

// unusedFor is how long a token is not used before its owner is asked whether it is needed.
const unusedFor = 90 * 24 * time.Hour

func (s *Server) tokensPage(c echo.Context) error {
	by := actor(c)
	held, err := s.Tokens.List(c.Request().Context(), by, by.Name)
	if err != nil {
		return err
	}
	page := views.SettingsTokens{}
	for _, h := range slices.Backward(held) {
		if h.Kind == token.Session { // on the page of sessions
			continue
		}
		last := h.CreatedAt
		if h.LastUsedAt != nil {
			last = *h.LastUsedAt
		}
		page.Tokens = append(page.Tokens, views.AccessToken{Held: h, Unused: s.Now().Sub(last) > unusedFor})
	}
	return s.render(c, page)
}

// revokeTokens ends those that were ticked.
func (s *Server) revokeTokens(c echo.Context) error {
	ids := c.Request().PostForm["token"]
	if len(ids) == 0 {
		return errs.New(errs.Invalid, "handlers.no_token", "Tick the tokens that are to end first.")
	}
	by := actor(c)
	for _, id := range ids {
		_, err := s.Tokens.RevokeHeld(c.Request().Context(), by, by.Name, id)
		if err != nil && !errors.Is(err, token.ErrNoToken) { // one that ended meanwhile is no reason to keep the others
			return err
		}
	}
	return s.done(c, ui.Count(int64(len(ids)), "token is", "tokens are")+" revoked. What used them is refused from now on.", tokensHome, s.tokensPage)
}

// newTokenPage shows the form, and, as it is filled in, what the token will be able to do.
func (s *Server) newTokenPage(c echo.Context) error {
	page, err := s.tokenFormOf(c, c.QueryParams())
	if err != nil {
		return err
	}
	return s.render(c, page)
}

func (s *Server) tokenFormOf(c echo.Context, v url.Values) (page views.TokenNew, err error) {
	get := func(name, otherwise string) string {
		if !v.Has(name) {
			return otherwise
		}
		return strings.TrimSpace(v.Get(name))
	}
	page = views.TokenNew{
		Name: get("name", ""), Kind: get("kind", token.Publish), Packages: get("packages", ""), Orgs: get("orgs", ""), Manages: get("manages", "") != "",
		Addresses: get("addresses", ""), Note: get("note", ""), Days: get("days", ""), Now: s.Now(),
		Automation: string(s.Config.AutomationTokens),
	}
	page.Usual, page.Longest = s.Tokens.Lives(page.Kind)
	named := views.Divide(page.Packages)
	if len(named) > 0 || page.Orgs == "" {
		named = named[:min(len(named), token.MaxReach)]
		page.Reached, err = s.Packages.MaintainedAmong(c.Request().Context(), actor(c), named, views.MaxReached+1)
	}
	return page, err
}

func (s *Server) newToken(c echo.Context) error {
	page, err := s.tokenFormOf(c, c.Request().PostForm)
	if err != nil {
		return err
	}
	in, err := ordered(page)
	if err == nil {
		var made token.Created
		if made, err = s.Tokens.Create(c.Request().Context(), actor(c), in); err == nil {
			return s.render(c, views.TokenMade{Name: in.Name, Secret: made.Secret, ExpiresAt: made.ExpiresAt, Registry: s.Config.RegistryURL})
		}
	}
	if page.Problems = problems(err); page.Problems != nil {
		return s.renderForm(c, page)
	}
	return err
}

// ordered is the token that a form asks for.
func ordered(page views.TokenNew) (in token.NewToken, err error) {
	in = token.NewToken{Name: page.Name, Kind: page.Kind, Limits: token.Limits{
		Note: page.Note, Packages: views.Divide(page.Packages), Orgs: views.Divide(page.Orgs), Manages: page.Manages,
	}}
	in.Limited = len(in.Packages)+len(in.Orgs) > 0
	if page.Days != "" {
		if in.Days, err = strconv.Atoi(page.Days); err != nil {
			return in, errs.Field("days", "Type a number of days.")
		}
	}
	in.Addresses, err = token.ParseAddresses(views.Divide(page.Addresses))
	return in, err
}

// heldToken is the actor's token of the address.
func (s *Server) heldToken(c echo.Context) (token.Held, error) {
	by := actor(c)
	held, err := s.Tokens.List(c.Request().Context(), by, by.Name)
	if err != nil {
		return token.Held{}, err
	}
	for _, h := range held {
		if h.ID == c.Param("id") && h.Kind != token.Session {
			return h, nil
		}
	}
	return token.Held{}, access.ErrHidden
}

func (s *Server) rotateTokenPage(c echo.Context) error {
	h, err := s.heldToken(c)
	if err != nil {
		return err
	}
	return s.render(c, views.TokenRotate{Token: h})
}

func (s *Server) rotateToken(c echo.Context) error {
	h, err := s.heldToken(c)
	if err != nil {
		return err
	}
	overlap, err := time.ParseDuration(field(c, "overlap"))
	if err != nil {
		return errForm
	}
	made, err := s.Tokens.Rotate(c.Request().Context(), actor(c), h.ID, overlap)
	if wrong := problems(err); wrong != nil {
		return s.renderForm(c, views.TokenRotate{Token: h, Problems: wrong})
	}
	if err != nil {
		return err
	}
	return s.render(c, views.TokenMade{Name: h.Name, Secret: made.Secret, ExpiresAt: made.ExpiresAt, Registry: s.Config.RegistryURL, Rotated: true})
}
