package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/errs"
	"latchkey/internal/jobs"
)

// clock is a time that the test moves.
type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ns.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time       { return time.Unix(0, c.ns.Load()).UTC() }
func (c *clock) move(d time.Duration) { c.ns.Add(int64(d)) }

func enqueue(t *testing.T, d *db.DB, c *clock, kind jobs.Kind, payload any) {
	t.Helper()
	err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return jobs.Enqueue(ctx, tx, c.now(), kind, payload) })
	if err != nil {
		t.Fatal(err)
	}
}

func TestJobsAreDoneOnceByManyWorkers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		var mu sync.Mutex
		done := map[string]int{}
		count := func(_ context.Context, payload string) error {
			mu.Lock()
			defer mu.Unlock()
			done[payload]++
			return nil
		}
		for i := range 40 {
			enqueue(t, d, c, "count", i)
		}
		var wg sync.WaitGroup
		for range 4 {
			s := jobs.New(d, c.now)
			s.Handle("count", count)
			wg.Go(func() {
				for s.Step(context.Background()) {
				}
			})
		}
		wg.Wait()
		if len(done) != 40 {
			t.Errorf("%d of 40 jobs were done", len(done))
		}
		for payload, n := range done {
			if n != 1 {
				t.Errorf("job %s was done %d times", payload, n)
			}
		}
	})
}

func TestJobOfATransactionThatFailedIsNotDone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		failed := errors.New("no")
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if err := jobs.Enqueue(ctx, tx, c.now(), "x", nil); err != nil {
				return err
			}
			return failed
		})
		if !errors.Is(err, failed) || jobs.New(d, c.now).Step(t.Context()) {
			t.Error("there is a job", err)
		}
	})
}

func TestFailedJobsComeBackLaterAndLater(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		s := jobs.New(d, c.now)
		tries := 0
		s.Handle("flaky", func(context.Context, string) error {
			if tries++; tries == 2 {
				panic("a bug")
			}
			if tries < 4 {
				return errors.New("not yet")
			}
			return nil
		})
		enqueue(t, d, c, "flaky", nil)
		for i, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
			if !s.Step(t.Context()) {
				t.Fatalf("try %d: not due", i+1)
			}
			c.move(wait - time.Millisecond)
			if s.Step(t.Context()) {
				t.Fatalf("try %d came before %s", i+2, wait)
			}
			c.move(2 * time.Millisecond)
		}
		if n, err := s.Waiting(t.Context(), access.Console()); err != nil || n.Waiting != 1 || n.Retrying != 1 {
			t.Error(n, err)
		}
		if !s.Step(t.Context()) || tries != 4 {
			t.Error("tries:", tries)
		}
		if n, _ := s.Waiting(t.Context(), access.Console()); n.Waiting != 0 {
			t.Error("a finished job is still there")
		}
	})
}

func TestJobOfAWorkerThatDiedIsDoneByAnother(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		dying, living := jobs.New(d, c.now), jobs.New(d, c.now)
		taken, done := make(chan struct{}), false
		dying.Handle("x", func(context.Context, string) error { close(taken); select {} }) // never comes back
		living.Handle("x", func(context.Context, string) error { done = true; return nil })
		enqueue(t, d, c, "x", nil)
		go dying.Step(context.Background())
		<-taken
		if living.Step(t.Context()) {
			t.Fatal("a job that is being done was given to another")
		}
		c.move(3 * time.Minute)
		if !living.Step(t.Context()) || !done {
			t.Error("the job is lost")
		}
	})
}

func TestUnknownJobsWait(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		s := jobs.New(d, c.now)
		enqueue(t, d, c, "of a newer version", nil)
		if !s.Step(t.Context()) || s.Step(t.Context()) {
			t.Error("an unknown job is tried without end")
		}
		if n, _ := s.Waiting(t.Context(), access.Console()); n.Waiting != 1 {
			t.Error("an unknown job was thrown away")
		}
	})
}

func TestRunSweepsAndStops(t *testing.T) {
	d := dbtest.SQLite(t).Open(t)
	s := jobs.New(d, time.Now)
	swept := make(chan struct{}, 100)
	s.Every(time.Hour, "sweep", func(context.Context) error { swept <- struct{}{}; return fmt.Errorf("an error is logged") })
	s.Every(time.Hour, "panic", func(context.Context) error { panic("a panic too") })
	ctx, stop := context.WithCancel(t.Context())
	finished := make(chan struct{})
	go func() { s.Run(ctx); close(finished) }()
	<-swept
	stop()
	select {
	case <-finished:
	case <-time.After(5 * time.Second):
		t.Fatal("Run does not stop")
	}
	if len(swept) != 0 {
		t.Error("swept more than once in an hour")
	}
}

func TestOnlyOperatorsSeeTheQueue(t *testing.T) {
	s := jobs.New(dbtest.SQLite(t).Open(t), time.Now)
	for _, by := range []access.Actor{{}, {UserID: "ann", Via: access.ViaBrowser}, {UserID: "op", Operator: true, Via: access.ViaToken, Grant: &access.Grant{}}} {
		if _, err := s.Waiting(t.Context(), by); err == nil || errs.Of(err).Kind == errs.Internal {
			t.Errorf("%+v: %v", by, err)
		}
	}
}
