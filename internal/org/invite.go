package org

import (
	"context"
	"errors"
	"strings"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/audit"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
	"latchkey/internal/mail"
	"latchkey/internal/secret"
)

const (
	// InvitationLife is how long an invitation waits for its answer.
	InvitationLife = 7 * 24 * time.Hour
	mostPending    = 500
)

// Invite is an invitation to be sent: to somebody's name or address, as what, and into which teams beside
// the developers.
type Invite struct {
	To    string
	Role  Role
	Teams []string
}

// Pending is an invitation that waits for its answer.
type Pending struct {
	ID, To    string
	Role      Role
	Teams     string // their names, by name, separated by commas
	InvitedBy string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Invite mails somebody a link with which they, and nobody else, can join. An invitation that waits already
// is replaced. What is wrong is an Invalid error with Fields to, role or teams.
func (s *Service) Invite(ctx context.Context, by access.Actor, name string, in Invite) error {
	if err := in.Role.valid(); err != nil {
		return err
	}
	if _, err := s.authorize(ctx, s.db, by, access.OrgManage, name); err != nil {
		return err
	}
	i, err := s.invitee(ctx, in.To)
	if err != nil {
		return err
	}
	i.ID, i.Role, i.CreatedAt, i.ExpiresAt = db.NewID(), in.Role, s.now(), s.now().Add(InvitationLife)
	if by.UserID != "" {
		i.InvitedBy = &by.UserID
	}
	if err := s.mayMail(ctx, i); err != nil {
		return err
	}
	return s.change(ctx, by, access.OrgManage, name, func(ctx context.Context, tx *db.Tx, o Org) error {
		if err := s.admitInvitation(ctx, tx, o, i); err != nil {
			return err
		}
		text := secret.New()
		if err := (store{tx}).insertInvitation(ctx, o.ID, secret.Hash(text), i); err != nil {
			return err
		}
		for _, team := range in.Teams {
			t, err := store{tx}.team(ctx, o.ID, team)
			if errors.Is(err, ErrNoTeam) {
				return errs.Field("teams", "There is no team "+quoted(team)+" in "+o.Name+".")
			}
			if err != nil {
				return err
			}
			if err := (store{tx}).inviteTo(ctx, i.ID, t.ID); err != nil {
				return err
			}
		}
		detail := map[string]string{"to": i.to(), "role": string(in.Role), "teams": strings.Join(in.Teams, ",")}
		if err := s.record(ctx, tx, by, o, audit.OrgInvited, detail); err != nil {
			return err
		}
		return s.mailInvitation(ctx, tx, by, o, i, text)
	})
}

// SetOrInvite is what npm org set asks for: a member's role is changed, and who is no member is invited.
func (s *Service) SetOrInvite(ctx context.Context, by access.Actor, name, person string, role Role) (invited bool, err error) {
	err = s.SetRole(ctx, by, name, person, role)
	if !errors.Is(err, ErrNoMember) {
		return false, err
	}
	return true, s.Invite(ctx, by, name, Invite{To: person, Role: role})
}

// admitInvitation makes room for an invitation: nobody is invited who belongs to it, and one that waits is
// replaced.
func (s *Service) admitInvitation(ctx context.Context, tx *db.Tx, o Org, i invitation) error {
	if i.UserID != nil {
		if belongs, err := (store{tx}).belongs(ctx, o.ID, *i.UserID); err != nil {
			return err
		} else if belongs {
			return errs.Field("to", i.Name+" is a member already.")
		}
	}
	if err := (store{tx}).replaceInvitation(ctx, o.ID, i); err != nil {
		return err
	}
	n, err := store{tx}.countInvitations(ctx, o.ID, s.now())
	if err == nil && n >= mostPending {
		err = errs.Newf(errs.Conflict, "org.invitations_limit", "%d invitations wait for their answers. Take some back first.", n)
	}
	return err
}

// invitee finds out who is meant: an account by its name, or whoever reads mail at an address.
func (s *Service) invitee(ctx context.Context, to string) (i invitation, err error) {
	to = strings.TrimSpace(to)
	if strings.Contains(strings.TrimPrefix(to, "@"), "@") {
		i.Email, i.EmailKey, err = account.Address(to)
		if e := errs.AsInvalid(err); e != nil {
			err = errs.Field("to", e.Msg)
		}
		return i, err
	}
	i.Name = strings.TrimPrefix(to, "@")
	if i.Name == "" {
		return i, errs.Field("to", "Say whom to invite: their name here, or their address.")
	}
	id, err := store{s.db}.userID(ctx, i.Name)
	if errors.Is(err, ErrNoMember) {
		return i, errs.Field("to", "There is nobody called "+quoted(i.Name)+". Give their address instead, and they can make an account on the way.")
	}
	i.UserID = &id
	return i, err
}

// mayMail counts invitations to one person, whoever sends them: nobody must be flooded.
func (s *Service) mayMail(ctx context.Context, i invitation) error {
	err := s.limits.Take(ctx, "mail:org-invitation:"+i.EmailKey+i.Name, s.cfg.Limits.MailRate)
	if errors.Is(err, limit.ErrTooMany) {
		return errs.Field("to", "Several invitations went to them today. Ask whether they arrived.")
	}
	return err
}

func (s *Service) mailInvitation(ctx context.Context, tx *db.Tx, by access.Actor, o Org, i invitation, text string) error {
	data := map[string]string{"Org": o.Name, "By": sender(by), "Role": string(i.Role), "Link": s.cfg.URL + "invitations/" + text}
	if i.UserID != nil {
		return s.accounts.Notify(ctx, tx, *i.UserID, "org-invitation", data)
	}
	return s.out.Enqueue(ctx, tx, s.now(), mail.Letter{To: i.Email, Template: "org-invitation", Data: data})
}

// Invitations lists those that wait, newest first, to owners.
func (s *Service) Invitations(ctx context.Context, by access.Actor, name string) ([]Pending, error) {
	st, err := s.authorize(ctx, s.db, by, access.OrgManage, name)
	if err != nil {
		return nil, err
	}
	return store{s.db}.invitations(ctx, st.OrgID, s.now(), mostPending)
}

// Revoke takes an invitation back.
func (s *Service) Revoke(ctx context.Context, by access.Actor, name, id string) error {
	return s.change(ctx, by, access.OrgManage, name, func(ctx context.Context, tx *db.Tx, o Org) error {
		i, err := store{tx}.removeInvitation(ctx, o.ID, id)
		if err != nil {
			return err
		}
		return s.record(ctx, tx, by, o, audit.OrgInvitationRevoked, map[string]string{"to": i.to()})
	})
}

// Resend mails an invitation again, with a new link and seven more days. The old link ends.
func (s *Service) Resend(ctx context.Context, by access.Actor, name, id string) error {
	st, err := s.authorize(ctx, s.db, by, access.OrgManage, name)
	if err != nil {
		return err
	}
	i, err := store{s.db}.invitation(ctx, st.OrgID, id)
	if err != nil {
		return err
	}
	if err := s.mayMail(ctx, i); err != nil {
		return err
	}
	return s.change(ctx, by, access.OrgManage, name, func(ctx context.Context, tx *db.Tx, o Org) error {
		text := secret.New()
		if err := (store{tx}).renewInvitation(ctx, o.ID, id, secret.Hash(text), s.now().Add(InvitationLife)); err != nil {
			return err
		}
		if err := s.record(ctx, tx, by, o, audit.OrgInvited, map[string]string{"to": i.to(), "role": string(i.Role), "again": "yes"}); err != nil {
			return err
		}
		return s.mailInvitation(ctx, tx, by, o, i, text)
	})
}

// quoted is what somebody typed, in a sentence, cut to what fits.
func quoted(text string) string {
	const most = 64
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return "“" + text + "”"
}

// Sweep removes invitations that nobody answered in time.
func (s *Service) Sweep(ctx context.Context) error { return store{s.db}.sweepInvitations(ctx, s.now()) }
