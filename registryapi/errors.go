package registryapi

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
	"latchkey/internal/errs"
)

var errNoRoute = errs.New(errs.NotFound, "registryapi.no_route", "Not found")

// statuses is how each kind of error looks to a client.
var statuses = map[errs.Kind]int{
	errs.Internal:        http.StatusInternalServerError,
	errs.Invalid:         http.StatusBadRequest,
	errs.Unauthenticated: http.StatusUnauthorized,
	errs.Sudo:            http.StatusForbidden,
	errs.Forbidden:       http.StatusForbidden,
	errs.NotFound:        http.StatusNotFound,
	errs.Conflict:        http.StatusConflict,
	errs.TooLarge:        http.StatusRequestEntityTooLarge,
	errs.Unsupported:     http.StatusUnsupportedMediaType,
	errs.RateLimited:     http.StatusTooManyRequests,
	errs.Unavailable:     http.StatusServiceUnavailable,
}

// handleError answers every error. npm prints the member "error" and nothing else of the body, so the
// whole sentence is there.
func (s *Server) handleError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	var he *echo.HTTPError
	if errors.As(err, &he) { // the router's own
		if err = errNoRoute; he.Code == http.StatusMethodNotAllowed {
			s.refuse(c, he.Code, "This address does not take that method.")
			return
		}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		err = errs.New(errs.TooLarge, "registryapi.body", "The body is larger than this registry accepts.")
	}
	e := errs.Of(err)
	h := c.Response().Header()
	switch e.Kind {
	case errs.Internal:
		edge.LogError(c, err)
		_ = c.JSON(statuses[e.Kind], map[string]string{"error": "internal error", "id": edge.ID(c)})
		return
	case errs.Unauthenticated:
		if h.Get(echo.HeaderWWWAuthenticate) == "" {
			h.Set(echo.HeaderWWWAuthenticate, `Basic realm="registry", Bearer`)
		}
	case errs.RateLimited, errs.Unavailable:
		h.Set(echo.HeaderRetryAfter, strconv.Itoa(max(1, int(math.Ceil(e.RetryAfter.Seconds())))))
	default:
	}
	if e.Err != nil {
		slog.Debug("refused", "id", edge.ID(c), "code", e.Code, "error", e.Err)
	}
	s.refuse(c, statuses[e.Kind], e.Msg)
}

func (s *Server) refuse(c echo.Context, status int, sentence string) {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	_ = c.JSON(status, map[string]string{"error": sentence})
}
