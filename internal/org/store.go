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

// satisfies is the condition that a member m has the second factor that their organization o requires, or
// any where it requires none. An account that has two-factor authentication on has a factor (see twofactor).
// A member who may also use an app can be asked for its code by a false site, so it must be keys alone where
// keys are required.
const satisfies = `(EXISTS (SELECT 1 FROM two_factor f WHERE f.user_id = m.user_id AND f.enabled_at IS NOT NULL)
		AND (o.requires <> 'keys' OR EXISTS (SELECT 1 FROM security_keys k WHERE k.user_id = m.user_id)
			AND NOT EXISTS (SELECT 1 FROM authenticator_apps a WHERE a.user_id = m.user_id)))`

// standing is what a person is to an organization and, by their teams, to a package. Text compares read
// below write.
func (s store) standing(ctx context.Context, userID, name, packageID string) (Held, error) {
	row, err := db.One[heldRow](ctx, s, ErrNotFound, `SELECT o.id AS org_id, o.created_at, o.people_only, o.requires, o.requires_from,
			COALESCE(m.role, '') AS role, `+satisfies+` AS satisfies,
			COALESCE((SELECT MAX(p.permission) FROM team_packages p JOIN team_members t ON t.team_id = p.team_id
				WHERE p.package_id = ? AND t.org_id = o.id AND t.user_id = m.user_id), '') AS permission
		FROM orgs o LEFT JOIN org_members m ON m.org_id = o.id AND m.user_id = ? WHERE o.name = ?`, packageID, userID, name)
	return Held{row}, err
}

func (s store) of(ctx context.Context, userID string) (out []Membership, err error) {
	err = s.Select(ctx, &out, `SELECT o.name, m.role, m.joined_at, o.requires, o.requires_from, o.people_only, `+satisfies+` AS satisfies
		FROM org_members m JOIN orgs o ON o.id = m.org_id WHERE m.user_id = ? ORDER BY o.name`, userID)
	return out, err
}

func (s store) insertMember(ctx context.Context, orgID, userID string, r Role, now time.Time) error {
	_, err := s.Exec(ctx, `INSERT INTO org_members (org_id, user_id, name, role, joined_at)
		VALUES (?, ?, (SELECT name FROM users WHERE id = ?), ?, ?)`, orgID, userID, userID, r, now)
	return err
}

func (s store) member(ctx context.Context, orgID, person string) (member, error) {
	return db.One[member](ctx, s, ErrNoMember, `SELECT user_id, name, role FROM org_members WHERE org_id = ? AND name = ?`, orgID, person)
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

func (s store) setRole(ctx context.Context, orgID, userID string, r Role) error {
	_, err := s.Exec(ctx, `UPDATE org_members SET role = ? WHERE org_id = ? AND user_id = ?`, r, orgID, userID)
	return err
}

func (s store) removeMember(ctx context.Context, orgID, userID string) error {
	_, err := s.Exec(ctx, `DELETE FROM org_members WHERE org_id = ? AND user_id = ?`, orgID, userID)
	return err
}

func (s store) roles(ctx context.Context, orgID string) (out []member, err error) {
	err = s.Select(ctx, &out, `SELECT user_id, name, role FROM org_members WHERE org_id = ?`, orgID)
	return out, err
}

func (s store) userID(ctx context.Context, name string) (string, error) {
	return db.One[string](ctx, s, ErrNoMember, `SELECT id FROM users WHERE name = ?`, name)
}

// verifiedAddress is the key of the address that somebody has verified, or "".
func (s store) verifiedAddress(ctx context.Context, userID string) (string, error) {
	return db.One[string](ctx, s, nil, `SELECT email_key FROM users WHERE id = ? AND email_verified_at IS NOT NULL`, userID)
}

// ending counts what goes with an organization, and the packages that would be left without one.
func (s store) ending(ctx context.Context, orgID, name string, now time.Time) (e Ending, err error) {
	err = s.Get(ctx, &e, `SELECT (SELECT COUNT(*) FROM org_members WHERE org_id = ?) AS members, (SELECT COUNT(*) FROM teams WHERE org_id = ?) AS teams,
		(SELECT COUNT(*) FROM org_invitations WHERE org_id = ? AND expires_at > ?) AS invitations, (SELECT COUNT(*) FROM packages WHERE scope = ?) AS packages`,
		orgID, orgID, orgID, now, name)
	return e, err
}

func (s store) deleteOrg(ctx context.Context, orgID string) error {
	_, err := s.Exec(ctx, `DELETE FROM orgs WHERE id = ?`, orgID)
	return err
}
