package patience_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/patience"
)

func weigh(s string) int { return len(s) }

func TestWorkIsDoneOnce(t *testing.T) {
	c := patience.New(time.Minute, 1<<20, weigh)
	var done atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			v, ok := c.Get(t.Context(), patience.Key{1}, func() string {
				done.Add(1)
				return "result"
			})
			if !ok || v != "result" {
				t.Errorf("%q, %v", v, ok)
			}
		})
	}
	all.Wait()
	if done.Load() != 1 {
		t.Errorf("done %d times", done.Load())
	}
	if v, ok := c.Get(t.Context(), patience.Key{2}, func() string { return "other" }); !ok || v != "other" {
		t.Errorf("%q, %v", v, ok)
	}
}

func TestLateWorkIsThereForWhoAsksNext(t *testing.T) {
	c := patience.New(20*time.Millisecond, 1<<20, weigh)
	release, finished := make(chan struct{}), make(chan struct{})
	slow := func() string {
		defer close(finished)
		<-release
		return "late"
	}
	if v, ok := c.Get(t.Context(), patience.Key{1}, slow); ok || v != "" {
		t.Fatalf("%q, %v", v, ok)
	}
	// Nothing else is begun meanwhile.
	if _, ok := c.Get(t.Context(), patience.Key{2}, func() string { t.Error("two pieces at once"); return "" }); ok {
		t.Error("somebody else had a turn")
	}
	close(release)
	<-finished
	for range 1000 {
		if v, ok := c.Get(t.Context(), patience.Key{1}, func() string { return "late" }); ok && v == "late" {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("the late result never came")
}

func TestWhoeverGoesAwayDoesNotWait(t *testing.T) {
	c := patience.New(time.Minute, 1<<20, weigh)
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	defer close(release)
	go func() {
		time.Sleep(10 * time.Millisecond)
		cancel()
	}()
	if _, ok := c.Get(ctx, patience.Key{1}, func() string { <-release; return "" }); ok {
		t.Error("waited for the result")
	}
	if _, ok := c.Get(ctx, patience.Key{2}, func() string { return "" }); ok {
		t.Error("had a turn")
	}
}
