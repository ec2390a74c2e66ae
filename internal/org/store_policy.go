package org

import (
	"context"
	"time"

	"latchkey/db"
)

// lackingFactor is the condition that a member m has not a required second factor, which is the placeholder.
// It is satisfies for a requirement that no organization has yet.
const lackingFactor = `NOT (EXISTS (SELECT 1 FROM two_factor f WHERE f.user_id = m.user_id AND f.enabled_at IS NOT NULL)
		AND (CAST(? AS TEXT) <> 'keys' OR EXISTS (SELECT 1 FROM security_keys k WHERE k.user_id = m.user_id)
			AND NOT EXISTS (SELECT 1 FROM authenticator_apps a WHERE a.user_id = m.user_id)))`

// lacking is a page of members who have not what is required, by name and with their teams; with owners, or
// without.
func (s store) lacking(ctx context.Context, orgID string, r Requirement, after string, owners bool, n int) ([]memberRow, error) {
	var rows []memberRow
	err := s.Select(ctx, &rows, `SELECT m.user_id, m.name, u.full_name, m.role FROM org_members m JOIN users u ON u.id = m.user_id
		WHERE m.org_id = ? AND m.name > ? AND (m.role <> 'owner' OR CAST(? AS BOOLEAN)) AND `+lackingFactor+` ORDER BY m.name LIMIT ?`,
		orgID, after, owners, r, n)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	teams, err := s.teamsOf(ctx, orgID, ids(rows))
	for i := range rows {
		rows[i].Teams = teams[rows[i].UserID]
	}
	return rows, err
}

func (s store) lackingOne(ctx context.Context, orgID, person string, r Requirement) (memberRow, error) {
	return db.One[memberRow](ctx, s, ErrNoMember, `SELECT m.user_id, m.name FROM org_members m
		WHERE m.org_id = ? AND m.name = ? AND `+lackingFactor, orgID, person, r)
}

func (s store) countLacking(ctx context.Context, orgID string, r Requirement) (n int64, err error) {
	err = s.Get(ctx, &n, `SELECT COUNT(*) FROM org_members m WHERE m.org_id = ? AND `+lackingFactor, orgID, r)
	return n, err
}

// has reports whether somebody has what is required.
func (s store) has(ctx context.Context, userID string, r Requirement) (bool, error) {
	var n int
	err := s.Get(ctx, &n, `SELECT COUNT(*) FROM (SELECT id AS user_id FROM users WHERE id = ?) m WHERE `+lackingFactor, userID, r)
	return n == 0, err
}

func (s store) hasOwnerWith(ctx context.Context, orgID string, r Requirement) (bool, error) {
	var n int
	err := s.Get(ctx, &n, `SELECT COUNT(*) FROM org_members m WHERE m.org_id = ? AND m.role = 'owner' AND NOT (`+lackingFactor+`)`, orgID, r)
	return n > 0, err
}

func (s store) owners(ctx context.Context, orgID string) (ids []string, err error) {
	err = s.Select(ctx, &ids, `SELECT user_id FROM org_members WHERE org_id = ? AND role = 'owner' ORDER BY name`, orgID)
	return ids, err
}

// affected says what ends for members who would be removed.
func (s store) affected(ctx context.Context, scope string, rows []memberRow, now time.Time) ([]Affected, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	at := map[string]int{}
	out := make([]Affected, len(rows))
	for i, m := range rows {
		at[m.UserID] = i
		out[i] = Affected{Name: m.Name, FullName: m.FullName, Role: m.Role}
	}
	var found []struct{ UserID, Name string }
	if err := s.Select(ctx, &found, `SELECT m.user_id, p.name FROM maintainers m JOIN packages p ON p.id = m.package_id
		WHERE m.user_id IN (?) AND p.name > ? AND p.name < ? ORDER BY p.name`, ids(rows), "@"+scope+"/", "@"+scope+"0"); err != nil {
		return nil, err
	}
	for _, f := range found {
		out[at[f.UserID]].Packages = append(out[at[f.UserID]].Packages, f.Name)
	}
	found = nil
	if err := s.Select(ctx, &found, `SELECT user_id, name FROM tokens WHERE user_id IN (?) AND revoked_at IS NULL
		AND (expires_at IS NULL OR expires_at > ?) ORDER BY name, id`, ids(rows), now); err != nil {
		return nil, err
	}
	for _, f := range found {
		out[at[f.UserID]].Tokens = append(out[at[f.UserID]].Tokens, f.Name)
	}
	var counted []struct {
		UserID string
		N      int64
	}
	if err := s.Select(ctx, &counted, `SELECT t.user_id, COUNT(DISTINCT g.package_id) AS n FROM team_members t JOIN team_packages g ON g.team_id = t.team_id
		WHERE t.org_id = (SELECT id FROM orgs WHERE name = ?) AND t.user_id IN (?) AND g.permission = 'write' GROUP BY t.user_id`, scope, ids(rows)); err != nil {
		return nil, err
	}
	for _, c := range counted {
		out[at[c.UserID]].Writes = c.N
	}
	return out, nil
}

// invitedWithout lists the accounts that are invited and have not what is required. Who is behind an address
// is not known before they answer.
func (s store) invitedWithout(ctx context.Context, orgID string, r Requirement, now time.Time, n int) (names []string, err error) {
	err = s.Select(ctx, &names, `SELECT u.name FROM org_invitations m JOIN users u ON u.id = m.user_id
		WHERE m.org_id = ? AND m.expires_at > ? AND `+lackingFactor+` ORDER BY u.name LIMIT ?`, orgID, now, r, n)
	return names, err
}

// machines lists the members' tokens for machines, which nobody can be asked about.
func (s store) machines(ctx context.Context, orgID string, now time.Time, n int) (names []string, err error) {
	err = s.Select(ctx, &names, `SELECT m.name || ': ' || t.name FROM tokens t JOIN org_members m ON m.user_id = t.user_id
		WHERE m.org_id = ? AND t.kind = 'automation' AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?)
		ORDER BY m.name, t.name LIMIT ?`, orgID, now, n)
	return names, err
}

func (s store) policy(ctx context.Context, orgID string) (Policy, error) {
	return db.One[Policy](ctx, s, ErrNotFound, `SELECT requires, requires_from, people_only FROM orgs WHERE id = ?`, orgID)
}

func (s store) setPolicy(ctx context.Context, orgID string, p Policy, reminded int64) error {
	_, err := s.Exec(ctx, `UPDATE orgs SET requires = ?, requires_from = ?, people_only = ?, reminded = ? WHERE id = ?`,
		p.Requires, p.RequiresFrom, p.PeopleOnly, reminded, orgID)
	return err
}

// stopEnforcing reports whether there was something to stop.
func (s store) stopEnforcing(ctx context.Context, orgID string) (bool, error) {
	n, err := s.Exec(ctx, `UPDATE orgs SET requires = '', requires_from = NULL, people_only = FALSE, reminded = 0
		WHERE id = ? AND (requires <> '' OR people_only)`, orgID)
	return n == 1, err
}

// requiring is an organization with a requirement, now or ahead.
type requiring struct {
	ID, Name string
	Policy
	Reminded int64
}

func (s store) requiring(ctx context.Context) (out []requiring, err error) {
	err = s.Select(ctx, &out, `SELECT id, name, requires, requires_from, people_only, reminded FROM orgs WHERE requires <> '' ORDER BY name`)
	return out, err
}

func (s store) setReminded(ctx context.Context, orgID string, days int64) error {
	_, err := s.Exec(ctx, `UPDATE orgs SET reminded = ? WHERE id = ?`, days, orgID)
	return err
}

func (s store) insertRemoval(ctx context.Context, orgID, userID string, r Role, teams string, now time.Time) error {
	_, err := s.Exec(ctx, `INSERT INTO org_removals (org_id, user_id, role, teams, removed_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (org_id, user_id) DO UPDATE SET role = excluded.role, teams = excluded.teams, removed_at = excluded.removed_at`,
		orgID, userID, r, teams, now)
	return err
}

func (s store) removals(ctx context.Context, orgID string, since time.Time, n int) (out []Removed, err error) {
	err = s.Select(ctx, &out, `SELECT u.name, m.teams, m.role, m.removed_at, `+satisfies+` AS ready
		FROM org_removals m JOIN users u ON u.id = m.user_id JOIN orgs o ON o.id = m.org_id
		WHERE m.org_id = ? AND m.removed_at > ? ORDER BY u.name LIMIT ?`, orgID, since, n)
	return out, err
}

// takeRemoval uses a removal up: of any number of tries, one gets the row.
func (s store) takeRemoval(ctx context.Context, orgID, userID string, since time.Time) (Removed, error) {
	return db.One[Removed](ctx, s, ErrNoRemoval, `DELETE FROM org_removals WHERE org_id = ? AND user_id = ? AND removed_at > ?
		RETURNING role, teams`, orgID, userID, since)
}

func (s store) forgetRemoval(ctx context.Context, orgID, userID string) error {
	_, err := s.Exec(ctx, `DELETE FROM org_removals WHERE org_id = ? AND user_id = ?`, orgID, userID)
	return err
}

func (s store) sweepRemovals(ctx context.Context, before time.Time) error {
	_, err := s.Exec(ctx, `DELETE FROM org_removals WHERE removed_at <= ?`, before)
	return err
}

// insertTeams puts a member into teams by name, as far as they exist.
func (s store) insertTeams(ctx context.Context, orgID, userID string, names []string) error {
	_, err := s.Exec(ctx, `INSERT INTO team_members (team_id, org_id, user_id) SELECT id, org_id, CAST(? AS TEXT) FROM teams
		WHERE org_id = ? AND name IN (?) ON CONFLICT DO NOTHING`, userID, orgID, names)
	return err
}
