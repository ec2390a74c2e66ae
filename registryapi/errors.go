package registryapi

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
	"latchkey/internal/errs"
	"latchkey/internal/token"
)

var errNoRoute = errs.New(errs.NotFound, "registryapi.no_route", "Not found")

// statuses is how each kind of error looks to a client.
var statuses = map[errs.Kind]int{
	errs.Internal:        http.StatusInternalServerError,
	errs.Invalid:         http.StatusBadRequest,
	errs.Unauthenticated: http.StatusUnauthorized,
	errs.Sudo:            http.StatusForbidden,
	errs.SecondFactor:    http.StatusUnauthorized,
	errs.Forbidden:       http.StatusForbidden,
	errs.NotFound:        http.StatusNotFound,
	errs.Conflict:        http.StatusConflict,
	errs.TooLarge:        http.StatusRequestEntityTooLarge,
	errs.Unsupported:     http.StatusUnsupportedMediaType,
	errs.RateLimited:     http.StatusTooManyRequests,
	errs.Timeout:         http.StatusRequestTimeout,
	errs.Full:            http.StatusInsufficientStorage,
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
			refuse(c, he.Code, map[string]string{"error": "This address does not take that method."})
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
		refuse(c, statuses[e.Kind], map[string]string{"error": "internal error", "id": edge.ID(c)})
		return
	case errs.SecondFactor:
		edge.LogRefusal(c, e)
		if err := s.challenge(c, e); err != nil {
			s.handleError(err, c)
		}
		return
	case errs.Unauthenticated:
		if e.Code == token.ErrAddress.Code {
			h.Set(echo.HeaderWWWAuthenticate, "ipaddress") // npm then says that it is the address (npm-registry-fetch, check-response)
		}
		if h.Get(echo.HeaderWWWAuthenticate) == "" {
			h.Set(echo.HeaderWWWAuthenticate, `Basic realm="registry", Bearer`)
		}
	case errs.RateLimited, errs.Unavailable:
		edge.RetryAfter(c, e)
	default:
	}
	edge.LogRefusal(c, e)
	refuse(c, statuses[e.Kind], map[string]string{"error": e.Msg})
}

// refuse answers with an error's body. What was said of a document before it failed does not hold for it.
func refuse(c echo.Context, status int, body map[string]string) {
	h := c.Response().Header()
	h.Set(echo.HeaderCacheControl, "no-store")
	h.Del("Etag")
	_ = c.JSON(status, body)
}
