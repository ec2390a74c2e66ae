package limit_test

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
)

var tenIn5m = config.Rate{N: 10, Per: 5 * time.Minute}

// clock is moved by hand.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newClock() *clock { return &clock{time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)} }

func take(t *testing.T, s *limit.Service, key string, n int) {
	t.Helper()
	for i := range n {
		if err := s.Take(t.Context(), key, tenIn5m); err != nil {
			t.Fatalf("try %d of %d: %v", i+1, n, err)
		}
	}
}

func refused(t *testing.T, s *limit.Service, key string) time.Duration {
	t.Helper()
	err := s.Take(t.Context(), key, tenIn5m)
	if !errors.Is(err, limit.ErrTooMany) {
		t.Fatalf("want too many, got %v", err)
	}
	return errs.Of(err).RetryAfter
}

func TestEleventhTryWaitsForItsShareOfThePeriod(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		s := limit.New(d, c.now)
		take(t, s, "ann", 10)
		wait := refused(t, s, "ann")
		if wait != 30*time.Second {
			t.Errorf("wait %v", wait)
		}
		take(t, s, "bob", 1) // another key is not concerned
		c.t = c.t.Add(wait - time.Millisecond)
		refused(t, s, "ann")
		c.t = c.t.Add(time.Millisecond)
		take(t, s, "ann", 1)
		refused(t, s, "ann")
		c.t = c.t.Add(5 * time.Minute)
		take(t, s, "ann", 10)
	})
}

func TestRefusedTryIsNotCounted(t *testing.T) {
	d := dbtest.SQLite(t).Open(t)
	c := newClock()
	s := limit.New(d, c.now)
	take(t, s, "k", 10)
	for range 20 {
		if wait := refused(t, s, "k"); wait != 30*time.Second {
			t.Fatalf("waiting became longer: %v", wait)
		}
	}
}

func TestLimiterSurvivesReopeningTheDatabase(t *testing.T) {
	dbtest.EachPlace(t, func(t *testing.T, p dbtest.Place) {
		c := newClock()
		first, err := db.Open(t.Context(), p.Address, p.Folder)
		if err != nil {
			t.Fatal(err)
		}
		take(t, limit.New(first, c.now), "ann", 10)
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		refused(t, limit.New(p.Open(t), c.now), "ann")
	})
}

func TestParallelTriesAreEachCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := limit.New(d, newClock().now)
		var allowed atomic.Int64
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				switch err := s.Take(t.Context(), "ann", tenIn5m); {
				case err == nil:
					allowed.Add(1)
				case !errors.Is(err, limit.ErrTooMany):
					// PostgreSQL may give up on transactions that keep meeting; then the try was refused too.
					t.Log(err)
				}
			})
		}
		wg.Wait()
		if n := allowed.Load(); n > 10 || n == 0 {
			t.Errorf("%d of 50 were allowed", n)
		}
	})
}

func TestForgivingEmptiesAndGivingBackReturnsOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := limit.New(d, newClock().now)
		take(t, s, "k", 10)
		if err := s.GiveBack(t.Context(), "k", tenIn5m); err != nil {
			t.Fatal(err)
		}
		take(t, s, "k", 1)
		refused(t, s, "k")
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return s.Forgive(ctx, tx, "k", "absent") })
		if err != nil {
			t.Fatal(err)
		}
		take(t, s, "k", 10)
		if err := s.GiveBack(t.Context(), "never counted", tenIn5m); err != nil {
			t.Fatal(err)
		}
		take(t, s, "never counted", 10)
		refused(t, s, "never counted")
	})
}

func TestOffIsNoLimit(t *testing.T) {
	d := dbtest.SQLite(t).Open(t)
	s := limit.New(d, newClock().now)
	m := limit.NewMemory(config.Rate{}, newClock().now)
	for range 100 {
		if err := errors.Join(s.Take(t.Context(), "k", config.Rate{}), m.Take("k"), s.GiveBack(t.Context(), "k", config.Rate{})); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSweepForgetsOnlyWhatIsForgotten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		s := limit.New(d, c.now)
		take(t, s, "old", 10)
		c.t = c.t.Add(5 * time.Minute)
		take(t, s, "new", 10)
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		var keys []string
		if err := d.Select(t.Context(), &keys, `SELECT key FROM rate_limits`); err != nil {
			t.Fatal(err)
		}
		if len(keys) != 1 || keys[0] != "new" {
			t.Errorf("left: %v", keys)
		}
		refused(t, s, "new")
	})
}

func TestMemoryLimiterCountsLikeTheDurableOne(t *testing.T) {
	c := newClock()
	m := limit.NewMemory(config.Rate{N: 3, Per: time.Minute}, c.now)
	for i := range 3 {
		if err := m.Take("k"); err != nil {
			t.Fatal(i, err)
		}
	}
	err := m.Take("k")
	if !errors.Is(err, limit.ErrTooMany) || errs.Of(err).RetryAfter != 20*time.Second {
		t.Errorf("got %v after %v", err, errs.Of(err).RetryAfter)
	}
	if err := m.Take("other"); err != nil {
		t.Error(err)
	}
	c.t = c.t.Add(20 * time.Second)
	if err := m.Take("k"); err != nil {
		t.Error(err)
	}
}

func TestNetworkIsOneAddressOrOneIPv6Household(t *testing.T) {
	for _, c := range []struct{ ip, want string }{
		{"203.0.113.7", "203.0.113.7"},
		{"::ffff:203.0.113.7", "203.0.113.7"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"},
		{"2001:db8:1:3::1", "2001:db8:1:3::/64"},
		{"fe80::1%eth0", "fe80::/64"},
	} {
		if got := limit.Network(netip.MustParseAddr(c.ip)); got != c.want {
			t.Errorf("Network(%s) = %s, want %s", c.ip, got, c.want)
		}
	}
	if got := limit.Network(netip.Addr{}); got != "unknown" {
		t.Errorf("no address: %s", got)
	}
}
