package edge

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// secretPaths are the beginnings of addresses whose rest is a secret.
var secretPaths = []string{
	"/-/user/token/", "/verify/", "/password/reset/", "/invitations/", "/setup/", "/auth/",
}

// safePath is the path as it may be logged: without secrets, and never with the query.
func safePath(path string) string {
	for _, p := range secretPaths {
		if strings.HasPrefix(path, p) {
			return p + "…"
		}
	}
	return path
}

// Log writes a line for each request: successful reads only at level debug, so that they cost nothing
// otherwise (they are counted in any case).
func Log(name string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			start := time.Now()
			if err := next(c); err != nil {
				c.Error(err)
			}
			r, w := c.Request(), c.Response()
			level := levelOf(r.Method, w.Status)
			ctx := context.WithoutCancel(r.Context())
			if slog.Default().Enabled(ctx, level) {
				slog.LogAttrs(ctx, level, "request", slog.String("edge", name), slog.String("id", ID(c)),
					slog.String("method", r.Method), slog.String("path", safePath(r.URL.Path)), slog.Int("status", w.Status),
					slog.Int64("bytes", w.Size), slog.Duration("took", time.Since(start)), slog.String("ip", c.RealIP()),
					slog.String("agent", r.UserAgent()))
			}
			return nil
		}
	}
}

func levelOf(method string, status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelError
	case (method == http.MethodGet || method == http.MethodHead) && status < http.StatusBadRequest:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

func ipNet(p netip.Prefix) *net.IPNet {
	p = p.Masked()
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
