// Package cache remembers values within a bound. What is read often stays, and somebody who asks for
// many different things once cannot push it out (W-TinyLFU).
package cache

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"
)

// Cache is safe for concurrent use. It hides the library's type behind an interface: a generic type in a
// field makes the compiler build all of its methods again in each package that knows the struct, which
// for nine caches took more time than everything else together.
type Cache[K comparable, V any] struct{ entries entries[K, V] }

type entries[K comparable, V any] interface {
	GetIfPresent(key K) (V, bool)
	Set(key K, value V) (V, bool)
	Get(ctx context.Context, key K, loader otter.Loader[K, V]) (V, error)
}

// New makes a cache of at most size values.
func New[K comparable, V any](size int) Cache[K, V] {
	return Cache[K, V]{otter.Must(&otter.Options[K, V]{MaximumSize: size})}
}

// NewExpiring makes a cache of at most size values, each forgotten some time after it was set.
func NewExpiring[K comparable, V any](size int, life time.Duration) Cache[K, V] {
	return Cache[K, V]{otter.Must(&otter.Options[K, V]{MaximumSize: size, ExpiryCalculator: otter.ExpiryWriting[K, V](life)})}
}

// NewWeighed makes a cache of values that weigh at most limit together. One that is heavier alone is not
// kept.
func NewWeighed[K comparable, V any](limit int64, weigh func(value V) int) Cache[K, V] {
	return Cache[K, V]{otter.Must(&otter.Options[K, V]{
		MaximumWeight: uint64(limit),
		Weigher:       func(_ K, v V) uint32 { return uint32(weigh(v)) },
	})}
}

// Get returns the value of key, if it is remembered.
func (c Cache[K, V]) Get(key K) (V, bool) { return c.entries.GetIfPresent(key) }

// Set remembers a value.
func (c Cache[K, V]) Set(key K, value V) { c.entries.Set(key, value) }

// Load returns the value of key, making it with load when it is not remembered: once for all who ask
// meanwhile. Errors are not remembered.
func (c Cache[K, V]) Load(ctx context.Context, key K, load func(ctx context.Context) (V, error)) (V, error) {
	if v, ok := c.entries.GetIfPresent(key); ok {
		return v, nil // without the closure below
	}
	return c.entries.Get(ctx, key, otter.LoaderFunc[K, V](func(ctx context.Context, _ K) (V, error) { return load(ctx) }))
}
