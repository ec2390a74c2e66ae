package org

import (
	"context"
	"time"
)

// segments are the conditions of the parts of the members, of a member m with the row f of two_factor.
var segments = map[Segment]string{
	Everybody:  `TRUE`,
	WithFactor: `f.enabled_at IS NOT NULL`,
	NoFactor:   `f.enabled_at IS NULL`,
	KeysAlone:  `f.enabled_at IS NOT NULL AND ` + hasKey + ` AND NOT ` + hasApp,
	AppAlone:   `f.enabled_at IS NOT NULL AND ` + hasApp + ` AND NOT ` + hasKey,
}

const (
	hasKey = `EXISTS (SELECT 1 FROM security_keys k WHERE k.user_id = m.user_id)`
	hasApp = `EXISTS (SELECT 1 FROM authenticator_apps a WHERE a.user_id = m.user_id)`
)

// memberRow is a member with their id, which nobody is told.
type memberRow struct {
	UserID string
	Person
}

// members is a page of members. GROUP_CONCAT and STRING_AGG are one database's each, so teams come in a
// second statement.
func (s store) members(ctx context.Context, orgID string, q Query) ([]memberRow, error) {
	var rows []memberRow
	err := s.Select(ctx, &rows, `SELECT m.user_id, m.name, u.full_name, m.role, m.joined_at, f.enabled_at IS NOT NULL AS has_factor,
			`+hasKey+` AS has_key, `+hasApp+` AS has_app
		FROM org_members m JOIN users u ON u.id = m.user_id LEFT JOIN two_factor f ON f.user_id = m.user_id
		WHERE m.org_id = ? AND m.name > ? AND (? = '' OR SUBSTR(m.name, 1, ?) = ? OR SUBSTR(LOWER(u.full_name), 1, ?) = ?)
			AND `+segments[q.Segment]+` ORDER BY m.name LIMIT ?`, orgID, q.After, q.Find, len(q.Find), q.Find, len(q.Find), q.Find, q.Limit)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	teams, err := s.teamsOf(ctx, orgID, ids(rows))
	for i := range rows {
		rows[i].Teams = teams[rows[i].UserID]
	}
	return rows, err
}

func ids(rows []memberRow) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.UserID
	}
	return out
}

// lastActive is when each of some people last used a browser or a token here.
func (s store) lastActive(ctx context.Context, userIDs []string) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	for _, query := range []string{
		`SELECT s.user_id, s.seen_at AS at FROM sessions s WHERE s.user_id IN (?)
			AND NOT EXISTS (SELECT 1 FROM sessions n WHERE n.user_id = s.user_id AND n.seen_at > s.seen_at)`,
		`SELECT t.user_id, t.last_used_at AS at FROM tokens t WHERE t.user_id IN (?) AND t.last_used_at IS NOT NULL
			AND NOT EXISTS (SELECT 1 FROM tokens n WHERE n.user_id = t.user_id AND n.last_used_at > t.last_used_at)`,
	} {
		var rows []struct {
			UserID string
			At     time.Time
		}
		if err := s.Select(ctx, &rows, query, userIDs); err != nil {
			return nil, err
		}
		for _, r := range rows {
			if r.At.After(out[r.UserID]) {
				out[r.UserID] = r.At
			}
		}
	}
	return out, nil
}

// counts joins instead of asking for each member, as segments do: it looks at all of them.
func (s store) counts(ctx context.Context, orgID string) (c Counts, err error) {
	err = s.Get(ctx, &c, `SELECT COUNT(*) AS everybody, COUNT(f.user_id) AS with_factor,
			COUNT(CASE WHEN a.user_id IS NULL THEN k.user_id END) AS keys_alone, COUNT(CASE WHEN k.user_id IS NULL THEN a.user_id END) AS app_alone
		FROM org_members m LEFT JOIN two_factor f ON f.user_id = m.user_id AND f.enabled_at IS NOT NULL
			LEFT JOIN authenticator_apps a ON a.user_id = f.user_id
			LEFT JOIN (SELECT DISTINCT user_id FROM security_keys) k ON k.user_id = f.user_id
		WHERE m.org_id = ?`, orgID)
	return c, err
}

func (s store) countMembers(ctx context.Context, orgID string) (n int64, err error) {
	err = s.Get(ctx, &n, `SELECT COUNT(*) FROM org_members WHERE org_id = ?`, orgID)
	return n, err
}
