package limit

import (
	"sync"
	"time"

	"latchkey/internal/cache"
	"latchkey/internal/config"
)

// memoryKeys bounds how many keys a Memory limiter remembers.
const memoryKeys = 100_000

// Memory is a limiter that forgets at a restart, for what only costs work.
type Memory struct {
	rate config.Rate
	now  func() time.Time
	mu   sync.Mutex
	full cache.Cache[string, time.Time]
}

// NewMemory returns a limiter for one rate.
func NewMemory(rate config.Rate, now func() time.Time) *Memory {
	return &Memory{rate: rate, now: now, full: cache.New[string, time.Time](memoryKeys)}
}

// Take counts one try for key and returns ErrTooMany, with the time to wait, when it is over the rate.
func (m *Memory) Take(key string) error {
	if m.rate.N == 0 {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	full, _ := m.full.Get(key)
	next, wait := step(now, full, m.rate)
	if wait > 0 {
		return ErrTooMany.After(wait)
	}
	m.full.Set(key, next)
	return nil
}
