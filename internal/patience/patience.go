// Package patience is for work that a page would like to have, but not at any price: it is done once, one
// piece at a time, so that it never takes the machine; a page waits only so long for it; and what comes too
// late is there for whoever asks next.
package patience

import (
	"context"
	"time"

	"latchkey/internal/cache"
)

// Key names a piece of work by what goes into it: a SHA-256.
type Key [32]byte

// Cache remembers the results.
type Cache[V any] struct {
	wait    time.Duration
	results cache.Cache[Key, V]
	turn    chan struct{} // held while work is done
}

// New makes a cache of at most limit bytes, as weigh counts them, whose callers wait at most for wait.
func New[V any](wait time.Duration, limit int64, weigh func(V) int) *Cache[V] {
	return &Cache[V]{
		wait:    wait,
		results: cache.NewWeighed[Key](limit, func(v V) int { return weigh(v) + 200 }),
		turn:    make(chan struct{}, 1),
	}
}

// Get returns the result of work, or false when it is not there in good time.
func (c *Cache[V]) Get(ctx context.Context, key Key, work func() V) (v V, ok bool) {
	if v, ok = c.results.Get(key); ok {
		return v, true
	}
	wait := time.NewTimer(c.wait)
	defer wait.Stop()
	select {
	case c.turn <- struct{}{}:
	case <-wait.C:
		return v, false
	case <-ctx.Done():
		return v, false
	}
	done := make(chan V, 1)
	go func() {
		defer func() { <-c.turn }()
		v, ok := c.results.Get(key) // by who had the turn before
		if !ok {
			v = work()
			c.results.Set(key, v)
		}
		done <- v
	}()
	select {
	case v = <-done:
		return v, true
	case <-wait.C:
	case <-ctx.Done():
	}
	return v, false
}
