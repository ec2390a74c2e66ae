package org

import (
	"context"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/credential"
	"latchkey/internal/secret"
)

// Offer is an invitation as its reader sees it.
type Offer struct {
	Org, By string
	Role    Role
	Teams   string
	To      string      // the name or the address that it is for
	Mine    bool        // whoever reads it may answer it
	Needs   Requirement // what must be set up before it can be accepted
}

// Offer tells what an invitation's link offers, to whoever has the link. Looking does not use it.
func (s *Service) Offer(ctx context.Context, by access.Actor, text string) (Offer, error) {
	if err := access.Check(by, access.OrgReadOffer, access.Facts{Standing: access.Reader}, s.now()); err != nil {
		return Offer{}, err
	}
	i, err := store{s.db}.offered(ctx, secret.Hash(text), s.now())
	if err != nil {
		return Offer{}, err
	}
	o := Offer{Org: i.Org, By: i.Inviter, Role: i.Role, Teams: i.Teams, To: i.to()}
	if o.Mine, err = s.isFor(ctx, s.db, by, i); err != nil || !o.Mine {
		return o, err
	}
	p, err := store{s.db}.policy(ctx, i.OrgID)
	if err != nil || !p.InForce(s.now()) {
		return o, err
	}
	if ok, err := (store{s.db}).has(ctx, by.UserID, p.Requires); err != nil || ok {
		return o, err
	}
	o.Needs = p.Requires
	return o, nil
}

// isFor reports whether an invitation is for the actor: for their account, or for the address that they
// have verified. An address that somebody only claims is anybody's.
func (s *Service) isFor(ctx context.Context, q db.Q, by access.Actor, i invitation) (bool, error) {
	if !by.SignedIn() {
		return false, nil
	}
	if i.UserID != nil {
		return *i.UserID == by.UserID, nil
	}
	key, err := store{q}.verifiedAddress(ctx, by.UserID)
	return err == nil && key != "" && key == i.EmailKey, err
}

// Accept makes the actor a member, with the role and the teams of the invitation, which is used up. It is
// void when whoever sent it may not invite any more.
func (s *Service) Accept(ctx context.Context, by access.Actor, text string) (org string, err error) {
	err = s.answer(ctx, by, text, func(ctx context.Context, tx *db.Tx, o Org, i invitation) error {
		org = o.Name
		if i.InvitedBy != nil {
			if valid, err := (store{tx}).isOwner(ctx, o.ID, *i.InvitedBy); err != nil {
				return err
			} else if !valid {
				return ErrInvitation
			}
		}
		if err := s.join(ctx, tx, o, by.UserID, i); err != nil {
			return err
		}
		return s.record(ctx, tx, by, o, audit.OrgMemberJoined, map[string]string{"role": string(i.Role), "teams": i.Teams})
	})
	return org, err
}

// join makes somebody a member. Whoever belongs to it already keeps the role they have.
func (s *Service) join(ctx context.Context, tx *db.Tx, o Org, userID string, i invitation) error {
	if err := s.admits(ctx, tx, o, userID); err != nil {
		return err
	}
	belongs, err := store{tx}.belongs(ctx, o.ID, userID)
	if err != nil || belongs {
		return err
	}
	if err := (store{tx}).forgetRemoval(ctx, o.ID, userID); err != nil {
		return err
	}
	if err := (store{tx}).insertMember(ctx, o.ID, userID, i.Role, s.now()); err != nil {
		return err
	}
	teams, err := store{tx}.invitedTeams(ctx, o.ID, i.ID)
	if err != nil {
		return err
	}
	for _, t := range teams {
		if err := (store{tx}).insertTeamMember(ctx, o.ID, t, userID); err != nil {
			return err
		}
	}
	return nil
}

// Decline ends an invitation without joining.
func (s *Service) Decline(ctx context.Context, by access.Actor, text string) error {
	return s.answer(ctx, by, text, func(ctx context.Context, tx *db.Tx, o Org, i invitation) error {
		return s.record(ctx, tx, by, o, audit.OrgInvitationDeclined, map[string]string{"to": i.to()})
	})
}

// answer uses an invitation up, for whoever it is for. Of any number of answers, one gets the row; its
// teams are read before it goes.
func (s *Service) answer(ctx context.Context, by access.Actor, text string, f func(ctx context.Context, tx *db.Tx, o Org, i invitation) error) error {
	if _, err := (store{s.db}).offered(ctx, secret.Hash(text), s.now()); err != nil {
		return err // before anybody is asked to sign in for nothing
	}
	if err := access.Check(by, access.OrgAnswer, access.Self(by, by.UserID), s.now()); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := credential.Holds(ctx, tx, by, s.now()); err != nil {
			return err
		}
		i, err := store{tx}.offered(ctx, secret.Hash(text), s.now())
		if err != nil {
			return err
		}
		if mine, err := s.isFor(ctx, tx, by, i); err != nil {
			return err
		} else if !mine {
			return ErrOtherAccount
		}
		o := Org{ID: i.OrgID, Name: i.Org}
		if err := (store{tx}).touch(ctx, o.ID, s.now()); err != nil {
			return err
		}
		if err := f(ctx, tx, o, i); err != nil {
			return err
		}
		_, err = store{tx}.removeInvitation(ctx, o.ID, i.ID)
		return err
	})
}
