package account

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/credential"
	"latchkey/internal/errs"
	"latchkey/internal/words"
)

// Browser is a session that has not ended, as its owner sees it. The id is an address, not a secret.
type Browser struct {
	ID, IP, Agent                 string
	CreatedAt, SeenAt, DeadlineAt time.Time
}

// ErrNoSession says that a session is not there to be ended: it has ended, or is another's.
var ErrNoSession = errs.New(errs.NotFound, "account.no_session", "This browser is signed out already.")

// Browsers lists where the actor is signed in, the browser used last first. When one was used is written
// down each minute, not at once.
func (s *Service) Browsers(ctx context.Context, by access.Actor) ([]Browser, error) {
	if err := s.self(by, access.SessionView); err != nil {
		return nil, err
	}
	now := s.now()
	return store{s.db}.opened(ctx, by.UserID, now, now.Add(-s.cfg.Limits.SessionIdle))
}

// EndBrowser signs one of the actor's browsers out.
func (s *Service) EndBrowser(ctx context.Context, by access.Actor, id string) error {
	if id == by.SessionID {
		return s.SignOut(ctx, by)
	}
	return s.endFromHere(ctx, by, "a browser", func(ctx context.Context, st store) (int64, error) {
		n, err := st.endSession(ctx, id, by.UserID, s.now())
		if err == nil && n == 0 {
			err = ErrNoSession
		}
		return n, err
	})
}

// EndOtherBrowsers signs out all of the actor's browsers but this one.
func (s *Service) EndOtherBrowsers(ctx context.Context, by access.Actor) error {
	return s.endFromHere(ctx, by, "", func(ctx context.Context, st store) (int64, error) {
		return st.endOtherSessions(ctx, by.UserID, by.SessionID, s.now())
	})
}

// EndEverything signs out all of the actor's browsers, this one too, and all terminals that npm login
// signed in.
func (s *Service) EndEverything(ctx context.Context, by access.Actor) error {
	if err := s.self(by, access.SessionEnd); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		u, err := s.own(ctx, tx, by)
		if err != nil {
			return err
		}
		n, err := store{tx}.endOtherSessions(ctx, u.ID, "", s.now())
		if err != nil {
			return err
		}
		if err := s.recordEnded(ctx, tx, by, u, n, "everywhere"); err != nil {
			return err
		}
		if err := s.endTokens(ctx, tx, by, u.ID, false, "everywhere"); err != nil {
			return err
		}
		what := map[string]string{"What": "all browsers and all terminals", "From": from(by)}
		return s.notify(ctx, tx, u, "sessions-ended", what)
	})
}

// endFromHere ends sessions other than the one it is asked in, and writes to the owner: it may be a thief
// who asks. Without words for what ends, it says how many browsers do.
func (s *Service) endFromHere(ctx context.Context, by access.Actor, what string, end func(ctx context.Context, st store) (int64, error)) error {
	if err := s.self(by, access.SessionEnd); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		u, err := s.own(ctx, tx, by)
		if err != nil {
			return err
		}
		n, err := end(ctx, store{tx})
		if err != nil || n == 0 {
			return err
		}
		if err := s.recordEnded(ctx, tx, by, u, n, "asked"); err != nil {
			return err
		}
		said := what
		if said == "" {
			said = words.Count(n, "other browser", "other browsers")
		}
		return s.notify(ctx, tx, u, "sessions-ended", map[string]string{"What": said, "From": from(by)})
	})
}

// own is the account of an actor whose session has not ended.
func (s *Service) own(ctx context.Context, tx *db.Tx, by access.Actor) (user, error) {
	if err := credential.Holds(ctx, tx, by, s.now()); err != nil {
		return user{}, err
	}
	return store{tx}.byID(ctx, by.UserID)
}
