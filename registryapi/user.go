package registryapi

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/errs"
)

const (
	userPrefix = "org.couchdb.user:"
	timeForm   = "2006-01-02T15:04:05.000Z"
)

var errNoUser = errs.New(errs.NotFound, "registryapi.user", "Not found")

func (s *Server) root(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]string{"name": s.Config.Name, "portal": s.Config.URL})
}

func (s *Server) ping(c echo.Context) error { return private(c, http.StatusOK, struct{}{}) }

// whoami answers npm whoami, which also asks on behalf of star and access.
func (s *Server) whoami(c echo.Context) error {
	by, err := s.signedIn(c)
	if err != nil {
		return err
	}
	return private(c, http.StatusOK, struct {
		Username string `json:"username"`
	}{by.Name})
}

func stamp(t time.Time) string { return t.UTC().Format(timeForm) }

// person answers GET /-/user/org.couchdb.user:{name}, which npm owner asks. Addresses are nobody
// else's business, so the member that npm wants is there and empty.
func (s *Server) person(c echo.Context) error {
	by, err := s.signedIn(c)
	if err != nil {
		return err
	}
	name, ok := strings.CutPrefix(c.Param("user"), userPrefix)
	if !ok {
		return errNoUser
	}
	p, err := s.Accounts.Person(c.Request().Context(), by, name)
	if err != nil {
		return err
	}
	return private(c, http.StatusOK, map[string]string{"_id": userPrefix + p.Name, "name": p.Name, "email": ""})
}

type key struct {
	ID      string  `json:"keyid"`
	Type    string  `json:"keytype"`
	Scheme  string  `json:"scheme"`
	Key     string  `json:"key"`
	Expires *string `json:"expires"`
}

// keys answers GET /-/npm/v1/keys, with which npm audit signatures verifies dist.signatures.
func (s *Server) keys(c echo.Context) error {
	all, err := s.Signing.Keys(c.Request().Context())
	if err != nil {
		return err
	}
	const ecdsa = "ecdsa-sha2-nistp256"
	out := make([]key, len(all))
	for i, k := range all {
		out[i] = key{ID: k.ID, Type: ecdsa, Scheme: ecdsa, Key: k.PublicKey}
		if k.ExpiresAt != nil {
			t := stamp(*k.ExpiresAt)
			out[i].Expires = &t
		}
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-cache")
	return c.JSON(http.StatusOK, map[string][]key{"keys": out})
}
