package registryapi

import (
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
	"latchkey/internal/registry"
)

const abbreviatedType = "application/vnd.npm.install-v1+json"

// Header values that packuments share, as the slices that http.Header holds.
var (
	typeFull        = []string{"application/json"}
	typeAbbreviated = []string{abbreviatedType}
	cachePublic     = []string{"public, max-age=0, must-revalidate"} // a fresh publish is seen at once
	cachePrivate    = []string{"private, no-cache"}
	varyPublic      = []string{"Accept, Accept-Encoding"}
	varyPrivate     = []string{"Accept, Accept-Encoding, Authorization"}
	encodingGzip    = []string{"gzip"}
	encodingZstd    = []string{"zstd"}
)

// packument answers GET /{pkg}. The abbreviated form is sent only to clients that name its type.
func (s *Server) packument(c echo.Context) error {
	by, err := s.actor(c)
	if err != nil {
		return err
	}
	r := c.Request()
	form, kind := registry.Full, typeFull
	if strings.Contains(r.Header.Get(echo.HeaderAccept), abbreviatedType) {
		form, kind = registry.Abbreviated, typeAbbreviated
	}
	doc, err := s.Packages.Document(r.Context(), by, edge.PackageName(c), form)
	if err != nil {
		return err
	}
	enc := encoding(r.Header.Get(echo.HeaderAcceptEncoding))
	h := c.Response().Header()
	h["Cache-Control"], h["Vary"] = cachePublic, varyPublic
	if doc.Private {
		h["Cache-Control"], h["Vary"] = cachePrivate, varyPrivate
	}
	etag := doc.ETag(enc)
	h["Etag"] = []string{etag}
	if matches(r.Header["If-None-Match"], etag) {
		c.Response().WriteHeader(http.StatusNotModified)
		return nil
	}
	body, reader, size, err := doc.Body(r.Context(), enc)
	if err != nil {
		return err
	}
	h["Content-Type"] = kind
	switch enc {
	case registry.Gzip:
		h["Content-Encoding"] = encodingGzip
	case registry.Zstd:
		h["Content-Encoding"] = encodingZstd
	case registry.Plain:
	}
	h["Content-Length"] = []string{strconv.Itoa(size)}
	c.Response().WriteHeader(http.StatusOK)
	if reader == nil {
		_, err = c.Response().Write(body)
		return err
	}
	defer func() { _ = reader.Close() }()
	_, err = io.Copy(c.Response(), reader)
	return err
}

// encoding chooses the best encoding that a client takes. Clients offer short lists ("gzip,deflate",
// "gzip, deflate, br, zstd"); an encoding refused with q=0 is rare enough to be served plain.
func encoding(accept string) registry.Encoding {
	switch {
	case accept == "", strings.Contains(accept, "q=0,"), strings.HasSuffix(accept, "q=0"):
		return registry.Plain
	case strings.Contains(accept, "zstd"):
		return registry.Zstd
	case strings.Contains(accept, "gzip"):
		return registry.Gzip
	}
	return registry.Plain
}

// matches implements If-None-Match's weak comparison (RFC 9110 13.1.2).
func matches(headers []string, etag string) bool {
	for _, header := range headers {
		for part := range strings.SplitSeq(header, ",") {
			part = strings.TrimPrefix(strings.TrimSpace(part), "W/")
			if part == etag || part == "*" {
				return true
			}
		}
	}
	return false
}
