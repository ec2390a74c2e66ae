package handlers

import (
	"encoding/csv"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
)

// download sends a file as write makes it. What fails in the middle ends the file early, and is logged.
func (s *Server) download(c echo.Context, name, mime string, write func() error) error {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, mime)
	h.Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`"`)
	h.Set(echo.HeaderCacheControl, "no-store")
	c.Response().WriteHeader(http.StatusOK)
	if err := write(); err != nil {
		slog.WarnContext(c.Request().Context(), "a download ended early", "file", name, "id", edge.ID(c), "error", err)
	}
	return nil
}

// rows writes comma-separated values, the first line with the names of the columns.
func rows(c echo.Context, columns []string, each func(put func(...string) error) error) error {
	out := csv.NewWriter(c.Response())
	if err := out.Write(columns); err != nil {
		return err
	}
	err := each(func(values ...string) error {
		for i := range values {
			values[i] = cell(values[i])
		}
		return out.Write(values)
	})
	out.Flush()
	if err == nil {
		err = out.Error()
	}
	return err
}

// stamp is a time for programs; the zero time is empty.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}
