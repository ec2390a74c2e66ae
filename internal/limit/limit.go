// Package limit counts tries. Limits that guard secrets and mail are kept in the database, so that a
// restart does not reset them; limits that only guard work are kept in memory.
package limit

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"latchkey/db"
	"latchkey/internal/config"
	"latchkey/internal/errs"
)

// ErrTooMany says to come back later, and looks the same whoever asked for whatever.
var ErrTooMany = errs.New(errs.RateLimited, "limit.too_many", "Too many tries. Wait a little, then try again.")

// Service is the durable limiter: GCRA, one row per key that is in use.
type Service struct {
	db  *db.DB
	now func() time.Time
}

// New returns the service.
func New(d *db.DB, now func() time.Time) *Service { return &Service{d, now} }

// Take counts one try for key and returns ErrTooMany, with the time to wait, when it is over the
// rate. Count before verifying, or parallel tries all see the old count.
func (s *Service) Take(ctx context.Context, key string, rate config.Rate) error {
	if rate.N == 0 {
		return nil
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := s.now()
		full, err := store{tx}.fullAt(ctx, key)
		if errors.Is(err, db.ErrNoRows) {
			full, err = now, nil
		}
		if err != nil {
			return err
		}
		next, wait := step(now, full, rate)
		if wait > 0 {
			return ErrTooMany.After(wait)
		}
		return store{tx}.setFullAt(ctx, key, next)
	})
}

// Forgive forgets the tries of keys, in the transaction after which they do not matter any more.
func (s *Service) Forgive(ctx context.Context, tx *db.Tx, keys ...string) error {
	return store{tx}.remove(ctx, keys)
}

// GiveBack takes one try back, after the act it was counted for succeeded: those behind one address
// who know their passwords do not use up the tries of the others, and succeeding once does not
// forgive the failures before it.
func (s *Service) GiveBack(ctx context.Context, key string, rate config.Rate) error {
	if rate.N == 0 {
		return nil
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		full, err := store{tx}.fullAt(ctx, key)
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return store{tx}.setFullAt(ctx, key, full.Add(-rate.Per/time.Duration(rate.N)))
	})
}

// Network is how an address is counted: an IPv6 /64 is one household or one server, and whoever has
// it has all of its addresses.
func Network(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		p, err := ip.Prefix(64)
		if err == nil {
			return p.String()
		}
	}
	if !ip.IsValid() {
		return "unknown"
	}
	return ip.String()
}

// Sweep removes the keys whose tries are forgotten by now.
func (s *Service) Sweep(ctx context.Context) error { return store{s.db}.sweep(ctx, s.now()) }

// step is GCRA: full is when the key's allowance will be whole again. Each try moves it one interval
// ahead, and it may be at most a whole period ahead.
func step(now, full time.Time, rate config.Rate) (next time.Time, wait time.Duration) {
	interval := rate.Per / time.Duration(rate.N)
	if full.Before(now) {
		full = now
	}
	next = full.Add(interval)
	return next, next.Sub(now.Add(interval * time.Duration(rate.N)))
}
