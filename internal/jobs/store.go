package jobs

import (
	"context"
	"errors"
	"time"

	"latchkey/db"
)

type store struct{ db.Q }

func (s store) insert(ctx context.Context, id string, kind Kind, payload string, now time.Time) error {
	_, err := s.Exec(ctx, `INSERT INTO jobs (id, kind, payload, run_at, leased_until, created_at)
		VALUES (?, ?, ?, ?, ?, ?)`, id, kind, payload, now, time.Unix(0, 0), now)
	return err
}

// due says whether a job could be claimed, without taking the writer.
func (s store) due(ctx context.Context, now time.Time) (bool, error) {
	var id string
	err := s.Get(ctx, &id, `SELECT id FROM jobs WHERE run_at <= ? AND leased_until < ? LIMIT 1`, now, now)
	if errors.Is(err, db.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// claim leases the oldest job that is due. One statement, so two workers never get the same one.
func (s store) claim(ctx context.Context, now, until time.Time) (j job, ok bool, err error) {
	err = s.Get(ctx, &j, `UPDATE jobs SET leased_until = ?, attempts = attempts + 1
		WHERE id = (SELECT id FROM jobs WHERE run_at <= ? AND leased_until < ? ORDER BY run_at LIMIT 1)
		RETURNING id, kind, payload, attempts`, until, now, now)
	if errors.Is(err, db.ErrNoRows) {
		return j, false, nil
	}
	return j, err == nil, err
}

func (s store) finish(ctx context.Context, id string) error {
	_, err := s.Exec(ctx, `DELETE FROM jobs WHERE id = ?`, id)
	return err
}

func (s store) postpone(ctx context.Context, id string, runAt time.Time, reason string) error {
	_, err := s.Exec(ctx, `UPDATE jobs SET run_at = ?, leased_until = ?, last_error = ? WHERE id = ?`,
		runAt, time.Unix(0, 0), reason, id)
	return err
}

func (s store) count(ctx context.Context) (n Count, err error) {
	err = s.Get(ctx, &n, `SELECT COUNT(*) AS waiting, COALESCE(SUM(CASE WHEN attempts > 0 THEN 1 ELSE 0 END), 0) AS retrying FROM jobs`)
	return n, err
}
