package org

import (
	"context"
	"strings"
	"time"

	"latchkey/db"
)

// invitation is a row of org_invitations, with what is told of it.
type invitation struct {
	ID, OrgID, Org       string
	UserID               *string
	Name                 string // of the account that it is for
	Email, EmailKey      string // where it was mailed to, when it is for an address
	Role                 Role
	Teams                string
	InvitedBy            *string
	Inviter              string
	CreatedAt, ExpiresAt time.Time
}

// to is whom it is for, as the one who invited wrote it.
func (i invitation) to() string {
	if i.Name != "" {
		return i.Name
	}
	return i.Email
}

const selectInvitation = `SELECT i.id, i.org_id, o.name AS org, i.user_id, COALESCE(u.name, '') AS name, i.email, i.email_key, i.role, i.invited_by,
		COALESCE(b.name, '') AS inviter, i.created_at, i.expires_at
	FROM org_invitations i JOIN orgs o ON o.id = i.org_id LEFT JOIN users u ON u.id = i.user_id LEFT JOIN users b ON b.id = i.invited_by `

func (s store) insertInvitation(ctx context.Context, orgID, hash string, i invitation) error {
	_, err := s.Exec(ctx, `INSERT INTO org_invitations (id, org_id, secret_hash, user_id, email, email_key, role, invited_by, created_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		i.ID, orgID, hash, i.UserID, i.Email, i.EmailKey, i.Role, i.InvitedBy, i.CreatedAt, i.ExpiresAt)
	return err
}

func (s store) inviteTo(ctx context.Context, invitationID, teamID string) error {
	_, err := s.Exec(ctx, `INSERT INTO org_invitation_teams (invitation_id, team_id) VALUES (?, ?) ON CONFLICT DO NOTHING`, invitationID, teamID)
	return err
}

// replaceInvitation removes one for the same person.
func (s store) replaceInvitation(ctx context.Context, orgID string, i invitation) error {
	_, err := s.Exec(ctx, `DELETE FROM org_invitations WHERE org_id = ? AND (user_id = ? OR user_id IS NULL AND email_key = ? AND email_key <> '')`,
		orgID, i.UserID, i.EmailKey)
	return err
}

func (s store) countInvitations(ctx context.Context, orgID string, now time.Time) (n int64, err error) {
	err = s.Get(ctx, &n, `SELECT COUNT(*) FROM org_invitations WHERE org_id = ? AND expires_at > ?`, orgID, now)
	return n, err
}

func (s store) invitation(ctx context.Context, orgID, id string) (invitation, error) {
	return db.One[invitation](ctx, s, ErrInvitation, selectInvitation+`WHERE i.org_id = ? AND i.id = ?`, orgID, id)
}

// offered reads an invitation by its secret, without using it.
func (s store) offered(ctx context.Context, hash string, now time.Time) (invitation, error) {
	i, err := db.One[invitation](ctx, s, ErrInvitation, selectInvitation+`WHERE i.secret_hash = ? AND i.expires_at > ?`, hash, now)
	if err != nil {
		return i, err
	}
	i.Teams, err = s.invitationTeams(ctx, i.ID)
	return i, err
}

func (s store) invitations(ctx context.Context, orgID string, now time.Time, n int) ([]Pending, error) {
	var rows []invitation
	if err := s.Select(ctx, &rows, selectInvitation+`WHERE i.org_id = ? AND i.expires_at > ? ORDER BY i.created_at DESC, i.id LIMIT ?`, orgID, now, n); err != nil {
		return nil, err
	}
	out := make([]Pending, len(rows))
	for k, i := range rows {
		teams, err := s.invitationTeams(ctx, i.ID)
		if err != nil {
			return nil, err
		}
		out[k] = Pending{ID: i.ID, To: i.to(), Role: i.Role, Teams: teams, InvitedBy: i.Inviter, CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt}
	}
	return out, nil
}

func (s store) invitationTeams(ctx context.Context, id string) (string, error) {
	var names []string
	err := s.Select(ctx, &names, `SELECT t.name FROM org_invitation_teams i JOIN teams t ON t.id = i.team_id WHERE i.invitation_id = ? ORDER BY t.name`, id)
	return strings.Join(names, ", "), err
}

// invitedTeams are the teams that somebody joins: those of the invitation, and the developers.
func (s store) invitedTeams(ctx context.Context, orgID, id string) (ids []string, err error) {
	err = s.Select(ctx, &ids, `SELECT t.id FROM teams t WHERE t.org_id = ? AND (t.name = ?
		OR t.id IN (SELECT team_id FROM org_invitation_teams WHERE invitation_id = ?))`, orgID, Developers, id)
	return ids, err
}

// removeInvitation uses an invitation up or takes it back: of any number of tries, one gets the row.
func (s store) removeInvitation(ctx context.Context, orgID, id string) (invitation, error) {
	return db.One[invitation](ctx, s, ErrInvitation, `DELETE FROM org_invitations WHERE org_id = ? AND id = ?
		RETURNING id, email, COALESCE((SELECT name FROM users WHERE users.id = org_invitations.user_id), '') AS name`, orgID, id)
}

func (s store) renewInvitation(ctx context.Context, orgID, id, hash string, expires time.Time) error {
	n, err := s.Exec(ctx, `UPDATE org_invitations SET secret_hash = ?, expires_at = ? WHERE org_id = ? AND id = ?`, hash, expires, orgID, id)
	if err == nil && n == 0 {
		err = ErrInvitation
	}
	return err
}

func (s store) sweepInvitations(ctx context.Context, now time.Time) error {
	_, err := s.Exec(ctx, `DELETE FROM org_invitations WHERE expires_at <= ?`, now)
	return err
}
