package registry

import (
	"context"
	"time"
)

// publish is what the security log says of a publish.
type publish struct {
	Via    string
	Detail []byte
}

// publishes are the log's entries of one kind about a package within a time.
func (s store) publishes(ctx context.Context, subject, event string, first, last time.Time, n int) (out []publish, err error) {
	err = s.Select(ctx, &out, `SELECT via, detail FROM audit_log WHERE subject = ? AND at >= ? AND at <= ? AND event = ?
		ORDER BY at DESC LIMIT ?`, subject, first, last, event, n+1)
	return out, err
}

// recent are the newest versions of the packages that were published last and that the viewer may see.
func (s store) recent(ctx context.Context, v viewer, n int) (out []Summary, err error) {
	err = s.Select(ctx, &out, `SELECT p.name, p.description, p.private, v.version, u.name AS published_by, v.published_at
		FROM versions v JOIN packages p ON p.id = v.package_id JOIN users u ON u.id = v.published_by
		WHERE NOT EXISTS (SELECT 1 FROM versions w WHERE w.package_id = v.package_id AND w.number > v.number)
			AND (p.private = FALSE OR p.id IN (SELECT package_id FROM package_readers WHERE user_id = ? AND (until IS NULL OR until > ?)))
		ORDER BY v.published_at DESC, v.id DESC LIMIT ?`, v.userID, v.at, n)
	return out, err
}

// dependentsPage are other packages with a version that needs one, after a name, with their latest versions,
// as far as the viewer may see them.
func (s store) dependentsPage(ctx context.Context, h head, v viewer, after string, n int) (out []Summary, err error) {
	err = s.Select(ctx, &out, selectSummary+`WHERE p.id IN (SELECT d.package_id FROM dependencies d WHERE d.name = ? AND d.kind <> 'dev')
			AND p.id <> ? AND p.name > ? AND (p.private = FALSE OR p.id IN (SELECT package_id FROM package_readers WHERE user_id = ? AND (until IS NULL OR until > ?)))
		ORDER BY p.name LIMIT ?`, h.Name, h.ID, after, v.userID, v.at, n)
	return out, err
}

// visible are those of some names that are packages which the viewer may see.
func (s store) visible(ctx context.Context, v viewer, names []string) (out []string, err error) {
	err = s.Select(ctx, &out, `SELECT p.name FROM packages p WHERE p.name IN (?) AND (p.private = FALSE
		OR p.id IN (SELECT package_id FROM package_readers WHERE user_id = ? AND (until IS NULL OR until > ?)))`, names, v.userID, v.at)
	return out, err
}

// manifest is the full manifest of a version.
func (s store) manifest(ctx context.Context, versionID string) (body []byte, err error) {
	err = s.Get(ctx, &body, `SELECT body FROM manifests WHERE version_id = ?`, versionID)
	return body, err
}
