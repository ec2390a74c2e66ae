package registryapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/errs"
	"latchkey/internal/search"
)

// searchSize is how many results npm gets that does not say how many it wants.
const searchSize = 20

var errSearchPage = errs.New(errs.Invalid, "registryapi.search_page", "The size and the place to begin must be numbers.")

// searchResults is what npm reads one package at a time. It crashes without the list of maintainers,
// prints "prehistoric" without a date and "???" without a publisher.
type searchResults struct {
	Objects []searchObject `json:"objects"`
	Total   int64          `json:"total"`
	Time    string         `json:"time"`
}

type searchObject struct {
	Package   searchPackage `json:"package"`
	Downloads struct {
		Monthly int64 `json:"monthly"`
	} `json:"downloads"`
}

type searchPackage struct {
	Name        string            `json:"name"`
	Scope       string            `json:"scope"`
	Version     string            `json:"version"`
	Description string            `json:"description,omitempty"`
	Keywords    []string          `json:"keywords,omitempty"`
	Date        string            `json:"date"`
	License     string            `json:"license,omitempty"`
	Author      *searchAuthor     `json:"author,omitempty"`
	Publisher   searchPerson      `json:"publisher"`
	Maintainers []searchPerson    `json:"maintainers"`
	Links       map[string]string `json:"links"`
}

type searchAuthor struct {
	Name string `json:"name"`
}

// searchPerson names a person as search does, unlike documents: with "username".
type searchPerson struct {
	Username string `json:"username"`
	Email    string `json:"email"`
}

// search answers GET /-/v1/search. The weights that npm sends are not used: exact names come first, then
// beginnings of names, then text, and what is downloaded more stands before what is downloaded less.
func (s *Server) search(c echo.Context) error {
	by, err := s.actor(c)
	if err != nil {
		return err
	}
	q := search.Query{Text: c.QueryParam("text"), Size: searchSize}
	for param, into := range map[string]*int{"size": &q.Size, "from": &q.From} {
		if text := c.QueryParam(param); text != "" {
			if *into, err = strconv.Atoi(text); err != nil {
				return errSearchPage
			}
		}
	}
	r, err := s.Search.Search(c.Request().Context(), by, q)
	if err != nil {
		return err
	}
	out := searchResults{Objects: make([]searchObject, 0, len(r.Packages)), Total: r.Total, Time: s.Now().UTC().Format(timeForm)}
	for _, p := range r.Packages {
		o := searchObject{Package: s.searchPackage(p)}
		o.Downloads.Monthly = p.Popularity
		out.Objects = append(out.Objects, o)
	}
	return private(c, http.StatusOK, out)
}

func (s *Server) searchPackage(f search.Found) searchPackage {
	p := searchPackage{
		Name: f.Name, Scope: "unscoped", Version: f.Version, Description: f.Description, Keywords: f.Keywords, License: f.License,
		Date: f.PublishedAt.UTC().Format(timeForm), Publisher: searchPerson{Username: f.Publisher}, Maintainers: []searchPerson{},
		Links: map[string]string{"npm": s.Config.URL + "package/" + f.Name},
	}
	if scope, _, scoped := strings.Cut(f.Name, "/"); scoped {
		p.Scope = strings.TrimPrefix(scope, "@")
	}
	if f.Author != "" {
		p.Author = &searchAuthor{f.Author}
	}
	for _, name := range f.Maintainers {
		p.Maintainers = append(p.Maintainers, searchPerson{Username: name})
	}
	for name, address := range map[string]string{"homepage": f.Homepage, "repository": f.Repository, "bugs": f.Bugs} {
		if address != "" {
			p.Links[name] = address
		}
	}
	return p
}
