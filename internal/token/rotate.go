package token

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/audit"
	"latchkey/internal/credential"
	"latchkey/internal/errs"
	"latchkey/internal/secret"
	"latchkey/internal/words"
)

// maxOverlap is how long an old secret may work beside the new one.
const maxOverlap = 7 * day

// Rotate gives the actor's token a new secret: a new token of the same name, kind and limits, that lives as long
// as the old one was made for. The old secret works for overlap more, so that a machine can be told the new one.
func (s *Service) Rotate(ctx context.Context, by access.Actor, id string, overlap time.Duration) (out Created, err error) {
	if err := s.self(by, access.TokenRotate, by.UserID); err != nil {
		return out, err
	}
	if overlap < 0 || overlap > maxOverlap {
		return out, errs.Field("overlap", "Let the old secret work for at most seven days more.")
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := credential.Holds(ctx, tx, by, s.now()); err != nil {
			return err
		}
		marked, err := store{tx}.marked(ctx, by.UserID, id, s.now())
		if err != nil {
			return err
		}
		if len(marked) != 1 || marked[0].Kind == Session {
			return ErrNoToken
		}
		old := marked[0]
		in, err := s.clean(by, NewToken{Name: old.Name, Kind: old.Kind, Limits: old.Limits})
		if err != nil {
			return err
		}
		m, err := s.mint(ctx, tx, by, by.UserID, in, s.lives(old))
		if err != nil {
			return err
		}
		out = m.created()
		ends, err := s.supersede(ctx, tx, by, old, overlap)
		if err != nil {
			return err
		}
		return s.accounts.Notify(ctx, tx, by.UserID, "token-rotated", map[string]string{
			"Token": old.Name, "Hint": secret.Hint(m.text), "Old": old.Hint, "Ends": ends, "From": account.At("from", by.Address()),
		})
	})
	return out, err
}

// lives is how long a token lives that takes another's place: as long as that was made for, but no longer than this
// registry allows by now.
func (s *Service) lives(old Held) time.Duration {
	most := time.Duration(s.longest(old.Kind, old.Limits)) * day
	if old.ExpiresAt == nil {
		return most
	}
	return min(old.ExpiresAt.Sub(old.CreatedAt), most)
}

// supersede ends an old secret, at once or when the overlap is over, and says when that is.
func (s *Service) supersede(ctx context.Context, tx *db.Tx, by access.Actor, old Held, overlap time.Duration) (string, error) {
	if overlap == 0 {
		return "now", s.revoke(ctx, tx, by, by.UserID, old.ID, "rotated")
	}
	end := s.now().Add(overlap)
	if err := (store{tx}).shorten(ctx, old.ID, end); err != nil {
		return "", err
	}
	return "on " + words.Moment(end), audit.Record(ctx, tx, s.now(), by, audit.Entry{
		Event: audit.TokenRotated, Account: by.UserID, Subject: "token:" + old.ID, Detail: map[string]string{"ends": words.Moment(end)},
	})
}

// reminders are how many days before the end of a token its owner is written to.
var reminders = []int{14, 7, 1}

// Remind writes to the owners of tokens that end soon. A token that was made for less than a reminder's time gets
// the later ones only, and nobody gets one twice.
func (s *Service) Remind(ctx context.Context) error {
	const batch = 200
	now, after := s.now(), ""
	for {
		soon, err := store{s.db}.ending(ctx, now, now.Add(time.Duration(reminders[0])*day), batch, after)
		if err != nil {
			return err
		}
		for _, t := range soon {
			if err := s.remind(ctx, t, now); err != nil {
				return err
			}
			after = t.ID
		}
		if len(soon) < batch {
			return nil
		}
	}
}

func (s *Service) remind(ctx context.Context, t ending, now time.Time) error {
	due := 0
	for _, days := range reminders {
		if left := time.Duration(days) * day; t.ExpiresAt.Sub(now) <= left && t.ExpiresAt.Sub(t.CreatedAt) > left {
			due = days
		}
	}
	if due == 0 || t.Reminded > 0 && t.Reminded <= due {
		return nil
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if n, err := (store{tx}).remind(ctx, t.ID, due, t.Reminded); err != nil || n == 0 {
			return err
		}
		return s.accounts.Notify(ctx, tx, t.UserID, "token-ending", map[string]string{
			"Token": t.Name, "Hint": t.Hint, "Until": words.Moment(t.ExpiresAt),
		})
	})
}
