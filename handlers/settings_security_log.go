package handlers

import (
	"encoding/json"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/audit"
	"latchkey/views"
)

// entriesPerPage is how much of the log one page shows.
const entriesPerPage = 50

func (s *Server) securityLogPage(c echo.Context) error {
	by, page := actor(c), views.SettingsSecurityLog{Kind: c.QueryParam("kind"), First: c.QueryParam("before") == ""}
	entries, err := s.Log.Page(c.Request().Context(), by, page.Kind, c.QueryParam("before"), entriesPerPage+1)
	if err != nil {
		return err
	}
	if len(entries) > entriesPerPage {
		entries = entries[:entriesPerPage]
		page.Before = entries[entriesPerPage-1].ID
	}
	page.Entries, page.Session = entries, by.SessionID
	return s.render(c, page)
}

// exportSecurityLog sends the log as it is read: it may be long. What fails in the middle ends the file
// early, and is logged.
func (s *Server) exportSecurityLog(c echo.Context) error {
	ctx, by, kind := c.Request().Context(), actor(c), c.QueryParam("kind")
	if _, err := s.Log.Page(ctx, by, kind, "", 1); err != nil { // before the first byte
		return err
	}
	w, name, mime := lines, "security-log.jsonl", "application/jsonl; charset=utf-8"
	if c.QueryParam("as") == "csv" {
		w, name, mime = table, "security-log.csv", "text/csv; charset=utf-8"
	}
	return s.download(c, name, mime, func() error {
		return w(c, func(f func(audit.Logged) error) error { return s.Log.Each(ctx, by, kind, f) })
	})
}

// lines writes one JSON object a line.
func lines(c echo.Context, each func(func(audit.Logged) error) error) error {
	out := json.NewEncoder(c.Response())
	return each(func(e audit.Logged) error { return out.Encode(e) })
}

// table writes comma-separated values.
func table(c echo.Context, each func(func(audit.Logged) error) error) error {
	columns := []string{"id", "at", "event", "actor", "via", "session", "token", "token_name", "token_hint", "ip", "agent", "subject", "detail"}
	return rows(c, columns, func(put func(...string) error) error {
		return each(func(e audit.Logged) error {
			detail, err := json.Marshal(e.Detail)
			if err != nil {
				return err
			}
			return put(e.ID, stamp(e.At), string(e.Event), e.Actor, string(e.Via), e.Session, e.Token, e.TokenName,
				e.TokenHint, e.IP, e.Agent, e.Subject, string(detail))
		})
	})
}

// cell keeps a spreadsheet from reading what a client calls itself as a formula (OWASP, CSV injection).
func cell(text string) string {
	if text != "" && strings.ContainsAny(text[:1], "=+-@\t\r") {
		return "'" + text
	}
	return text
}
