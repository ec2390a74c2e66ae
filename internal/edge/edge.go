// Package edge is what the portal and the registry do alike with a request: number it, say where it
// comes from, log it, count it, and survive a bug in its handler.
package edge

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/errs"
)

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
					err = errs.New(errs.Internal, "edge.panic", "Something went wrong on our side.").With(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
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
