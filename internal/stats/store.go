package stats

import (
	"context"

	"latchkey/db"
)

type store struct{ db.Q }

// add counts downloads of a version. One that has gone meanwhile is not counted any more.
func (s store) add(ctx context.Context, versionID, day string, n int64) error {
	_, err := s.Exec(ctx, `INSERT INTO downloads (package_id, day, count)
		SELECT package_id, CAST(? AS TEXT), CAST(? AS BIGINT) FROM versions WHERE id = ?
		ON CONFLICT (package_id, day) DO UPDATE SET count = downloads.count + excluded.count`, day, n, versionID)
	if err != nil {
		return err
	}
	_, err = s.Exec(ctx, `INSERT INTO version_downloads (version_id, day, count)
		SELECT id, CAST(? AS TEXT), CAST(? AS BIGINT) FROM versions WHERE id = ?
		ON CONFLICT (version_id, day) DO UPDATE SET count = version_downloads.count + excluded.count`, day, n, versionID)
	return err
}

func (s store) sweep(ctx context.Context, before string) error {
	_, err := s.Exec(ctx, `DELETE FROM version_downloads WHERE day < ?`, before)
	return err
}

func (s store) days(ctx context.Context, packageID string, p Period) (out []Day, err error) {
	err = s.Select(ctx, &out, `SELECT day, count FROM downloads WHERE package_id = ? AND day >= ? AND day <= ? ORDER BY day`, packageID, p.Start, p.End)
	return out, err
}

func (s store) allDays(ctx context.Context, p Period) (out []Day, err error) {
	err = s.Select(ctx, &out, `SELECT d.day, CAST(SUM(d.count) AS BIGINT) AS count FROM downloads d JOIN packages p ON p.id = d.package_id
		WHERE p.private = FALSE AND d.day >= ? AND d.day <= ? GROUP BY d.day ORDER BY d.day`, p.Start, p.End)
	return out, err
}

type versionCount struct {
	Version string
	Count   int64
}

func (s store) versions(ctx context.Context, packageID string, p Period) (out []versionCount, err error) {
	err = s.Select(ctx, &out, `SELECT v.version, CAST(COALESCE(SUM(d.count), 0) AS BIGINT) AS count
		FROM versions v LEFT JOIN version_downloads d ON d.version_id = v.id AND d.day >= ? AND d.day <= ?
		WHERE v.package_id = ? GROUP BY v.version`, p.Start, p.End, packageID)
	return out, err
}
