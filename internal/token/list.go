package token

import (
	"context"
	"strings"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/account"
)

// Held is a token that works, as its owner and the console see it. The secret is not known any more.
type Held struct {
	ID, Hint, Name, Kind    string
	LastUsedIP, LastUsedFor string
	CreatedAt               time.Time
	ExpiresAt, LastUsedAt   *time.Time
	Limits                  Limits `db:"-"`
}

// List returns the tokens of an account that work, the oldest first. When one was used last is
// written down each minute, not at once.
func (s *Service) List(ctx context.Context, by access.Actor, owner string) ([]Held, error) {
	u, err := s.accounts.Lookup(ctx, by, owner)
	if err != nil {
		return nil, err
	}
	if err := s.self(by, access.TokenView, u.ID); err != nil {
		return nil, err
	}
	return store{s.db}.held(ctx, u.ID, s.now())
}

// RevokeHeld ends the token of an account that has an id or a hint, as List and our mails show them,
// and returns which one that was. Two tokens with one hint are told apart by their ids.
func (s *Service) RevokeHeld(ctx context.Context, by access.Actor, owner, mark string) (Held, error) {
	u, err := s.accounts.Lookup(ctx, by, owner)
	if err != nil {
		return Held{}, err
	}
	if err := s.self(by, access.TokenRevokeListed, u.ID); err != nil {
		return Held{}, err
	}
	mark = strings.Replace(mark, "...", "…", 1) // which not every keyboard has
	var out Held
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		marked, err := store{tx}.marked(ctx, u.ID, mark, s.now())
		switch {
		case err != nil:
			return err
		case len(marked) == 0:
			return ErrNoToken
		case len(marked) > 1:
			return ErrOneHint
		}
		out = marked[0]
		if err := s.revoke(ctx, tx, by, u.ID, out.ID, "asked"); err != nil {
			return err
		}
		return s.accounts.Notify(ctx, tx, u.ID, "token-revoked", map[string]string{
			"Token": out.Name, "Hint": out.Hint, "From": account.At("from", by.Address()),
		})
	})
	return out, err
}
