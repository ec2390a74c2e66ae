package registryapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"

	"latchkey/internal/errs"
)

var errBody = errs.New(errs.Invalid, "registryapi.json", "The body is not the JSON that was expected here.")

// decode reads a small JSON body. It is strict (no duplicate or case-folded keys, one document), takes
// nothing from the query, and ignores members it does not know, because clients add their own.
func (s *Server) decode(c echo.Context, into any) error {
	if c.Request().Header.Get(echo.HeaderContentEncoding) != "" {
		return errEncoded
	}
	b, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, s.Config.Limits.FormBytes))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	if err != nil && errs.Of(err).Kind != errs.Internal {
		return err
	}
	if err != nil {
		return errBody.With(err)
	}
	if len(bytes.TrimSpace(b)) == 0 { // yarn's web login has no body at all
		return nil
	}
	if err := json.Unmarshal(b, into); err != nil {
		return errBody.With(err)
	}
	return nil
}

// private answers with what only the caller may see. no-store also makes npm print notices.
func private(c echo.Context, status int, body any) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(status, body)
}
