package handlers

import (
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/audit"
	"latchkey/views"
)

// logFilter reads what is chosen from an address. What cannot be read is not chosen. Days are UTC, and the last
// one is part of it.
func logFilter(q url.Values) audit.Filter {
	text := func(name string) string { return strings.TrimSpace(q.Get(name)) }
	f := audit.Filter{Person: strings.ToLower(text("person")), Action: text("action"), Package: text("package")}
	f.From, _ = time.Parse(time.DateOnly, text("from"))
	if until, err := time.Parse(time.DateOnly, text("until")); err == nil {
		f.Until = until.AddDate(0, 0, 1)
	}
	return f
}

func (s *Server) orgLogPage(c echo.Context) error {
	page := views.OrgLog{Query: c.QueryParams(), Filter: logFilter(c.QueryParams()), First: c.QueryParam("before") == ""}
	var err error
	if page.OrgHead, err = s.orgHead(c); err != nil {
		return err
	}
	page.Entries, err = s.Orgs.Log(c.Request().Context(), actor(c), page.Name, page.Filter, c.QueryParam("before"), entriesPerPage+1)
	if err != nil {
		return err
	}
	if len(page.Entries) > entriesPerPage {
		page.Entries = page.Entries[:entriesPerPage]
		page.Before = page.Entries[entriesPerPage-1].ID
	}
	return s.render(c, page)
}

// exportOrgLog sends the log as it is read: it may be long.
func (s *Server) exportOrgLog(c echo.Context) error {
	ctx, by, name, f := c.Request().Context(), actor(c), c.Param("org"), logFilter(c.QueryParams())
	if _, err := s.Orgs.Log(ctx, by, name, f, "", 1); err != nil { // before the first byte
		return err
	}
	w, file, mime := lines, name+"-audit-log.jsonl", "application/jsonl; charset=utf-8"
	if c.QueryParam("as") == "csv" {
		w, file, mime = table, name+"-audit-log.csv", "text/csv; charset=utf-8"
	}
	return s.download(c, file, mime, func() error {
		return w(c, func(f2 func(audit.Logged) error) error { return s.Orgs.EachLogged(ctx, by, name, f, f2) })
	})
}
