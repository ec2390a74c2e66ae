// Package edge is what the portal and the registry do alike with a request: number it, say where it
// comes from, log it, count it, and survive a bug in its handler.
package edge

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/internal/errs"
)

// clientGone is the status, told to nobody, of a request whose client did not wait for the answer. It is
// nginx's number for it.
const clientGone = 499

// New makes an edge's server, with what both edges do with a request and one edge's own headers.
func New(name string, cfg *config.Config, onError echo.HTTPErrorHandler, headers map[string]string) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		if gone(err) && c.Request().Context().Err() != nil && !c.Response().Committed {
			c.Response().WriteHeader(clientGone)
			return
		}
		onError(err, c)
	}
	e.IPExtractor = ClientIP(cfg.TrustedProxies)
	e.Pre(observe(name, securityHeaders(cfg.Secure(), headers)))
	return e
}

// ID is the request's number. It is in the answer, so that somebody who reports an error can be helped.
func ID(c echo.Context) string { return c.Response().Header().Get(echo.HeaderXRequestID) }

// Actor is the request's sender as long as nothing more is known of them.
func Actor(c echo.Context) access.Actor {
	ip, _ := netip.ParseAddr(c.RealIP())
	return access.Anonymous(ip.Unmap().WithZone(""), c.Request().UserAgent())
}

// LogError writes down what an Internal error hides from the client. That the client went away is no
// fault of ours.
func LogError(c echo.Context, err error) {
	level := slog.LevelError
	if gone(err) {
		level = slog.LevelDebug
	}
	r := c.Request()
	slog.Log(r.Context(), level, "request failed", "id", ID(c), "method", r.Method, "path", safePath(r.URL.Path), "error", err)
}

func gone(err error) bool { return errors.Is(err, context.Canceled) }

// LogRefusal writes down, for whoever looks for it, why a request was refused.
func LogRefusal(c echo.Context, e *errs.Error) {
	if e.Err != nil {
		slog.Debug("refused", "id", ID(c), "code", e.Code, "error", e.Err)
	}
}

// RetryAfter says when to come back, in whole seconds.
func RetryAfter(c echo.Context, e *errs.Error) (seconds int) {
	seconds = max(1, int(math.Ceil(e.RetryAfter.Seconds())))
	c.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(seconds))
	return seconds
}

// Routes lists a server's routes as "METHOD path", sorted by path.
func Routes(e *echo.Echo) []string {
	var out []string
	for _, r := range e.Routes() {
		if r.Method != echo.RouteNotFound {
			out = append(out, r.Method+" "+r.Path)
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		_, pa, _ := strings.Cut(a, " ")
		_, pb, _ := strings.Cut(b, " ")
		if c := strings.Compare(pa, pb); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(out)
}
