package handlers

import (
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/search"
	"latchkey/views"
)

// foundPerPage is how many packages a page of a search shows.
const foundPerPage = 20

func (s *Server) search(c echo.Context) error {
	text := strings.TrimSpace(c.QueryParam("q"))
	from := int(number(c.QueryParam("from")))
	r, err := s.Search.Search(c.Request().Context(), actor(c), search.Query{Text: text, From: from, Size: foundPerPage})
	if err != nil {
		return err
	}
	page := views.Search{Text: text, Found: r.Packages, Total: r.Total, From: int64(from), Size: foundPerPage}
	if next := from + len(r.Packages); int64(next) < r.Total {
		page.Next = int64(next)
	}
	return s.render(c, page)
}
