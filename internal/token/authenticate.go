package token

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/audit"
	"latchkey/internal/config"
	"latchkey/internal/secret"
)

// fact is what a token that was not revoked proves, until it expires.
type fact struct {
	actor   access.Actor
	expires time.Time      // zero when it does not
	from    []netip.Prefix // where it may be used; none means everywhere
}

// Authenticate returns who a token stands for: by, an anonymous actor with an address and an agent,
// completed with the user and what the token may. The answer comes from memory as long as nothing is
// written to the database, so a revocation holds for the next request.
func (s *Service) Authenticate(ctx context.Context, by access.Actor, text string) (access.Actor, error) {
	if !secret.IsToken(text) {
		return by, ErrToken
	}
	hash := secret.Hash(text)
	f, err := s.facts.Get(ctx, hash, func(ctx context.Context) (fact, error) { return s.load(ctx, hash) })
	if err != nil {
		return by, err
	}
	now := s.now()
	if !f.expires.IsZero() && !now.Before(f.expires) {
		return by, ErrToken
	}
	if len(f.from) > 0 && !slices.ContainsFunc(f.from, func(p netip.Prefix) bool { return p.Contains(by.IP) }) {
		return by, ErrAddress
	}
	a := f.actor
	a.IP, a.Agent, a.Command = by.IP, by.Agent, by.Command
	s.mu.Lock()
	s.used[a.Grant.TokenID] = use{now, by.Address(), by.Command}
	s.mu.Unlock()
	return a, nil
}

func (s *Service) load(ctx context.Context, hash string) (fact, error) {
	o, err := store{s.db}.owned(ctx, hash)
	if err != nil {
		return fact{}, err
	}
	l, err := o.limits()
	if err != nil {
		return fact{}, err
	}
	f := fact{from: l.Addresses, actor: access.Actor{
		UserID: o.UserID, Name: o.UserName, Via: access.ViaToken, Operator: o.Operator, EmailVerified: o.EmailVerified,
		Grant: l.grant(o.ID, o.Kind), Factor: o.Mode,
		Locked: o.Locked, Hold: account.HoldOf(o.HeldUntil, o.HeldFor),
	}}
	switch s.cfg.AutomationTokens {
	case config.AutomationForbidden:
		f.actor.Grant.MustProve = true
	case config.AutomationBound:
		f.actor.Grant.MustProve = !l.bound()
	case config.AutomationAllowed:
	}
	if o.ExpiresAt != nil {
		f.expires = *o.ExpiresAt
	}
	return f, nil
}

// Flush writes down when the tokens that were used since the last time were used. What cannot be
// written stays for the next time.
func (s *Service) Flush(ctx context.Context) error {
	s.mu.Lock()
	used := s.used
	s.used = map[string]use{}
	s.mu.Unlock()
	if len(used) == 0 {
		return nil
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for id, u := range used {
			if err := (store{tx}).setUsed(ctx, id, u); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.keep(used)
	}
	return err
}

// keep puts back what could not be written, unless there is something newer.
func (s *Service) keep(used map[string]use) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, u := range used {
		if _, newer := s.used[id]; !newer {
			s.used[id] = u
		}
	}
}

// Revoke ends a token of the actor for good, as npm logout asks for. A token that is unknown, ended
// or another's gets the same answer, and nothing happens to it.
func (s *Service) Revoke(ctx context.Context, by access.Actor, text string) error {
	if err := s.self(by, access.TokenRevoke, by.UserID); err != nil {
		return err
	}
	if !secret.IsToken(text) {
		return nil
	}
	o, err := store{s.db}.owned(ctx, secret.Hash(text))
	if errors.Is(err, ErrToken) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.self(by, access.TokenRevoke, o.UserID); errors.Is(err, access.ErrHidden) {
		return nil
	} else if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return s.revoke(ctx, tx, by, o.UserID, o.ID, "signed_out")
	})
}

// endAll is the account.TokenEnder.
func (s *Service) endAll(ctx context.Context, tx *db.Tx, by access.Actor, userID string, all bool, why string) error {
	kind := Session
	if all {
		kind = ""
	}
	ids, err := store{tx}.working(ctx, userID, kind, s.now())
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !all && by.Grant != nil && id == by.Grant.TokenID { // it stays, as the browser does in which a password is changed
			continue
		}
		if err := s.revoke(ctx, tx, by, userID, id, why); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) revoke(ctx context.Context, tx *db.Tx, by access.Actor, userID, id, why string) error {
	n, err := store{tx}.revoke(ctx, id, s.now())
	if err != nil || n == 0 {
		return err
	}
	e := audit.Entry{Event: audit.TokenRevoked, Account: userID, Subject: "token:" + id, Detail: map[string]string{"reason": why}}
	return audit.Record(ctx, tx, s.now(), by, e)
}
