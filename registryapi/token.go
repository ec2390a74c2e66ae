package registryapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/errs"
	"latchkey/internal/secret"
	"latchkey/internal/token"
)

const tokensPerPage = 100

var (
	errPermission = errs.New(errs.Invalid, "registryapi.token_permission", "Say what the token may do: expected no-access, read-only or read-write.")
	errPassword   = errs.New(errs.Unauthenticated, "registryapi.token_password", "This is not the password of the account.")
	errDays       = errs.New(errs.Invalid, "registryapi.token_days", "Say for how many days the token works: expected a whole number.")
)

// tokenBody is a token as npm token list and npm token create read it. npm prints what it is given, so that nothing is
// here that is empty.
type tokenBody struct {
	Key         string       `json:"key"`
	Token       string       `json:"token"` // the secret when it is new, its beginning ever after
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	Created     string       `json:"created"`
	Updated     string       `json:"updated"`
	Expires     string       `json:"expires,omitempty"`
	Accessed    string       `json:"accessed,omitempty"`
	ReadOnly    bool         `json:"readonly"`
	Bypass      bool         `json:"bypass_2fa"`
	CIDR        []string     `json:"cidr_whitelist"` // null when there is none: npm prints a line for []
	Scopes      []tokenScope `json:"scopes,omitempty"`
}

type tokenScope struct {
	Type       string `json:"type"` // "package", "scope" or "org"
	Name       string `json:"name"`
	Permission string `json:"permission"`
}

// keyOf is how npm knows a token. It shows the shortest beginning that tells it from the others, so the random
// end of the id comes first; a UUID in its usual form npm would hide as a secret.
func keyOf(id string) string {
	id = strings.ReplaceAll(id, "-", "")
	return id[len(id)/2:] + id[:len(id)/2]
}

// idOf is the id of a key, or "" when it is none.
func idOf(key string) string {
	if len(key) != 32 || strings.Trim(key, "0123456789abcdef") != "" {
		return ""
	}
	key = key[16:] + key[:16]
	return strings.Join([]string{key[:8], key[8:12], key[12:16], key[16:20], key[20:]}, "-")
}

func bodyOf(h token.Held) tokenBody {
	b := tokenBody{
		Key: keyOf(h.ID), Token: strings.SplitN(h.Hint, "…", 2)[0], Name: h.Name, Description: h.Limits.Note, Created: h.CreatedAt.UTC().Format(timeForm),
		Updated: h.CreatedAt.UTC().Format(timeForm), ReadOnly: h.Kind == token.ReadOnly, Bypass: h.Kind == token.Automation,
	}
	if h.ExpiresAt != nil {
		b.Expires = h.ExpiresAt.UTC().Format(timeForm)
	}
	if h.LastUsedAt != nil {
		b.Accessed = h.LastUsedAt.UTC().Format(timeForm)
	}
	for _, p := range h.Limits.Addresses {
		b.CIDR = append(b.CIDR, p.String())
	}
	b.Scopes = scopesOf(h)
	return b
}

func scopesOf(h token.Held) (out []tokenScope) {
	words := map[bool]string{true: "read-only", false: "read-write"}
	for _, name := range h.Limits.Packages {
		if scope, ok := strings.CutSuffix(name, "/*"); ok {
			out = append(out, tokenScope{"scope", scope, words[h.Kind == token.ReadOnly]})
		} else {
			out = append(out, tokenScope{"package", name, words[h.Kind == token.ReadOnly]})
		}
	}
	for _, name := range h.Limits.Orgs {
		out = append(out, tokenScope{"org", name, words[!h.Limits.Manages]})
	}
	return out
}

// listTokens answers npm token list, which follows urls.next until there is none. What npm login made is not
// listed: it has a page of its own, and ends by itself.
func (s *Server) listTokens(c echo.Context) error {
	by, err := s.signedIn(c)
	if err != nil {
		return err
	}
	held, err := s.Tokens.List(c.Request().Context(), by, by.Name)
	if err != nil {
		return err
	}
	held = slices.DeleteFunc(held, func(h token.Held) bool { return h.Kind == token.Session })
	page, _ := strconv.Atoi(c.QueryParam("page"))
	page = min(max(page, 0), len(held)/tokensPerPage+1)
	type urls struct {
		Next *string `json:"next"`
	}
	out := struct {
		Objects []tokenBody `json:"objects"`
		Total   int         `json:"total"`
		URLs    urls        `json:"urls"`
	}{Objects: []tokenBody{}, Total: len(held)}
	from, to := min(page*tokensPerPage, len(held)), min((page+1)*tokensPerPage, len(held))
	for _, h := range held[from:to] {
		out.Objects = append(out.Objects, bodyOf(h))
	}
	if to < len(held) {
		next := s.Config.RegistryURL + "-/npm/v1/tokens?page=" + strconv.Itoa(page+1)
		out.URLs.Next = &next
	}
	return private(c, http.StatusOK, out)
}

// tokenOrder is what npm token create asks for. npm before 11, and pnpm, send ReadOnly and say nothing of
// packages: such a token reaches what its owner reaches.
type tokenOrder struct {
	Name        *string  `json:"name"`
	Password    string   `json:"password"`
	Description string   `json:"description"`
	Expires     *float64 `json:"expires"` // days
	Packages    []string `json:"packages"`
	All         bool     `json:"packages_all"`
	Scopes      []string `json:"scopes"`
	Orgs        []string `json:"orgs"`
	Permission  string   `json:"packages_and_scopes_permission"`
	OrgsMay     string   `json:"orgs_permission"`
	CIDR        []string `json:"cidr_whitelist"`
	Bypass      bool     `json:"bypass_2fa"`
	ReadOnly    *bool    `json:"readonly"`
}

// limited reads the members by which npm 11 says what a token reaches: without a permission it may read what is
// listed, and nothing when nothing is.
func (o tokenOrder) limited() (in token.NewToken, err error) {
	in.Limited = true
	packages := slices.Concat(o.Packages, scoped(o.Scopes))
	mayRead, mayWrite, err := may(o.Permission, o.All || len(packages) > 0)
	if err != nil {
		return in, err
	}
	manages, mayManage, err := may(o.OrgsMay, len(o.Orgs) > 0)
	if err != nil {
		return in, err
	}
	if in.Kind = token.ReadOnly; mayWrite {
		in.Kind = token.Publish
	}
	if mayRead {
		in.Packages = packages
	}
	if manages {
		in.Orgs, in.Manages = o.Orgs, mayManage
	}
	if mayRead && (o.All || slices.Contains(o.Packages, "*")) {
		if len(in.Orgs) > 0 {
			return in, errs.New(errs.Invalid, "registryapi.token_all", "A token for organizations names its packages: expected no --packages-all beside --orgs.")
		}
		in.Limited, in.Packages = false, nil
	}
	return in, nil
}

func may(word string, listed bool) (read, write bool, err error) {
	switch word {
	case "":
		return listed, false, nil
	case "no-access":
		return false, false, nil
	case "read-only":
		return true, false, nil
	case "read-write":
		return true, true, nil
	}
	return false, false, errPermission
}

// scoped are scopes as names: npm sends them with their @ or without.
func scoped(scopes []string) []string {
	out := make([]string, len(scopes))
	for i, s := range scopes {
		out[i] = "@" + strings.TrimPrefix(s, "@")
	}
	return out
}

func (o tokenOrder) token(now time.Time) (in token.NewToken, err error) {
	if o.ReadOnly != nil && o.Permission == "" && !o.All && len(o.Packages)+len(o.Scopes)+len(o.Orgs) == 0 {
		if in.Kind = token.Publish; *o.ReadOnly {
			in.Kind = token.ReadOnly
		}
	} else if in, err = o.limited(); err != nil {
		return in, err
	}
	if o.Bypass && in.Kind == token.Publish {
		in.Kind = token.Automation
	}
	if o.Expires != nil {
		if in.Days = int(*o.Expires); float64(in.Days) != *o.Expires || in.Days < 1 {
			return in, errDays
		}
	}
	if in.Name = "npm token create on " + now.UTC().Format("2 January 2006"); o.Name != nil {
		in.Name = *o.Name
	}
	in.Note = o.Description
	in.Addresses, err = token.ParseAddresses(o.CIDR)
	return in, err
}

// createToken answers npm token create. The body has the account's password beside the second factor that the
// action asks for: a stolen terminal alone makes no token that outlives it.
func (s *Server) createToken(c echo.Context) error {
	ctx := c.Request().Context()
	by, err := s.signedIn(c)
	if err != nil {
		return err
	}
	var order tokenOrder
	if err := s.decode(c, &order); err != nil {
		return err
	}
	by, err = s.Accounts.Prove(ctx, by, order.Password)
	if errs.AsInvalid(err) != nil {
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, `Basic realm="registry"`) // npm then speaks of the password
		return errPassword
	}
	if err != nil {
		return err
	}
	in, err := order.token(s.Now())
	if err != nil {
		return plain(err)
	}
	made, err := s.Tokens.Create(ctx, by, in)
	if err != nil {
		return plain(err)
	}
	held, err := s.held(c, by, made.ID)
	if err != nil {
		return err
	}
	held.Token = made.Secret
	return private(c, http.StatusCreated, held)
}

func (s *Server) held(c echo.Context, by access.Actor, id string) (tokenBody, error) {
	all, err := s.Tokens.List(c.Request().Context(), by, by.Name)
	if err != nil {
		return tokenBody{}, err
	}
	for _, h := range all {
		if h.ID == id {
			return bodyOf(h), nil
		}
	}
	return tokenBody{}, token.ErrNoToken
}

// plain makes a form's error one sentence: a terminal has no fields to point at.
func plain(err error) error {
	e := errs.AsInvalid(err)
	if e == nil || len(e.Fields) == 0 {
		return err
	}
	for _, text := range e.Fields {
		return errs.New(errs.Invalid, e.Code, text)
	}
	return err
}

// revokeToken answers npm token revoke, which sends the key of a token that it listed, or the secret itself.
func (s *Server) revokeToken(c echo.Context) error {
	ctx := c.Request().Context()
	by, err := s.signedIn(c)
	if err != nil {
		return err
	}
	which := c.Param("token")
	if secret.IsToken(which) {
		err = s.Tokens.Revoke(ctx, by, which)
	} else if id := idOf(which); id != "" {
		_, err = s.Tokens.RevokeHeld(ctx, by, by.Name, id)
	} else {
		err = token.ErrNoToken
	}
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
