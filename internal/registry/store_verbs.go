package registry

import (
	"context"
	"strings"
	"time"

	"latchkey/db"
	"latchkey/internal/npm"
)

// rowsAtOnce bounds the rows of one INSERT; SQLite takes 32,766 values.
const rowsAtOnce = 200

// insertRows adds rows with as few statements as possible. insert ends in VALUES.
func (s store) insertRows(ctx context.Context, insert string, rows [][]any) error {
	for len(rows) > 0 {
		n := min(len(rows), rowsAtOnce)
		row := ", (?" + strings.Repeat(", ?", len(rows[0])-1) + ")"
		var args []any
		for _, r := range rows[:n] {
			args = append(args, r...)
		}
		if _, err := s.Exec(ctx, insert+strings.Repeat(row, n)[1:], args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

func (s store) insertDependencies(ctx context.Context, packageID, versionID string, all []npm.Dependency) error {
	rows := make([][]any, len(all))
	for i, d := range all {
		rows[i] = []any{versionID, packageID, d.Name, d.Kind, d.Requirement}
	}
	return s.insertRows(ctx, `INSERT INTO dependencies (version_id, package_id, name, kind, requirement) VALUES`, rows)
}

// unlisted is a version whose dependencies are not in their table yet.
type unlisted struct {
	ID, PackageID string
	Body          []byte
}

func (s store) unlisted(ctx context.Context, n int) (out []unlisted, err error) {
	err = s.Select(ctx, &out, `SELECT v.id, v.package_id, m.body FROM versions v JOIN manifests m ON m.version_id = v.id
		WHERE v.listed = FALSE ORDER BY v.id LIMIT ?`, n)
	return out, err
}

// forget removes what is known of a version's dependencies.
func (s store) forgetDependencies(ctx context.Context, versionID string) error {
	_, err := s.Exec(ctx, `DELETE FROM dependencies WHERE version_id = ?`, versionID)
	return err
}

func (s store) setListed(ctx context.Context, versionID string) error {
	_, err := s.Exec(ctx, `UPDATE versions SET listed = TRUE WHERE id = ?`, versionID)
	return err
}

// dependents are the names of other packages with a version that needs one, after a name, as far as the
// viewer may see them. What is needed only to work on a package does not count.
func (s store) dependents(ctx context.Context, h head, v viewer, after string, n int) (names []string, err error) {
	err = s.Select(ctx, &names, `SELECT p.name FROM packages p
		WHERE p.id IN (SELECT d.package_id FROM dependencies d WHERE d.name = ? AND d.kind <> 'dev')
			AND p.id <> ? AND p.name > ? AND (p.private = FALSE
			OR p.id IN (SELECT package_id FROM package_readers WHERE user_id = ? AND (until IS NULL OR until > ?)))
		ORDER BY p.name LIMIT ?`, h.Name, h.ID, after, v.userID, v.at, n)
	return names, err
}

// maxCounted is how far dependents are counted: what a page costs must not grow with them.
const maxCounted = 10_000

// countDependents counts what dependents lists, up to maxCounted.
func (s store) countDependents(ctx context.Context, h head, v viewer) (n int64, err error) {
	err = s.Get(ctx, &n, `SELECT COUNT(*) FROM (SELECT 1 FROM packages p
		WHERE p.id IN (SELECT d.package_id FROM dependencies d WHERE d.name = ? AND d.kind <> 'dev')
			AND p.id <> ? AND (p.private = FALSE OR p.id IN (SELECT package_id FROM package_readers WHERE user_id = ? AND (until IS NULL OR until > ?))) LIMIT ?) AS counted`,
		h.Name, h.ID, v.userID, v.at, maxCounted)
	return n, err
}

// downloads counts the downloads of a package since a day.
func (s store) downloads(ctx context.Context, packageID string, since time.Time) (n int64, err error) {
	err = s.Get(ctx, &n, `SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT) FROM downloads WHERE package_id = ? AND day >= ?`,
		packageID, since.UTC().Format(time.DateOnly))
	return n, err
}

// deprecations are the messages of all versions of a package; "" is none.
func (s store) deprecations(ctx context.Context, packageID string) (map[string]string, error) {
	var rows []struct{ Version, Deprecated string }
	if err := s.Select(ctx, &rows, `SELECT version, deprecated FROM versions WHERE package_id = ?`, packageID); err != nil {
		return nil, err
	}
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.Version] = r.Deprecated
	}
	return out, nil
}

func (s store) deprecate(ctx context.Context, packageID string, versions []string, message string) error {
	_, err := s.Exec(ctx, `UPDATE versions SET deprecated = ? WHERE package_id = ? AND version IN (?)`, message, packageID, versions)
	return err
}

// publication is what is remembered of a version when it is unpublished.
type publication struct {
	ID, Version, Blob, PublishedBy string
	PublishedAt                    time.Time
}

func (s store) publications(ctx context.Context, packageID string) (ps []publication, err error) {
	err = s.Select(ctx, &ps, `SELECT v.id, v.version, v.blob, u.name AS published_by, v.published_at
		FROM versions v JOIN users u ON u.id = v.published_by WHERE v.package_id = ? ORDER BY v.number`, packageID)
	return ps, err
}

// retire makes version numbers of a name unusable for ever.
func (s store) retire(ctx context.Context, name string, ps []publication, by string, now time.Time) error {
	rows := make([][]any, len(ps))
	for i, p := range ps {
		rows[i] = []any{name, p.Version, p.Blob, p.PublishedBy, p.PublishedAt, by, now}
	}
	return s.insertRows(ctx, `INSERT INTO retired_versions (name, version, digest, published_by, published_at, retired_by, retired_at) VALUES`, rows)
}

// retired returns when a version was unpublished, or ErrVersionNotFound.
func (s store) retired(ctx context.Context, name, version string) (time.Time, error) {
	return db.One[time.Time](ctx, s, ErrVersionNotFound, `SELECT retired_at FROM retired_versions WHERE name = ? AND version = ?`, name, version)
}

// retireName keeps a name from everybody until a time.
func (s store) retireName(ctx context.Context, n npm.Name, by string, now, until time.Time) error {
	_, err := s.Exec(ctx, `INSERT INTO retired_names (name, moniker, retired_by, retired_at, held_until) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET retired_by = excluded.retired_by, retired_at = excluded.retired_at, held_until = excluded.held_until`,
		n.Full, n.Moniker(), by, now, until)
	return err
}

// heldUntil returns until when a name is kept from everybody, or ErrNotFound.
func (s store) heldUntil(ctx context.Context, name string, now time.Time) (time.Time, error) {
	return db.One[time.Time](ctx, s, ErrNotFound, `SELECT held_until FROM retired_names WHERE name = ? AND held_until > ?`, name, now)
}

// lookAlike returns the name of a package, or a name that is held, that is taken for another: one with
// the same moniker that the actor does not maintain. It returns ErrNotFound when there is none.
func (s store) lookAlike(ctx context.Context, n npm.Name, userID string, now time.Time) (string, error) {
	return db.One[string](ctx, s, ErrNotFound, `SELECT p.name FROM packages p WHERE p.moniker = ? AND NOT EXISTS
			(SELECT 1 FROM maintainers m WHERE m.package_id = p.id AND m.user_id = ?)
		UNION ALL SELECT r.name FROM retired_names r WHERE r.moniker = ? AND r.held_until > ?
		LIMIT 1`, n.Moniker(), userID, n.Moniker(), now)
}

// untag removes the tags that lead to versions and reports whether latest was one of them.
func (s store) untag(ctx context.Context, packageID string, versionIDs []string) (latest bool, err error) {
	var n int
	err = s.Get(ctx, &n, `SELECT COUNT(*) FROM dist_tags WHERE package_id = ? AND tag = 'latest' AND version_id IN (?)`, packageID, versionIDs)
	if err != nil {
		return false, err
	}
	_, err = s.Exec(ctx, `DELETE FROM dist_tags WHERE package_id = ? AND version_id IN (?)`, packageID, versionIDs)
	return n > 0, err
}

// removeVersions removes versions to which no tag leads, and returns how many bytes of manifests they had.
func (s store) removeVersions(ctx context.Context, versionIDs []string) (bytes int, err error) {
	err = s.Get(ctx, &bytes, `SELECT CAST(COALESCE(SUM(octet_length(body)), 0) AS BIGINT) FROM manifests WHERE version_id IN (?)`, versionIDs)
	if err != nil {
		return 0, err
	}
	_, err = s.Exec(ctx, `DELETE FROM versions WHERE id IN (?)`, versionIDs)
	return bytes, err
}

// removePackage removes a package and all that is only about it.
func (s store) removePackage(ctx context.Context, packageID string) error {
	if _, err := s.Exec(ctx, `DELETE FROM dist_tags WHERE package_id = ?`, packageID); err != nil {
		return err
	}
	_, err := s.Exec(ctx, `DELETE FROM packages WHERE id = ?`, packageID)
	return err
}
