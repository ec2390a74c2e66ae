package registryapi

import (
	"io"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
)

var (
	typeTarball    = []string{"application/octet-stream"}
	forever        = []string{"public, max-age=31536000, immutable"} // a version's bytes never change
	foreverPrivate = []string{"private, max-age=31536000, immutable"}
	varyAuth       = []string{"Authorization"}
)

// tarball answers GET /{pkg}/-/{file}. There is no Content-Encoding, or clients would unpack the
// archive before they verify it.
func (s *Server) tarball(c echo.Context) error {
	by, err := s.actor(c)
	if err != nil {
		return err
	}
	r := c.Request()
	t, err := s.Packages.Tarball(r.Context(), by, edge.PackageName(c), c.Param("file"))
	if err != nil {
		return err
	}
	defer func() { _ = t.Content.Close() }()
	h := c.Response().Header()
	etag := `"` + t.Digest + `"`
	h["Etag"], h["Cache-Control"] = []string{etag}, forever
	if t.Private {
		h["Cache-Control"], h["Vary"] = foreverPrivate, varyAuth
	}
	if matches(r.Header["If-None-Match"], etag) {
		c.Response().WriteHeader(http.StatusNotModified)
		return nil
	}
	h["Content-Type"] = typeTarball
	h["Content-Length"] = []string{strconv.FormatInt(t.Size, 10)}
	c.Response().WriteHeader(http.StatusOK)
	// Echo's response hides that the connection can take a file from the kernel (sendfile).
	n, err := io.Copy(c.Response().Writer, t.Content)
	c.Response().Size = n
	if err == nil {
		s.Stats.Count(t.VersionID)
	}
	return err
}
