// Package outbox sends mail after the commit that causes it: a letter is a job, written in the same
// transaction and delivered at least once. Letters wait sealed, because they carry one-time links.
package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

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

// queued is a letter with the id that it keeps however often it is sent.
type queued struct {
	ID     string
	Letter mail.Letter
}

// Enqueue writes a letter into the transaction that causes it.
func (s *Service) Enqueue(ctx context.Context, tx *db.Tx, now time.Time, l mail.Letter) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	b, err := json.Marshal(queued{id.String(), l})
	if err != nil {
		return fmt.Errorf("enqueue mail %s: %w", l.Template, err)
	}
	return jobs.Enqueue(ctx, tx, now, Kind, s.box.Seal(string(Kind), string(b)))
}

// Deliver is the jobs.Handler: it opens, renders and sends one letter. A letter that the server
// refused for good is given up; everything else is tried again.
func (s *Service) Deliver(ctx context.Context, payload string) error {
	q, err := s.open(payload)
	if err != nil {
		return err
	}
	m, err := mail.Render(q.Letter, s.cfg.Name, s.cfg.URL)
	if err != nil {
		return err
	}
	m.ID = q.ID
	err = s.sender.Send(ctx, m)
	if errors.Is(err, mail.ErrRefused) {
		slog.ErrorContext(ctx, "a mail cannot be delivered and was given up", "to", m.To, "subject", m.Subject, "id", m.ID, "error", err)
		return nil
	}
	return err
}

func (s *Service) open(payload string) (q queued, err error) {
	var sealed string
	if err := json.Unmarshal([]byte(payload), &sealed); err != nil {
		return q, fmt.Errorf("read a mail job: %w", err)
	}
	text, err := s.box.Open(string(Kind), sealed)
	if err != nil {
		return q, err
	}
	if err := json.Unmarshal([]byte(text), &q); err != nil {
		return q, fmt.Errorf("read a letter: %w", err)
	}
	return q, nil
}
