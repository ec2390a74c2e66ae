package registryapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
	"latchkey/internal/errs"
	"latchkey/internal/npm"
)

var errEncoded = errs.New(errs.Unsupported, "registryapi.encoded", "Compressed request bodies are not accepted here.")

// written is the answer to a write. yarn 1 insists on "success".
type written struct {
	OK      bool   `json:"ok"`
	Success bool   `json:"success"`
	ID      string `json:"id,omitempty"`
	Rev     string `json:"rev,omitempty"`
}

// publish answers PUT /{pkg}.
func (s *Server) publish(c echo.Context) error {
	by, err := s.actor(c)
	if err != nil {
		return err
	}
	r := c.Request()
	if r.Header.Get(echo.HeaderContentEncoding) != "" {
		return errEncoded
	}
	body := http.MaxBytesReader(c.Response(), r.Body, s.Config.Limits.MaxTarball/3*4+npm.MaxEnvelope)
	p, err := s.Packages.Publish(r.Context(), by, edge.PackageName(c), body)
	if err != nil {
		return err
	}
	if err := c.JSON(http.StatusCreated, written{OK: true, Success: true, ID: p.Name, Rev: p.Rev}); err != nil {
		return err
	}
	if r.Context().Err() == nil {
		s.Packages.Acknowledge(p)
	}
	return nil
}
