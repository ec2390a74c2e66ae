package registry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// However many ask, never more than all have a turn, nor more than a quarter of them of one account; and
// nothing is remembered of accounts that wait for none.
func TestTurnsAreBoundedInAllAndForEach(t *testing.T) {
	turns := newTurns(8)
	var all, most atomic.Int64
	var each [6]atomic.Int64
	var wg sync.WaitGroup
	for i := range 120 {
		wg.Go(func() {
			release, err := turns.take(context.Background(), fmt.Sprint("account ", i%len(each)))
			if err != nil {
				t.Error(err)
				return
			}
			if n := all.Add(1); n > most.Load() {
				most.Store(n)
			}
			if n := each[i%len(each)].Add(1); n > 2 {
				t.Errorf("%d turns of one account", n)
			}
			time.Sleep(time.Millisecond)
			each[i%len(each)].Add(-1)
			all.Add(-1)
			release()
		})
	}
	wg.Wait()
	if n := most.Load(); n < 2 || n > 8 {
		t.Errorf("%d turns at once", n)
	}
	if len(turns.shares) != 0 || len(turns.all) != 0 {
		t.Errorf("%d shares and %d turns are left", len(turns.shares), len(turns.all))
	}
}

// Whoever waits in vain is told when to come back, and has taken nothing.
func TestWaitingForATurnEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := newTurns(1)
		release, err := turns.take(t.Context(), "ann")
		if err != nil {
			t.Fatal(err)
		}
		for _, account := range []string{"ann", "bob"} {
			begun := time.Now()
			if _, err := turns.take(t.Context(), account); !errors.Is(err, ErrBusy) || time.Since(begun) != bodyWait {
				t.Errorf("%s: %v after %s", account, err, time.Since(begun))
			}
		}
		release()
		if release, err = turns.take(t.Context(), "bob"); err != nil {
			t.Fatal(err)
		}
		release()
		if len(turns.shares) != 0 {
			t.Error("a share is left")
		}
	})
}
