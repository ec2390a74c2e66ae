package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
)

const (
	lease    = 2 * time.Minute // how long a job may take before another worker may try it
	idle     = 200 * time.Millisecond
	maxDelay = time.Hour
)

// Handler does a job. An error postpones it: 1 s, 2 s, 4 s … up to an hour between tries.
type Handler func(ctx context.Context, payload string) error

// Service runs the queue.
type Service struct {
	db        *db.DB
	now       func() time.Time
	handlers  map[Kind]Handler
	schedules []schedule
}

type schedule struct {
	every time.Duration
	last  time.Time
	run   func(ctx context.Context) error
	name  string
}

type job struct {
	ID, Payload string
	Kind        Kind
	Attempts    int64
}

// Count says how much waits in the queue.
type Count struct{ Waiting, Retrying int64 }

// New returns the service. Handlers and schedules are added before Run.
func New(d *db.DB, now func() time.Time) *Service {
	return &Service{db: d, now: now, handlers: map[Kind]Handler{}}
}

// Handle names who does jobs of a kind.
func (s *Service) Handle(kind Kind, h Handler) { s.handlers[kind] = h }

// Every runs f at start and then each period, for sweeping. It is not a job: nothing waits for it.
func (s *Service) Every(period time.Duration, name string, f func(ctx context.Context) error) {
	s.schedules = append(s.schedules, schedule{every: period, name: name, run: f})
}

// Run works until ctx ends.
func (s *Service) Run(ctx context.Context) {
	pause := time.NewTicker(idle)
	defer pause.Stop()
	for {
		s.tick(ctx)
		for ctx.Err() == nil && s.Step(ctx) {
		}
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	}
}

func (s *Service) tick(ctx context.Context) {
	for i := range s.schedules {
		sc := &s.schedules[i]
		if now := s.now(); now.Sub(sc.last) >= sc.every {
			sc.last = now
			if err := guarded(ctx, sc.run); err != nil {
				slog.Error("scheduled work failed", "work", sc.name, "error", err)
			}
		}
	}
}

// Step does one job that is due and reports whether there was one.
func (s *Service) Step(ctx context.Context) bool {
	ok, err := store{s.db}.due(ctx, s.now())
	var j job
	if err == nil && ok {
		err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			j, ok, err = store{tx}.claim(ctx, s.now(), s.now().Add(lease))
			return err
		})
	}
	if err != nil {
		slog.Error("cannot read the job queue", "error", err)
		return false
	}
	if !ok {
		return false
	}
	if err := s.settle(ctx, j, s.do(ctx, j)); err != nil {
		slog.Error("cannot settle a job", "job", j.ID, "kind", string(j.Kind), "error", err)
		return false
	}
	return true
}

func (s *Service) do(ctx context.Context, j job) error {
	h, ok := s.handlers[j.Kind]
	if !ok {
		return fmt.Errorf("nobody handles jobs of kind %q", j.Kind)
	}
	ctx, cancel := context.WithTimeout(ctx, lease)
	defer cancel()
	return guarded(ctx, func(ctx context.Context) error { return h(ctx, j.Payload) })
}

func (s *Service) settle(ctx context.Context, j job, failure error) error {
	ctx = context.WithoutCancel(ctx)
	if failure == nil {
		return store{s.db}.finish(ctx, j.ID)
	}
	delay := min(time.Second<<min(j.Attempts-1, 12), maxDelay)
	slog.Warn("a job failed and will be tried again", "job", j.ID, "kind", string(j.Kind), "attempt", j.Attempts, "in", delay, "error", failure)
	return store{s.db}.postpone(ctx, j.ID, s.now().Add(delay), failure.Error())
}

// guarded turns a panic into an error, so that one bad job does not end the process.
func guarded(ctx context.Context, f func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return f(ctx)
}

// Waiting counts the queue for the operator.
func (s *Service) Waiting(ctx context.Context, by access.Actor) (Count, error) {
	if err := access.Check(by, access.OperatorView, access.Installation(by), s.now()); err != nil {
		return Count{}, err
	}
	return store{s.db}.count(ctx)
}
