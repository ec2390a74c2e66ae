package handlers

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/app"
	"latchkey/internal/edge"
)

// What a browser's cookie stands for. Who somebody is stays in the accounts' own table: scs may write a
// session again that was just destroyed, and may hand one value to two requests, so nothing that proves
// anything and nothing that may be used once is kept here.
const (
	keySession = "session" // the id of the account's session
	keyFlash   = "flash"   // what was just done
	keyBack    = "back"    // where to go after confirming
	keyPending = "pending" // the secret of an unfinished sign-in
	keyJoin    = "join"    // the invitation to return to when a second factor is set up
	keyPasskey = "passkey" // what a passkey's challenge belongs to before anybody is signed in
	keyBroken  = "broken"  // the stored text could not be read
)

func newSessions(a *app.App) *scs.SessionManager {
	m := scs.New()
	m.Store = a.BrowserState
	m.Codec = codec{}
	m.HashTokenInStore = true
	m.Lifetime = a.Config.Limits.SessionLife
	m.Cookie.Name = "latchkey_session"
	if a.Config.Secure() {
		m.Cookie.Name = "__Host-session" // browsers take it over https only, and from this very host
	}
	m.Cookie.Secure = a.Config.Secure()
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	m.Cookie.Path = "/"
	return m
}

// codec stores texts by their keys. A stored text that cannot be read counts as an empty session, so
// that a damaged row signs somebody out instead of failing every request.
type codec struct{}

type stored struct {
	Deadline time.Time         `json:"deadline"`
	Values   map[string]string `json:"values"`
}

// Encode implements scs.Codec.
func (codec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	s := stored{deadline, map[string]string{}}
	for k, v := range values {
		if text, ok := v.(string); ok {
			s.Values[k] = text
		}
	}
	return json.Marshal(s)
}

// Decode implements scs.Codec.
func (codec) Decode(b []byte) (time.Time, map[string]any, error) {
	var s stored
	if json.Unmarshal(b, &s) != nil {
		return time.Time{}, map[string]any{keyBroken: "yes"}, nil //nolint:nilerr // the browser is told to begin anew
	}
	values := make(map[string]any, len(s.Values))
	for k, v := range s.Values {
		values[k] = v
	}
	return s.Deadline, values, nil
}

// loadSession finds out who the request comes from, and writes the cookie just before the answer, also
// when that is an error (scs's own middleware would write it twice then).
func (s *Server) loadSession(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, h := c.Request(), c.Response().Header()
		h.Add(echo.HeaderVary, "Cookie")
		h.Add(echo.HeaderVary, "HX-Request")
		token := ""
		if cookie, err := r.Cookie(s.sessions.Cookie.Name); err == nil {
			token = cookie.Value
		}
		ctx, err := s.sessions.Load(r.Context(), token)
		if err != nil {
			return err
		}
		c.SetRequest(r.WithContext(ctx))
		c.Set("session", true)
		c.Response().Before(func() { s.saveSession(c) })
		by, err := s.identify(c)
		if err != nil {
			return err
		}
		c.Set("actor", by)
		if by.SignedIn() {
			h.Set(echo.HeaderCacheControl, "no-store")
		}
		return next(c)
	}
}

// identify turns the cookie into an actor. A cookie that leads nowhere any more is taken back.
func (s *Server) identify(c echo.Context) (access.Actor, error) {
	ctx, by := c.Request().Context(), edge.Actor(c)
	by.Browser = s.knownAs(c)
	id := s.sessions.GetString(ctx, keySession)
	if s.sessions.Exists(ctx, keyBroken) {
		return by, s.sessions.Destroy(ctx)
	}
	if id == "" {
		return by, nil
	}
	by, err := s.Accounts.ActorFor(ctx, by, id)
	if err == nil && !by.SignedIn() {
		err = s.sessions.Destroy(ctx)
	}
	return by, err
}

// saveSession runs before the first byte of the answer. A hook cannot fail a request, so sign-in checks
// its own commit; what is lost here is a flash message.
func (s *Server) saveSession(c echo.Context) {
	ctx, w := context.WithoutCancel(c.Request().Context()), c.Response() // what was done stays done when nobody waits for the answer
	if s.sessions.Status(ctx) == scs.Modified && len(s.sessions.Keys(ctx)) == 0 {
		if err := s.sessions.Destroy(ctx); err != nil {
			slog.Error("a browser's state was not removed", "id", edge.ID(c), "error", err)
		}
	}
	switch s.sessions.Status(ctx) {
	case scs.Modified:
		token, expiry, err := s.sessions.Commit(ctx)
		if err != nil {
			slog.Error("a browser's state was not saved", "id", edge.ID(c), "error", err)
			return
		}
		s.sessions.WriteSessionCookie(ctx, w, token, expiry)
	case scs.Destroyed:
		s.sessions.WriteSessionCookie(ctx, w, "", time.Time{})
	case scs.Unmodified:
	}
}

// actor is who sent the request.
func actor(c echo.Context) access.Actor {
	if by, ok := c.Get("actor").(access.Actor); ok {
		return by
	}
	return edge.Actor(c)
}

// begin signs the browser in, under a new cookie value, so that one set beforehand is worth nothing.
func (s *Server) begin(c echo.Context, session account.Session, flash, next string) error {
	ctx := c.Request().Context()
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	for _, key := range []string{keyBack, keyJoin, keyPending, keyPasskey} {
		s.sessions.Remove(ctx, key)
	}
	s.sessions.Put(ctx, keySession, session.ID)
	if flash != "" {
		s.sessions.Put(ctx, keyFlash, flash)
	}
	if _, _, err := s.sessions.Commit(ctx); err != nil {
		return err
	}
	s.keepBrowser(c, session.Browser)
	return redirect(c, next)
}

// browserSecret is the form of what a browser keeps to be known again.
var browserSecret = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// browserLife is how long browsers keep it: it outlives sessions, and proves nothing by itself.
const browserLife = 365 * 24 * time.Hour

func (s *Server) browserCookie() string {
	if s.Config.Secure() {
		return "__Host-device"
	}
	return "latchkey_device"
}

// knownAs is what the browser keeps to be known again, or "".
func (s *Server) knownAs(c echo.Context) string {
	cookie, err := c.Request().Cookie(s.browserCookie())
	if err != nil || !browserSecret.MatchString(cookie.Value) {
		return ""
	}
	return cookie.Value
}

func (s *Server) keepBrowser(c echo.Context, secret string) {
	c.SetCookie(&http.Cookie{ //nolint:gosec // Secure where the portal is reached over https
		Name: s.browserCookie(), Value: secret, Path: "/", MaxAge: int(browserLife.Seconds()),
		Secure: s.Config.Secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// flash says text on the page at next, and goes there.
func (s *Server) flash(c echo.Context, text, next string) error {
	s.sessions.Put(c.Request().Context(), keyFlash, text)
	return redirect(c, next)
}

// takeFlash returns the message that waits, once. What failed before the session was loaded has none.
func (s *Server) takeFlash(c echo.Context) string {
	if c.Get("session") == nil {
		return ""
	}
	ctx := c.Request().Context()
	text := s.sessions.GetString(ctx, keyFlash)
	if text != "" {
		s.sessions.Remove(ctx, keyFlash)
	}
	return text
}
