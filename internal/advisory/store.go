package advisory

import (
	"context"
	"strings"
	"time"

	"latchkey/db"
	"latchkey/internal/npm"
)

type store struct{ db.Q }

type row struct {
	ID, Name, Title, Severity, URL, Cwes, Vector, Vulnerable, Patched string
	Number                                                            int64
	PublishedAt, ModifiedAt                                           time.Time
}

// about are all advisories about packages.
func (s store) about(ctx context.Context, names []string) ([]Advisory, error) {
	var rows []row
	err := s.Select(ctx, &rows, `SELECT a.id, a.number, a.title, a.severity, a.url, a.cwes, a.vector, a.published_at, a.modified_at, p.name, p.vulnerable, p.patched
		FROM advisory_packages p JOIN advisories a ON a.id = p.advisory_id WHERE p.name IN (?) ORDER BY p.name, a.id`, names)
	out := make([]Advisory, len(rows))
	for i, r := range rows {
		out[i] = Advisory{
			ID: r.ID, Number: r.Number, Name: r.Name, Title: r.Title, URL: r.URL, Severity: r.Severity, Vulnerable: r.Vulnerable, Patched: r.Patched,
			Vector: r.Vector, CWEs: strings.Fields(r.Cwes), PublishedAt: r.PublishedAt, ChangedAt: r.ModifiedAt,
		}
	}
	return out, err
}

func (s store) remove(ctx context.Context, id string) error {
	_, err := s.Exec(ctx, `DELETE FROM advisories WHERE id = ?`, id)
	return err
}

// insert writes one record's advisories.
func (s store) insert(ctx context.Context, list []Advisory, details string) error {
	a := list[0]
	_, err := s.Exec(ctx, `INSERT INTO advisories (id, number, title, details, severity, url, cwes, vector, published_at, modified_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, a.ID, a.Number, a.Title, npm.Storable(details, maxDetails), a.Severity, a.URL,
		strings.Join(a.CWEs, " "), a.Vector, a.PublishedAt, a.ChangedAt)
	for _, a := range list {
		if err == nil {
			_, err = s.Exec(ctx, `INSERT INTO advisory_packages (name, advisory_id, vulnerable, patched) VALUES (?, ?, ?, ?)`, a.Name, a.ID, a.Vulnerable, a.Patched)
		}
	}
	return err
}
