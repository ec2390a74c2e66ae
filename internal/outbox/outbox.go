// Package outbox sends mail after the commit that causes it: a letter is a job, written in the same
// transaction and delivered at least once. Letters wait sealed, because they carry one-time links.
package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"latchkey/db"
	"latchkey/internal/config"
	"latchkey/internal/jobs"
	"latchkey/internal/mail"
	"latchkey/internal/secret"
)

// Kind is the kind of the jobs that send mail.
const Kind jobs.Kind = "mail"

// Service puts letters into the queue and delivers them.
type Service struct {
	box    *secret.Box
	sender mail.Sender
	cfg    *config.Config
}

// New returns the service.
func New(box *secret.Box, sender mail.Sender, cfg *config.Config) *Service {
	return &Service{box: box, sender: sender, cfg: cfg}
}

// Enqueue writes a letter into the transaction that causes it.
func (s *Service) Enqueue(ctx context.Context, tx *db.Tx, now time.Time, l mail.Letter) error {
	b, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("enqueue mail %s: %w", l.Template, err)
	}
	return jobs.Enqueue(ctx, tx, now, Kind, s.box.Seal(string(Kind), string(b)))
}

// Deliver is the jobs.Handler: it opens, renders and sends one letter.
func (s *Service) Deliver(ctx context.Context, payload string) error {
	var sealed string
	if err := json.Unmarshal([]byte(payload), &sealed); err != nil {
		return fmt.Errorf("read a mail job: %w", err)
	}
	text, err := s.box.Open(string(Kind), sealed)
	if err != nil {
		return err
	}
	var l mail.Letter
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		return fmt.Errorf("read a letter: %w", err)
	}
	m, err := mail.Render(l, s.cfg.Name, s.cfg.URL)
	if err != nil {
		return err
	}
	return s.sender.Send(ctx, m)
}
