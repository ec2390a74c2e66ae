package search

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"latchkey/db"
)

type store struct{ db.Q }

// where is the part of a statement that says which packages match, with its arguments.
type where struct {
	text string
	args []any
}

func (w *where) and(text string, args ...any) {
	w.text += " AND " + text
	w.args = append(w.args, args...)
}

// matching are the packages that a question means and the viewer may see.
func matching(d *db.DB, q question, viewer string, now time.Time) where {
	w := where{`(search.private = FALSE OR search.package_id IN (SELECT package_id FROM package_readers WHERE user_id = ? AND (until IS NULL OR until > ?)))`, []any{viewer, now}}
	if len(q.words) > 0 {
		condition, argument := d.Matching(q.words)
		w.and(condition, argument)
	}
	for _, name := range q.maintainers {
		w.and(`search.package_id IN (SELECT o.package_id FROM maintainers o JOIN users u ON u.id = o.user_id WHERE u.name = ?)`, name)
	}
	return w
}

// hits are the ids of a page of packages, the best first.
func (s store) hits(ctx context.Context, w where, plain string, from, size int) (ids []string, err error) {
	query, args := `SELECT package_id FROM search WHERE `+w.text+` ORDER BY `, slices.Clone(w.args)
	if plain != "" {
		n := utf8.RuneCountInString(plain)
		query += `CASE WHEN name = ? THEN 0 WHEN base = ? THEN 1 WHEN SUBSTR(name, 1, ?) = ? OR SUBSTR(base, 1, ?) = ? THEN 2 ELSE 3 END, `
		args = append(args, plain, plain, n, plain, n, plain)
	}
	err = s.Select(ctx, &ids, query+`deprecated, popularity DESC, name LIMIT ? OFFSET ?`, append(args, size, from)...)
	return ids, err
}

func (s store) count(ctx context.Context, w where) (n int64, err error) {
	err = s.Get(ctx, &n, `SELECT COUNT(*) FROM search WHERE `+w.text, w.args...)
	return n, err
}

type described struct {
	PackageID, Name, Version, Publisher string
	Head                                []byte
	PublishedAt                         time.Time
	Private                             bool
	Popularity                          int64
}

func (s store) described(ctx context.Context, ids []string) (out []described, err error) {
	err = s.Select(ctx, &out, `SELECT p.id AS package_id, p.name, p.private, v.version, v.published_at, u.name AS publisher, m.head, search.popularity
		FROM packages p JOIN dist_tags t ON t.package_id = p.id AND t.tag = 'latest' JOIN versions v ON v.id = t.version_id
			JOIN users u ON u.id = v.published_by JOIN manifests m ON m.version_id = v.id JOIN search ON search.package_id = p.id
		WHERE p.id IN (?)`, ids)
	return out, err
}

type maintainer struct{ PackageID, Name string }

func (s store) maintainers(ctx context.Context, ids []string) (out []maintainer, err error) {
	err = s.Select(ctx, &out, `SELECT m.package_id, u.name FROM maintainers m JOIN users u ON u.id = m.user_id
		WHERE m.package_id IN (?) ORDER BY m.since, u.name`, ids)
	return out, err
}

// entry is what the index needs to know of a package besides what its latest version says.
type entry struct {
	Name                string
	Private, Deprecated bool
}

func (s store) entry(ctx context.Context, packageID string) (e entry, err error) {
	err = s.Get(ctx, &e, `SELECT p.name, p.private, COALESCE(v.deprecated, '') <> '' AS deprecated FROM packages p
			LEFT JOIN dist_tags t ON t.package_id = p.id AND t.tag = 'latest' LEFT JOIN versions v ON v.id = t.version_id
		WHERE p.id = ?`, packageID)
	return e, err
}

// index writes a row, unless it says so already.
func (s store) index(ctx context.Context, packageID string, e entry, base, terms string) error {
	_, err := s.Exec(ctx, `INSERT INTO search (package_id, name, base, private, deprecated, edition) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (package_id) DO UPDATE SET edition = excluded.edition, deprecated = excluded.deprecated
			WHERE search.edition <> excluded.edition OR search.deprecated <> excluded.deprecated`,
		packageID, e.Name, base, e.Private, e.Deprecated, edition)
	if err != nil {
		return err
	}
	_, err = s.Exec(ctx, `INSERT INTO search_texts (number, terms) SELECT number, ? FROM search WHERE package_id = ?
		ON CONFLICT (number) DO UPDATE SET terms = excluded.terms WHERE search_texts.terms <> excluded.terms`, terms, packageID)
	return err
}

// rank notes whether a package's latest version is deprecated.
func (s store) rank(ctx context.Context, packageID string, deprecated bool) error {
	_, err := s.Exec(ctx, `UPDATE search SET deprecated = ? WHERE package_id = ? AND deprecated <> ?`, deprecated, packageID, deprecated)
	return err
}

type stale struct {
	PackageID string
	Head      []byte
}

// stale are packages that are not indexed by today's rules.
func (s store) stale(ctx context.Context, n int) (out []stale, err error) {
	err = s.Select(ctx, &out, `SELECT t.package_id, m.head FROM dist_tags t JOIN manifests m ON m.version_id = t.version_id
			LEFT JOIN search ON search.package_id = t.package_id AND search.edition = ?
		WHERE t.tag = 'latest' AND search.number IS NULL LIMIT ?`, edition, n)
	return out, err
}

type moved struct {
	PackageID  string
	Popularity int64
}

// moved are packages whose popularity is not what their downloads since a day say.
func (s store) moved(ctx context.Context, since string) (out []moved, err error) {
	err = s.Select(ctx, &out, `SELECT search.package_id, CAST(COALESCE(SUM(d.count), 0) AS BIGINT) AS popularity
		FROM search LEFT JOIN downloads d ON d.package_id = search.package_id AND d.day >= ?
		GROUP BY search.package_id, search.popularity HAVING search.popularity <> COALESCE(SUM(d.count), 0)`, since)
	return out, err
}

func (s store) setPopularity(ctx context.Context, packageID string, n int64) error {
	_, err := s.Exec(ctx, `UPDATE search SET popularity = ? WHERE package_id = ?`, n, packageID)
	return err
}
