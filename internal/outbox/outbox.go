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
	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/jobs"
	"latchkey/internal/mail"
	"latchkey/internal/secret"
)

// Kind is the kind of the jobs that send mail.
const Kind jobs.Kind = "mail"

// patience is how long a letter is tried: then whoever waited for it has asked for another.
const patience = 24 * time.Hour

var (
	errNoMail   = errs.New(errs.NotFound, "outbox.not_captured", "Mail leaves through a mail server here: none is kept.")
	errNoLetter = errs.New(errs.NotFound, "outbox.no_letter", "This letter is not kept any more.")
)

// Service puts letters into the queue and delivers them.
type Service struct {
	now    func() time.Time
	box    *secret.Box
	sender mail.Sender
	cfg    *config.Config
}

// New returns the service.
func New(now func() time.Time, box *secret.Box, sender mail.Sender, cfg *config.Config) *Service {
	return &Service{now: now, box: box, sender: sender, cfg: cfg}
}

// job is a letter in the queue, and since when it waits.
type job struct {
	At     time.Time
	Sealed string
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
	return jobs.Enqueue(ctx, tx, now, Kind, job{now, s.box.Seal(string(Kind), string(b))})
}

// Deliver is the jobs.Handler: it opens, renders and sends one letter. A letter that the server
// refused for good, or that did not leave within a day, is given up; everything else is tried again.
func (s *Service) Deliver(ctx context.Context, payload string) error {
	var j job
	if err := json.Unmarshal([]byte(payload), &j); err != nil {
		return fmt.Errorf("read a mail job: %w", err)
	}
	m, err := s.send(ctx, j.Sealed)
	if err == nil || !errors.Is(err, mail.ErrRefused) && s.now().Sub(j.At) < patience {
		return err
	}
	slog.ErrorContext(ctx, "a mail cannot be delivered and was given up", "to", m.To, "subject", m.Subject, "id", m.ID, "error", err)
	return nil
}

func (s *Service) send(ctx context.Context, sealed string) (m mail.Message, err error) {
	text, err := s.box.Open(string(Kind), sealed)
	if err != nil {
		return m, err
	}
	var q queued
	if err := json.Unmarshal([]byte(text), &q); err != nil {
		return m, fmt.Errorf("read a letter: %w", err)
	}
	if m, err = mail.Render(q.Letter, s.cfg.Name, s.cfg.URL); err != nil {
		return m, err
	}
	m.ID = q.ID
	return m, s.sender.Send(ctx, m)
}

// Captures reports whether mail is kept here, because no mail server is set.
func (s *Service) Captures() bool {
	_, ok := s.sender.(*mail.Capture)
	return ok
}

// Captured returns the mail that is kept, newest first, to operators: it holds everybody's one-time
// links.
func (s *Service) Captured(_ context.Context, by access.Actor) ([]mail.Captured, error) {
	c, err := s.capture(by)
	if err != nil {
		return nil, err
	}
	return c.List()
}

// Letter returns one message that is kept, to operators.
func (s *Service) Letter(_ context.Context, by access.Actor, id string) (mail.Captured, error) {
	c, err := s.capture(by)
	if err != nil {
		return mail.Captured{}, err
	}
	m, err := c.Read(id)
	if errors.Is(err, mail.ErrNoMessage) {
		err = errNoLetter
	}
	return m, err
}

func (s *Service) capture(by access.Actor) (*mail.Capture, error) {
	if err := access.Check(by, access.OperatorView, access.Installation(by), s.now()); err != nil {
		return nil, err
	}
	c, ok := s.sender.(*mail.Capture)
	if !ok {
		return nil, errNoMail
	}
	return c, nil
}
