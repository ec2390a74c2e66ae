package registry

import (
	"context"
	"sync"
	"time"
)

// bodyWait is how long a publish waits for others to finish reading their bodies.
const bodyWait = 10 * time.Second

// turns bounds how many publish bodies are read at once, and with them the memory they take: in all, and
// for one account a quarter of that, or whoever sends slowly would keep everybody else from publishing.
type turns struct {
	all  chan struct{}
	each int

	mu     sync.Mutex
	shares map[string]*share // by account, as long as somebody holds or awaits one
}

type share struct {
	turns chan struct{}
	users int
}

func newTurns(all int) *turns {
	return &turns{all: make(chan struct{}, all), each: max(1, all/4), shares: map[string]*share{}}
}

// take waits for a turn and returns what gives it back, or ErrBusy when it takes too long.
func (t *turns) take(ctx context.Context, account string) (release func(), err error) {
	timeout := time.NewTimer(bodyWait)
	defer timeout.Stop()
	mine := t.join(account)
	for _, queue := range []chan struct{}{mine.turns, t.all} {
		select {
		case queue <- struct{}{}:
			continue
		case <-ctx.Done():
			err = ctx.Err()
		case <-timeout.C:
			err = ErrBusy.After(bodyWait)
		}
		if queue == t.all {
			<-mine.turns
		}
		t.leave(account, mine)
		return nil, err
	}
	return func() {
		<-t.all
		<-mine.turns
		t.leave(account, mine)
	}, nil
}

func (t *turns) join(account string) *share {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.shares[account]
	if s == nil {
		s = &share{turns: make(chan struct{}, t.each)}
		t.shares[account] = s
	}
	s.users++
	return s
}

func (t *turns) leave(account string, s *share) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.users--; s.users == 0 {
		delete(t.shares, account)
	}
}
