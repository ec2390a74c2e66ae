package registry

import (
	"context"
	"time"

	"latchkey/db"
)

// piece is one version in a package's document.
type piece struct {
	Version, Deprecated string
	PublishedAt         time.Time
	Body                []byte
}

// fullPieces are the full manifests of a package, in the order of publication.
func (s store) fullPieces(ctx context.Context, packageID string) (ps []piece, err error) {
	err = s.Select(ctx, &ps, `SELECT v.version, v.deprecated, v.published_at, m.body FROM versions v JOIN manifests m ON m.version_id = v.id
		WHERE v.package_id = ? ORDER BY v.number`, packageID)
	return ps, err
}

// abbreviatedPieces are the abbreviated manifests of a package, in the order of publication.
func (s store) abbreviatedPieces(ctx context.Context, packageID string) (ps []piece, err error) {
	err = s.Select(ctx, &ps, `SELECT version, deprecated, published_at, abbreviated AS body FROM versions WHERE package_id = ? ORDER BY number`, packageID)
	return ps, err
}

// latest is what the package's own document and page take from the version tagged latest.
type latest struct {
	Version, Head, Readme, ReadmeAs, PublishedBy string
	PublishedAt                                  time.Time
	Size, UnpackedSize, FileCount                int64
}

func (s store) latest(ctx context.Context, packageID string) (latest, error) {
	return db.One[latest](ctx, s, ErrNotFound, `SELECT v.version, m.head, COALESCE(r.body, '') AS readme, COALESCE(r.filename, '') AS readme_as,
			u.name AS published_by, v.published_at, v.size, v.unpacked_size, v.file_count
		FROM dist_tags t JOIN versions v ON v.id = t.version_id JOIN manifests m ON m.version_id = v.id
			JOIN users u ON u.id = v.published_by LEFT JOIN readmes r ON r.version_id = v.id
		WHERE t.package_id = ? AND t.tag = 'latest'`, packageID)
}

// tarball is what a download needs to know.
type tarball struct {
	ID   string
	Blob string
	Size int64
}

func (s store) tarball(ctx context.Context, packageID, version string) (tarball, error) {
	return db.One[tarball](ctx, s, ErrNotFound, `SELECT id, blob, size FROM versions WHERE package_id = ? AND version = ?`, packageID, version)
}

// used are those of some blobs that a version has.
func (s store) used(ctx context.Context, blobs []string) (used []string, err error) {
	err = s.Select(ctx, &used, `SELECT DISTINCT blob FROM versions WHERE blob IN (?)`, blobs)
	return used, err
}

const selectSummary = `SELECT p.name, p.description, p.private, v.version, u.name AS published_by, v.published_at
	FROM packages p JOIN dist_tags t ON t.package_id = p.id AND t.tag = 'latest'
		JOIN versions v ON v.id = t.version_id JOIN users u ON u.id = v.published_by `

// maintainedBy are the packages of a person that the viewer may see, after a name.
func (s store) maintainedBy(ctx context.Context, person string, v viewer, after string, n int) (out []Summary, err error) {
	err = s.Select(ctx, &out, selectSummary+`JOIN maintainers o ON o.package_id = p.id JOIN users owner ON owner.id = o.user_id
		WHERE owner.name = ? AND p.name > ? AND (p.private = FALSE
			OR p.id IN (SELECT package_id FROM package_readers WHERE user_id = ? AND (until IS NULL OR until > ?)))
		ORDER BY p.name LIMIT ?`, person, after, v.userID, v.at, n)
	return out, err
}

// published lists a page of versions, newest first, below a number.
func (s store) published(ctx context.Context, packageID string, below int64, n int) (out []Version, err error) {
	err = s.Select(ctx, &out, `SELECT v.number, v.version, v.published_at, u.name AS published_by, v.size, v.unpacked_size, v.file_count AS files
		FROM versions v JOIN users u ON u.id = v.published_by
		WHERE v.package_id = ? AND v.number < ? ORDER BY v.number DESC LIMIT ?`, packageID, below, n)
	return out, err
}

func (s store) count(ctx context.Context) (n Count, err error) {
	err = s.Get(ctx, &n, `SELECT COUNT(*) AS packages, CAST(COALESCE(SUM(version_count), 0) AS BIGINT) AS versions FROM packages`)
	return n, err
}
