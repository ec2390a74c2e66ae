package audit

import (
	"context"

	"latchkey/db"
)

// sealedRow is an entry in its place in the chain.
type sealedRow struct {
	row
	Seq  int64
	Seal string
}

func (s store) unsealed(ctx context.Context, n int) (rs []row, err error) {
	err = s.Select(ctx, &rs, `SELECT `+columns+` FROM audit_log a WHERE a.seq IS NULL ORDER BY a.id LIMIT ?`, n)
	return rs, err
}

func (s store) sealed(ctx context.Context, after int64, n int) (rs []sealedRow, err error) {
	err = s.Select(ctx, &rs, `SELECT `+columns+`, a.seq, a.seal FROM audit_log a WHERE a.seq > ? ORDER BY a.seq LIMIT ?`, after, n)
	return rs, err
}

func (s store) head(ctx context.Context) (Head, error) {
	return db.One[Head](ctx, s, nil, `SELECT seq, seal FROM audit_log WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1`)
}

func (s store) sealAt(ctx context.Context, seq int64) (seal string, err error) {
	err = s.Get(ctx, &seal, `SELECT seal FROM audit_log WHERE seq = ?`, seq)
	return seal, err
}

// setSeal reports whether the entry had none.
func (s store) setSeal(ctx context.Context, id string, h Head) (bool, error) {
	n, err := s.Exec(ctx, `UPDATE audit_log SET seq = ?, seal = ? WHERE id = ? AND seq IS NULL`, h.Seq, h.Seal, id)
	return n == 1, err
}

// like is a pattern for text that stands anywhere in a column.
func like(text string) string { return "%" + text + "%" }

// ofOrg returns entries of an organization's log, the newest first. A person is who acted, or who the detail
// says it was done to: names hold no character that JSON would write differently, and "_" may match more.
func (s store) ofOrg(ctx context.Context, org string, f Filter, before string, n int) (rs []row, err error) {
	err = s.Select(ctx, &rs, `SELECT `+columns+`, COALESCE(t.name, '') AS token_name, COALESCE(t.hint, '') AS token_hint
		FROM audit_log a LEFT JOIN tokens t ON t.id = a.token_id
		WHERE a.org = ? AND a.id < ? AND (? = '' OR a.actor_name = ? OR a.detail LIKE ?)
			AND a.event LIKE ? AND (? = '' OR a.subject = ?) AND a.at >= ? AND a.at < ? ORDER BY a.id DESC LIMIT ?`,
		org, before, f.Person, f.Person, like(`"person":"`+f.Person+`"`), f.event(), f.Package, "package:"+f.Package, f.From, f.until(), n)
	return rs, err
}
