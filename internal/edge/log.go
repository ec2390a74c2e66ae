package edge

import (
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// secretPaths are the beginnings of addresses whose rest is a secret.
var secretPaths = []string{
	"/-/user/token/", "/verify/", "/password/reset/", "/invitations/", "/setup/", "/lock/", "/recovery/", "/auth/",
}

// safePath is the path as it may be logged: without secrets, and never with the query. It is also cut,
// because its length is the client's choice.
func safePath(path string) string {
	for _, p := range secretPaths {
		if strings.HasPrefix(path, p) {
			return p + "…"
		}
	}
	const most = 512
	if len(path) > most {
		path = strings.ToValidUTF8(path[:most], "") + "…"
	}
	return Redact(path)
}

// token is what an access token looks like, wherever one was pasted by mistake.
var token = regexp.MustCompile(`npm_[A-Za-z0-9]{16,}`)

// Redact takes access tokens out of a text that is about to be logged.
func Redact(text string) string {
	if !strings.Contains(text, "npm_") {
		return text
	}
	return token.ReplaceAllString(text, "npm_…")
}

// logRequest writes a line for a request: for successful reads only at level debug, so that they cost
// nothing otherwise (they are counted in any case).
func logRequest(c echo.Context, edge string, took time.Duration) {
	r, w := c.Request(), c.Response()
	level := levelOf(r.Method, w.Status)
	ctx := r.Context()
	if !slog.Default().Enabled(ctx, level) {
		return
	}
	slog.LogAttrs(ctx, level, "request", slog.String("edge", edge), slog.String("id", ID(c)),
		slog.String("method", r.Method), slog.String("path", safePath(r.URL.Path)), slog.Int("status", w.Status),
		slog.Int64("bytes", w.Size), slog.Duration("took", took), slog.String("ip", c.RealIP()),
		slog.String("agent", r.UserAgent()))
}

func levelOf(method string, status int) slog.Level {
	switch {
	case status == http.StatusServiceUnavailable, status == http.StatusInsufficientStorage: // said on purpose, when too much is asked for
		return slog.LevelWarn
	case status >= http.StatusInternalServerError:
		return slog.LevelError
	case (method == http.MethodGet || method == http.MethodHead) && status < http.StatusBadRequest:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}
