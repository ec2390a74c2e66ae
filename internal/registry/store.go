package registry

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/npm"
)

type store struct{ db.Q }

// version is a row of versions, without what documents show of it.
type version struct {
	ID, PackageID, Version, PublishedBy, Blob string
	Number, Size, UnpackedSize, FileCount     int64
	PublishedAt                               time.Time
}

func (s store) head(ctx context.Context, name string) (head, error) {
	return db.One[head](ctx, s, ErrNotFound, `SELECT id, name, description, private, revision, version_count, manifest_bytes, created_at, updated_at
		FROM packages WHERE name = ?`, name)
}

func (s store) maintainers(ctx context.Context, packageID string) (ms []maintainer, err error) {
	err = s.Select(ctx, &ms, `SELECT m.user_id, u.name FROM maintainers m JOIN users u ON u.id = m.user_id
		WHERE m.package_id = ? ORDER BY m.since, u.name`, packageID)
	return ms, err
}

// insertPackage adds a package. When another transaction has taken the name meanwhile, PostgreSQL fails this
// one as a conflict of the two, which is run again and then finds it: without ON CONFLICT it would be a
// violated constraint, which is nobody's.
func (s store) insertPackage(ctx context.Context, h head, moniker string) error {
	_, err := s.Exec(ctx, `INSERT INTO packages (id, name, scope, moniker, private, revision, version_count, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?) ON CONFLICT DO NOTHING`, h.ID, h.Name, scopeOf(h.Name), moniker, h.Private, h.CreatedAt, h.UpdatedAt)
	return err
}

func (s store) insertMaintainer(ctx context.Context, packageID, userID string, since time.Time) error {
	_, err := s.Exec(ctx, `INSERT INTO maintainers (package_id, user_id, since) VALUES (?, ?, ?)`, packageID, userID, since)
	return err
}

func (s store) version(ctx context.Context, packageID, v string) (version, error) {
	return db.One[version](ctx, s, ErrVersionNotFound, `SELECT id, package_id, number, version, published_by, published_at, blob, size, unpacked_size, file_count
		FROM versions WHERE package_id = ? AND version = ?`, packageID, v)
}

func (s store) insertVersion(ctx context.Context, v version, d npm.Documents, maxReadme int64) error {
	_, err := s.Exec(ctx, `INSERT INTO versions (id, package_id, number, version, published_by, published_at, blob, size,
		unpacked_size, file_count, abbreviated, listed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, TRUE)`,
		v.ID, v.PackageID, v.Number, v.Version, v.PublishedBy, v.PublishedAt, v.Blob, v.Size, v.UnpackedSize, v.FileCount,
		string(d.Abbreviated))
	if err != nil {
		return err
	}
	if _, err = s.Exec(ctx, `INSERT INTO manifests (version_id, body, head) VALUES (?, ?, ?)`, v.ID, string(d.Full), string(d.Head)); err != nil {
		return err
	}
	if d.Readme == "" {
		return nil
	}
	_, err = s.Exec(ctx, `INSERT INTO readmes (version_id, filename, body) VALUES (?, ?, ?)`, v.ID, npm.Storable(d.ReadmeAs, 255), npm.Storable(d.Readme, maxReadme))
	return err
}

// bump moves a package to its next revision, with added new versions and the bytes of their manifests.
func (s store) bump(ctx context.Context, packageID string, now time.Time, added, bytes int) error {
	_, err := s.Exec(ctx, `UPDATE packages SET revision = revision + 1, version_count = version_count + ?,
		manifest_bytes = manifest_bytes + ?, updated_at = ? WHERE id = ?`, added, bytes, now, packageID)
	return err
}

func (s store) describe(ctx context.Context, packageID, description string) error {
	_, err := s.Exec(ctx, `UPDATE packages SET description = ? WHERE id = ?`, description, packageID)
	return err
}

func (s store) tags(ctx context.Context, packageID string) (ts []Tag, err error) {
	err = s.Select(ctx, &ts, `SELECT t.tag AS name, v.version FROM dist_tags t JOIN versions v ON v.id = t.version_id
		WHERE t.package_id = ? ORDER BY t.tag`, packageID)
	return ts, err
}

func (s store) setTag(ctx context.Context, packageID, tag, versionID string) error {
	_, err := s.Exec(ctx, `INSERT INTO dist_tags (package_id, tag, version_id) VALUES (?, ?, ?)
		ON CONFLICT (package_id, tag) DO UPDATE SET version_id = excluded.version_id`, packageID, tag, versionID)
	return err
}

func (s store) removeTag(ctx context.Context, packageID, tag string) (int64, error) {
	return s.Exec(ctx, `DELETE FROM dist_tags WHERE package_id = ? AND tag = ?`, packageID, tag)
}

// otherTags counts the tags besides one.
func (s store) otherTags(ctx context.Context, packageID, tag string) (n int64, err error) {
	err = s.Get(ctx, &n, `SELECT COUNT(*) FROM dist_tags WHERE package_id = ? AND tag <> ?`, packageID, tag)
	return n, err
}

// headMembers are what a version adds to its package's document while it is the latest.
func (s store) headMembers(ctx context.Context, versionID string) (members []byte, err error) {
	err = s.Get(ctx, &members, `SELECT head FROM manifests WHERE version_id = ?`, versionID)
	return members, err
}
