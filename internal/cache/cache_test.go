package cache_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/cache"
)

func TestALoadIsSharedAndErrorsAreForgotten(t *testing.T) {
	c := cache.New[string, int](10)
	if _, ok := c.Get("a"); ok {
		t.Error("an empty cache has a value")
	}
	failed := errors.New("failed")
	if _, err := c.Load(t.Context(), "a", func(context.Context) (int, error) { return 0, failed }); !errors.Is(err, failed) {
		t.Error(err)
	}
	var loads atomic.Int64
	release := make(chan struct{})
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			v, err := c.Load(t.Context(), "a", func(context.Context) (int, error) {
				loads.Add(1)
				<-release
				return 7, nil
			})
			if v != 7 || err != nil {
				t.Error(v, err)
			}
		})
	}
	close(release)
	wg.Wait()
	if n := loads.Load(); n != 1 {
		t.Errorf("loaded %d times", n)
	}
	if v, ok := c.Get("a"); v != 7 || !ok {
		t.Error(v, ok)
	}
}

func TestBounds(t *testing.T) {
	sized := cache.New[int, int](10)
	weighed := cache.NewWeighed[int, string](100, func(v string) int { return len(v) })
	for i := range 1000 {
		sized.Set(i, i)
		weighed.Set(i, "0123456789")
	}
	weighed.Set(-1, string(make([]byte, 101)))
	kept := func(get func(int) bool) (n int) {
		for i := -1; i < 1000; i++ {
			if get(i) {
				n++
			}
		}
		return n
	}
	// Room is made a moment after it is needed.
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		a := kept(func(i int) bool { _, ok := sized.Get(i); return ok })
		b := kept(func(i int) bool { _, ok := weighed.Get(i); return ok })
		_, heavy := weighed.Get(-1)
		if a <= 10 && b <= 10 && !heavy {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of 10 and %d of 10 are kept, and one that is too heavy: %v", a, b, heavy)
		}
	}
}

func TestExpiry(t *testing.T) {
	c := cache.NewExpiring[string, bool](10, 20*time.Millisecond)
	c.Set("a", true)
	if _, ok := c.Get("a"); !ok {
		t.Error("forgotten at once")
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, ok := c.Get("a"); !ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("still remembered")
		}
	}
}
