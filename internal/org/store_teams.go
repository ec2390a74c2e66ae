package org

import (
	"context"

	"latchkey/db"
)

func (s store) insertTeam(ctx context.Context, orgID string, t Team) error {
	_, err := s.Exec(ctx, `INSERT INTO teams (id, org_id, name, description, new_packages, created_at) VALUES (?, ?, ?, ?, ?, ?)`,
		t.ID, orgID, t.Name, t.Description, t.NewPackages, t.CreatedAt)
	return err
}

func (s store) removeTeam(ctx context.Context, id string) error {
	_, err := s.Exec(ctx, `DELETE FROM teams WHERE id = ?`, id)
	return err
}

func (s store) setNewPackages(ctx context.Context, id string, p Permission) error {
	_, err := s.Exec(ctx, `UPDATE teams SET new_packages = ? WHERE id = ?`, p, id)
	return err
}

const selectTeam = `SELECT t.id, t.name, t.description, t.new_packages, t.created_at,
		(SELECT COUNT(*) FROM team_members m WHERE m.team_id = t.id) AS members,
		(SELECT COUNT(*) FROM team_packages p WHERE p.team_id = t.id) AS packages
	FROM teams t `

func (s store) team(ctx context.Context, orgID, name string) (Team, error) {
	return db.One[Team](ctx, s, ErrNoTeam, selectTeam+`WHERE t.org_id = ? AND t.name = ?`, orgID, name)
}

func (s store) teams(ctx context.Context, orgID string) (out []Team, err error) {
	err = s.Select(ctx, &out, selectTeam+`WHERE t.org_id = ? ORDER BY t.name`, orgID)
	return out, err
}

func (s store) countTeams(ctx context.Context, orgID string) (n int64, err error) {
	err = s.Get(ctx, &n, `SELECT COUNT(*) FROM teams WHERE org_id = ?`, orgID)
	return n, err
}

func (s store) insertTeamMember(ctx context.Context, orgID, teamID, userID string) error {
	_, err := s.Exec(ctx, `INSERT INTO team_members (team_id, org_id, user_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, teamID, orgID, userID)
	return err
}

func (s store) removeTeamMember(ctx context.Context, teamID, userID string) (int64, error) {
	return s.Exec(ctx, `DELETE FROM team_members WHERE team_id = ? AND user_id = ?`, teamID, userID)
}

func (s store) teamMembers(ctx context.Context, teamID, after string, n int) (names []string, err error) {
	err = s.Select(ctx, &names, `SELECT u.name FROM team_members m JOIN users u ON u.id = m.user_id
		WHERE m.team_id = ? AND u.name > ? ORDER BY u.name LIMIT ?`, teamID, after, n)
	return names, err
}

// teamsOf are the names of the teams of some members, by their ids.
func (s store) teamsOf(ctx context.Context, orgID string, userIDs []string) (map[string]string, error) {
	var rows []struct{ UserID, Name string }
	err := s.Select(ctx, &rows, `SELECT m.user_id, t.name FROM team_members m JOIN teams t ON t.id = m.team_id
		WHERE m.org_id = ? AND m.user_id IN (?) ORDER BY t.name`, orgID, userIDs)
	out := map[string]string{}
	for _, r := range rows {
		if out[r.UserID] != "" {
			out[r.UserID] += ", "
		}
		out[r.UserID] += r.Name
	}
	return out, err
}

func (s store) packageID(ctx context.Context, name string) (string, error) {
	return db.One[string](ctx, s, ErrNoPackage, `SELECT id FROM packages WHERE name = ?`, name)
}

func (s store) setGrant(ctx context.Context, teamID, packageID string, p Permission) error {
	_, err := s.Exec(ctx, `INSERT INTO team_packages (team_id, package_id, permission) VALUES (?, ?, ?)
		ON CONFLICT (package_id, team_id) DO UPDATE SET permission = excluded.permission`, teamID, packageID, p)
	return err
}

func (s store) removeGrant(ctx context.Context, teamID, packageID string) (int64, error) {
	return s.Exec(ctx, `DELETE FROM team_packages WHERE team_id = ? AND package_id = ?`, teamID, packageID)
}

func (s store) grants(ctx context.Context, teamID string) (out []Grant, err error) {
	err = s.Select(ctx, &out, `SELECT p.name AS package, g.permission FROM team_packages g JOIN packages p ON p.id = g.package_id
		WHERE g.team_id = ? ORDER BY p.name`, teamID)
	return out, err
}

func (s store) alone(ctx context.Context, teamID string) (names []string, err error) {
	err = s.Select(ctx, &names, `SELECT p.name FROM team_packages g JOIN packages p ON p.id = g.package_id
		WHERE g.team_id = ? AND NOT EXISTS (SELECT 1 FROM team_packages h WHERE h.package_id = g.package_id AND h.team_id <> g.team_id)
		ORDER BY p.name`, teamID)
	return names, err
}

// allPackages are those of a scope. "0" is the character after "/", so that the index on names is used.
func (s store) allPackages(ctx context.Context, scope string) (out []Grant, err error) {
	err = s.Select(ctx, &out, `SELECT name AS package, 'write' AS permission FROM packages WHERE name > ? AND name < ? ORDER BY name`,
		"@"+scope+"/", "@"+scope+"0")
	return out, err
}

// reached are the packages of a scope that a member may see: by a team, as whoever published it, or
// because everybody may.
func (s store) reached(ctx context.Context, orgID, userID, scope string) (out []Grant, err error) {
	err = s.Select(ctx, &out, `SELECT p.name AS package, CASE
				WHEN EXISTS (SELECT 1 FROM maintainers m WHERE m.package_id = p.id AND m.user_id = ?) THEN 'write'
				ELSE COALESCE(MAX(g.permission), 'read') END AS permission
		FROM packages p LEFT JOIN team_packages g ON g.package_id = p.id
			AND g.team_id IN (SELECT team_id FROM team_members WHERE org_id = ? AND user_id = ?)
		WHERE p.name > ? AND p.name < ?
		GROUP BY p.id, p.name, p.private
		HAVING p.private = FALSE OR MAX(g.permission) IS NOT NULL OR EXISTS (SELECT 1 FROM maintainers m WHERE m.package_id = p.id AND m.user_id = ?)
		ORDER BY p.name`, userID, orgID, userID, "@"+scope+"/", "@"+scope+"0", userID)
	return out, err
}

// adopt gives a new package to the teams that get new ones.
func (s store) adopt(ctx context.Context, orgID, packageID string) error {
	_, err := s.Exec(ctx, `INSERT INTO team_packages (team_id, package_id, permission)
		SELECT id, CAST(? AS TEXT), new_packages FROM teams WHERE org_id = ? AND new_packages <> ''`, packageID, orgID)
	return err
}
