package audit

import (
	"context"
	"regexp"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/secret"
)

// Service reads the security log.
type Service struct {
	db     *db.DB
	now    func() time.Time
	box    *secret.Box
	anchor anchor
}

// New returns the service. The file at anchorAt keeps the end of the chain.
func New(d *db.DB, now func() time.Time, box *secret.Box, anchorAt string) *Service {
	return &Service{d, now, box, anchor(anchorAt)}
}

// Logged is an entry as the owner of the account sees it. Session and Token are the ids of what the act was
// done with; TokenName and TokenHint are kept for a while after the token ended.
type Logged struct {
	ID        string            `json:"id"`
	At        time.Time         `json:"at"`
	Event     Event             `json:"event"`
	Actor     string            `json:"actor"`
	Via       access.Via        `json:"via"`
	Session   string            `json:"session"`
	Token     string            `json:"token"`
	TokenName string            `json:"token_name"`
	TokenHint string            `json:"token_hint"`
	IP        string            `json:"ip"`
	Agent     string            `json:"agent"`
	Subject   string            `json:"subject"`
	Detail    map[string]string `json:"detail"`
}

// batch is how many entries are read at a time.
const batch = 500

// beyond is greater than every id.
const beyond = "g"

var (
	eventForm = regexp.MustCompile(`^[a-z_]{1,20}\.[a-z0-9_]{1,30}$`)
	kindForm  = regexp.MustCompile(`^[a-z_]{1,20}$`)
	idForm    = regexp.MustCompile(`^[0-9a-f-]{36}$`)
)

// Page returns at most limit entries of the actor's own log, the newest first: those of a kind of events
// ("token"), or of all without one, that are older than the entry before, or the newest without one.
func (s *Service) Page(ctx context.Context, by access.Actor, kind, before string, limit int) ([]Logged, error) {
	if err := access.Check(by, access.AccountViewLog, access.Self(by, by.UserID), s.now()); err != nil {
		return nil, err
	}
	if !idForm.MatchString(before) {
		before = beyond
	}
	pattern := "%"
	if kindForm.MatchString(kind) {
		pattern = kind + ".%"
	}
	rows, err := store{s.db}.page(ctx, by.UserID, pattern, before, min(max(limit, 1), batch))
	if err != nil {
		return nil, err
	}
	return logged(rows)
}

// Each calls f with every entry of a kind in the actor's own log, the newest first, without holding more
// than a few in memory.
func (s *Service) Each(ctx context.Context, by access.Actor, kind string, f func(Logged) error) error {
	for before := ""; ; {
		entries, err := s.Page(ctx, by, kind, before, batch)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := f(e); err != nil {
				return err
			}
		}
		if len(entries) < batch {
			return nil
		}
		before = entries[len(entries)-1].ID
	}
}
