// Package edge is what the portal and the registry do alike with a request: number it, say where it
// comes from, log it, count it, and survive a bug in its handler.
package edge

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/internal/errs"
)

// New makes an edge's server, with what both edges do with a request and one edge's own headers.
func New(name string, cfg *config.Config, onError echo.HTTPErrorHandler, headers map[string]string) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = onError
	e.IPExtractor = ClientIP(cfg.TrustedProxies)
	e.Pre(RequestID(), Log(name), Metrics(name), Recover(), SecurityHeaders(cfg.Secure(), headers))
	return e
}

// RequestID numbers each request. The number is in the answer, so that somebody who reports an error
// can be helped; one sent by the client is not believed.
func RequestID() echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Response().Header()[echo.HeaderXRequestID] = []string{strconv.FormatUint(rand.Uint64(), 36)}
			return next(c)
		}
	}
}

// ID is the request's number.
func ID(c echo.Context) string { return c.Response().Header().Get(echo.HeaderXRequestID) }

// Actor is the request's sender as long as nothing more is known of them.
func Actor(c echo.Context) access.Actor {
	ip, _ := netip.ParseAddr(c.RealIP())
	return access.Anonymous(ip.Unmap().WithZone(""), c.Request().UserAgent())
}

// Recover turns a panic into an Internal error, with the stack in the log.
func Recover() echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) (err error) {
			defer func() {
				p := recover()
				if perr, ok := p.(error); ok && errors.Is(perr, http.ErrAbortHandler) {
					panic(p)
				}
				if p != nil {
					err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
				}
			}()
			return next(c)
		}
	}
}

// LogError writes down what an Internal error hides from the client.
func LogError(c echo.Context, err error) {
	slog.Error("request failed", "id", ID(c), "method", c.Request().Method, "path", safePath(c.Request().URL.Path), "error", err)
}

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
