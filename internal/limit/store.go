package limit

import (
	"context"
	"time"

	"latchkey/db"
)

type store struct{ db.Q }

func (s store) fullAt(ctx context.Context, key string) (t time.Time, err error) {
	err = s.Get(ctx, &t, `SELECT full_at FROM rate_limits WHERE key = ?`, key)
	return t, err
}

func (s store) setFullAt(ctx context.Context, key string, t time.Time) error {
	_, err := s.Exec(ctx, `INSERT INTO rate_limits (key, full_at) VALUES (?, ?)
		ON CONFLICT (key) DO UPDATE SET full_at = excluded.full_at`, key, t)
	return err
}

func (s store) remove(ctx context.Context, keys []string) error {
	_, err := s.Exec(ctx, `DELETE FROM rate_limits WHERE key IN (?)`, keys)
	return err
}

func (s store) sweep(ctx context.Context, now time.Time) error {
	_, err := s.Exec(ctx, `DELETE FROM rate_limits WHERE full_at <= ?`, now)
	return err
}
