package registry

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

const (
	// unusedFor is how old a tarball without a version must be before it is removed: a publish writes
	// it before its row, and one that is written again becomes young again.
	unusedFor  = 24 * time.Hour
	sweepBatch = 500
)

// Sweep removes tarballs that no version has: those of publishes that were refused or cut off after
// the tarball was durable. It trusts the database, so it does nothing as long as no version is there:
// a server that was pointed at the wrong database must not empty its storage.
func (s *Service) Sweep(ctx context.Context) error {
	batch := make([]string, 0, sweepBatch)
	found := false
	for e, err := range s.blobs.Keys(ctx) {
		if err != nil {
			return err
		}
		if s.now().Sub(e.Modified) < unusedFor {
			continue
		}
		if batch = append(batch, e.Key); len(batch) == sweepBatch {
			if err := s.sweep(ctx, batch, &found); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return s.sweep(ctx, batch, &found)
}

// sweep removes the unused ones of some blobs, once a used one was found.
func (s *Service) sweep(ctx context.Context, keys []string, found *bool) error {
	if len(keys) == 0 {
		return nil
	}
	used, err := store{s.db}.used(ctx, keys)
	if err != nil {
		return err
	}
	if *found = *found || len(used) > 0; !*found {
		return nil
	}
	for _, key := range keys {
		if slices.Contains(used, key) {
			continue
		}
		if err := s.blobs.Delete(ctx, key); err != nil {
			return err
		}
		slog.Info("removed a tarball that no version has", "blob", key)
	}
	return nil
}
