package org

import (
	"context"
	"time"

	"latchkey/db"
)

type store struct{ db.Q }

// member is a row of org_members.
type member struct {
	UserID, Name string
	Role         Role
}

func (s store) insertOrg(ctx context.Context, o Org) error {
	_, err := s.Exec(ctx, `INSERT INTO orgs (id, name, created_at, updated_at) VALUES (?, ?, ?, ?)`, o.ID, o.Name, o.CreatedAt, o.CreatedAt)
	return err
}

// touch makes changes of one organization wait for each other.
func (s store) touch(ctx context.Context, id string, now time.Time) error {
	_, err := s.Exec(ctx, `UPDATE orgs SET updated_at = ? WHERE id = ?`, now, id)
	return err
}

// standing is what a person is to an organization and, by their teams, to a package. Text compares read
// below write.
func (s store) standing(ctx context.Context, userID, name, packageID string) (Standing, error) {
	return db.One[Standing](ctx, s, ErrNotFound, `SELECT o.id AS org_id, o.created_at, COALESCE(m.role, '') AS role,
			COALESCE((SELECT MAX(p.permission) FROM team_packages p JOIN team_members t ON t.team_id = p.team_id
				WHERE p.package_id = ? AND t.org_id = o.id AND t.user_id = m.user_id), '') AS permission
		FROM orgs o LEFT JOIN org_members m ON m.org_id = o.id AND m.user_id = ? WHERE o.name = ?`, packageID, userID, name)
}

func (s store) of(ctx context.Context, userID string) (out []Membership, err error) {
	err = s.Select(ctx, &out, `SELECT o.name, m.role, m.joined_at FROM org_members m JOIN orgs o ON o.id = m.org_id
		WHERE m.user_id = ? ORDER BY o.name`, userID)
	return out, err
}

func (s store) insertMember(ctx context.Context, orgID, userID string, r Role, now time.Time) error {
	_, err := s.Exec(ctx, `INSERT INTO org_members (org_id, user_id, role, joined_at) VALUES (?, ?, ?, ?)`, orgID, userID, r, now)
	return err
}

func (s store) member(ctx context.Context, orgID, person string) (member, error) {
	return db.One[member](ctx, s, ErrNoMember, `SELECT m.user_id, u.name, m.role FROM org_members m JOIN users u ON u.id = m.user_id
		WHERE m.org_id = ? AND u.name = ?`, orgID, person)
}

func (s store) belongs(ctx context.Context, orgID, userID string) (bool, error) {
	var n int
	err := s.Get(ctx, &n, `SELECT COUNT(*) FROM org_members WHERE org_id = ? AND user_id = ?`, orgID, userID)
	return n > 0, err
}

func (s store) isOwner(ctx context.Context, orgID, userID string) (bool, error) {
	var n int
	err := s.Get(ctx, &n, `SELECT COUNT(*) FROM org_members WHERE org_id = ? AND user_id = ? AND role = 'owner'`, orgID, userID)
	return n > 0, err
}

func (s store) countOwners(ctx context.Context, orgID string) (n int64, err error) {
	err = s.Get(ctx, &n, `SELECT COUNT(*) FROM org_members WHERE org_id = ? AND role = 'owner'`, orgID)
	return n, err
}

func (s store) countMembers(ctx context.Context, orgID string) (n int64, err error) {
	err = s.Get(ctx, &n, `SELECT COUNT(*) FROM org_members WHERE org_id = ?`, orgID)
	return n, err
}

func (s store) setRole(ctx context.Context, orgID, userID string, r Role) error {
	_, err := s.Exec(ctx, `UPDATE org_members SET role = ? WHERE org_id = ? AND user_id = ?`, r, orgID, userID)
	return err
}

func (s store) removeMember(ctx context.Context, orgID, userID string) error {
	_, err := s.Exec(ctx, `DELETE FROM org_members WHERE org_id = ? AND user_id = ?`, orgID, userID)
	return err
}

// members is a page of members with the names of their teams. GROUP_CONCAT and STRING_AGG are one
// database's each, so teams come in a second statement.
func (s store) members(ctx context.Context, orgID, find, after string, n int) ([]Person, error) {
	var rows []struct {
		UserID string
		Person
	}
	err := s.Select(ctx, &rows, `SELECT m.user_id, u.name, u.full_name, m.role, m.joined_at FROM org_members m JOIN users u ON u.id = m.user_id
		WHERE m.org_id = ? AND u.name > ? AND (? = '' OR SUBSTR(u.name, 1, ?) = ? OR SUBSTR(LOWER(u.full_name), 1, ?) = ?)
		ORDER BY u.name LIMIT ?`, orgID, after, find, len(find), find, len(find), find, n)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.UserID
	}
	teams, err := s.teamsOf(ctx, orgID, ids)
	out := make([]Person, len(rows))
	for i, r := range rows {
		out[i] = r.Person
		out[i].Teams = teams[r.UserID]
	}
	return out, err
}

func (s store) roles(ctx context.Context, orgID string) (out []member, err error) {
	err = s.Select(ctx, &out, `SELECT m.user_id, u.name, m.role FROM org_members m JOIN users u ON u.id = m.user_id WHERE m.org_id = ?`, orgID)
	return out, err
}

func (s store) userID(ctx context.Context, name string) (string, error) {
	return db.One[string](ctx, s, ErrNoMember, `SELECT id FROM users WHERE name = ?`, name)
}

// verifiedAddress is the key of the address that somebody has verified, or "".
func (s store) verifiedAddress(ctx context.Context, userID string) (string, error) {
	return db.One[string](ctx, s, nil, `SELECT email_key FROM users WHERE id = ? AND email_verified_at IS NOT NULL`, userID)
}
