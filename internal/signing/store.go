package signing

import (
	"context"
	"time"

	"latchkey/db"
)

type store struct{ db.Q }

type row struct {
	ID, PublicKey, SealedPrivateKey string
	CreatedAt                       time.Time
}

func (s store) insert(ctx context.Context, r row) error {
	_, err := s.Exec(ctx, `INSERT INTO signing_keys (id, public_key, sealed_private_key, created_at) VALUES (?, ?, ?, ?)`,
		r.ID, r.PublicKey, r.SealedPrivateKey, r.CreatedAt)
	return err
}

func (s store) current(ctx context.Context, now time.Time) (r row, err error) {
	err = s.Get(ctx, &r, `SELECT id, public_key, sealed_private_key, created_at FROM signing_keys
		WHERE expires_at IS NULL OR expires_at > ? ORDER BY created_at DESC LIMIT 1`, now)
	return r, err
}

func (s store) all(ctx context.Context) (keys []Key, err error) {
	err = s.Select(ctx, &keys, `SELECT id, public_key, expires_at FROM signing_keys ORDER BY created_at DESC`)
	return keys, err
}
