package db

import (
	"context"

	"latchkey/internal/cache"
)

// Generation counts what was written to the database, by this process or by another. Facts read
// after a generation was taken are true as long as the number is the same.
//
// A write of this process counts before it is acknowledged. A write of another process (an
// administration command beside a running server, a second server on PostgreSQL) is seen within
// watchEvery on SQLite and when its notification arrives on PostgreSQL.
func (d *DB) Generation() uint64 {
	if d.peek != nil {
		d.peek.look(d)
	}
	if d.blind.Load() {
		return d.generation.Add(1) // nothing may be remembered until the watcher sees again
	}
	return d.generation.Load()
}

// Cache remembers facts read from the database until anything is written. It makes the facts that
// every request asks for (whose token is this, which revision has that package) free between writes,
// and a revocation or a publish effective on the next request.
type Cache[K comparable, V any] struct {
	db      *DB
	entries cache.Cache[K, fact[V]]
}

type fact[V any] struct {
	generation uint64
	value      V
}

// NewCache makes a cache of at most size facts.
func NewCache[K comparable, V any](d *DB, size int) *Cache[K, V] {
	return &Cache[K, V]{db: d, entries: cache.New[K, fact[V]](size)}
}

// Get returns the fact for key, reading it with load unless it is known to be current. Errors are
// not remembered.
func (c *Cache[K, V]) Get(ctx context.Context, key K, load func(ctx context.Context) (V, error)) (V, error) {
	now := c.db.Generation()
	if f, ok := c.entries.Get(key); ok && f.generation == now {
		return f.value, nil
	}
	v, err := load(ctx)
	if err == nil {
		c.entries.Set(key, fact[V]{now, v})
	}
	return v, err
}
