package registryapi

import (
	"bufio"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
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

// edits are the commands that send a document back, where pnpm 12 has _rev behind its versions. Believing a
// client about it is safe: as an edit nothing is published, and as a publish nothing is edited.
var edits = map[string]bool{"deprecate": true, "undeprecate": true, "star": true, "unstar": true}

// put answers PUT /{pkg}: a publish, or a document that was read, changed and sent back.
func (s *Server) put(c echo.Context) error {
	by, body, err := s.document(c)
	if err != nil {
		return err
	}
	r := c.Request()
	if by.SignedIn() && (edits[r.Header.Get("Npm-Command")] || npm.IsEdit(body)) { // who is not need not send anything
		return s.edited(c, by, body)
	}
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

// edit answers PUT /{pkg}/-rev/{rev}: npm owner, and npm unpublish of a version.
func (s *Server) edit(c echo.Context) error {
	by, body, err := s.document(c)
	if err != nil {
		return err
	}
	return s.edited(c, by, body)
}

// document is a body that may be as large as a publish, or as a package's document.
func (s *Server) document(c echo.Context) (access.Actor, *bufio.Reader, error) {
	by, err := s.actor(c)
	if err != nil {
		return by, nil, err
	}
	r, l := c.Request(), s.Config.Limits
	if r.Header.Get(echo.HeaderContentEncoding) != "" {
		return by, nil, errEncoded
	}
	return by, bufio.NewReader(http.MaxBytesReader(c.Response(), r.Body, max(l.MaxTarball/3*4, l.MaxDocument*2)+npm.MaxEnvelope)), nil
}

func (s *Server) edited(c echo.Context, by access.Actor, body *bufio.Reader) error {
	invited, err := s.Packages.Edit(c.Request().Context(), by, edge.PackageName(c), c.Param("rev"), body)
	if err != nil {
		return err
	}
	s.noticeInvited(c, invited)
	return private(c, http.StatusCreated, written{OK: true, Success: true, ID: edge.PackageName(c)})
}

// noticeInvited has npm say that somebody who was added must accept first.
func (s *Server) noticeInvited(c echo.Context, people []string) {
	if len(people) > 0 {
		c.Response().Header().Set("Npm-Notice", strings.Join(people, ", ")+" will maintain "+edge.PackageName(c)+
			" after accepting the invitation at "+s.Config.URL+"settings/invitations")
	}
}
