package registry

import (
	"context"
	"time"

	"latchkey/db"
)

// person is somebody to write to.
type person struct {
	ID, Name, Email string
	Verified        bool
}

func (s store) person(ctx context.Context, name string) (person, error) {
	return db.One[person](ctx, s, ErrNoPerson, `SELECT id, name, email, email_verified_at IS NOT NULL AS verified FROM users WHERE name = ?`, name)
}

// maintained are the names of a person's packages that the viewer may see.
func (s store) maintained(ctx context.Context, person string, v viewer, n int) (names []string, err error) {
	err = s.Select(ctx, &names, `SELECT p.name FROM packages p JOIN maintainers o ON o.package_id = p.id JOIN users owner ON owner.id = o.user_id
		WHERE owner.name = ? AND (p.private = FALSE
			OR p.id IN (SELECT package_id FROM package_readers WHERE user_id = ? AND (until IS NULL OR until > ?)))
		ORDER BY p.name LIMIT ?`, person, v.userID, v.at, n)
	return names, err
}

func (s store) maintainedAmong(ctx context.Context, userID string, named, scopes []string, n int) (names []string, err error) {
	err = s.Select(ctx, &names, `SELECT p.name FROM packages p JOIN maintainers o ON o.package_id = p.id
		WHERE o.user_id = ? AND (p.name IN (?) OR p.scope IN (?)) ORDER BY p.name LIMIT ?`, userID, named, scopes, n)
	return names, err
}

func (s store) maintainersSince(ctx context.Context, packageID string) (ms []Maintainer, err error) {
	err = s.Select(ctx, &ms, `SELECT u.name, m.since FROM maintainers m JOIN users u ON u.id = m.user_id WHERE m.package_id = ? ORDER BY m.since, u.name`, packageID)
	return ms, err
}

// asked are those who were asked to maintain a package and can still answer.
func (s store) asked(ctx context.Context, packageID string, now time.Time) (out []Asked, err error) {
	err = s.Select(ctx, &out, `SELECT u.name, b.name AS "by", i.expires_at FROM maintainer_invitations i JOIN users u ON u.id = i.user_id
			JOIN users b ON b.id = i.invited_by WHERE i.package_id = ? AND i.expires_at > ? ORDER BY u.name`, packageID, now)
	return out, err
}

// removeMaintainer also takes back what the person asked of others and nobody answered.
func (s store) removeMaintainer(ctx context.Context, packageID, userID string) error {
	if _, err := s.Exec(ctx, `DELETE FROM maintainer_invitations WHERE package_id = ? AND invited_by = ?`, packageID, userID); err != nil {
		return err
	}
	_, err := s.Exec(ctx, `DELETE FROM maintainers WHERE package_id = ? AND user_id = ?`, packageID, userID)
	return err
}

// waiting counts the people besides one who were asked to maintain a package and have not answered.
func (s store) waiting(ctx context.Context, packageID, userID string, now time.Time) (n int, err error) {
	err = s.Get(ctx, &n, `SELECT COUNT(*) FROM maintainer_invitations WHERE package_id = ? AND user_id <> ? AND expires_at > ?`, packageID, userID, now)
	return n, err
}

// invite asks somebody to maintain a package, or asks them again.
func (s store) invite(ctx context.Context, id, packageID, userID, by string, now, until time.Time) error {
	_, err := s.Exec(ctx, `INSERT INTO maintainer_invitations (id, package_id, user_id, invited_by, invited_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (package_id, user_id) DO UPDATE SET invited_by = excluded.invited_by, invited_at = excluded.invited_at, expires_at = excluded.expires_at`,
		id, packageID, userID, by, now, until)
	return err
}

// withdraw takes an invitation back and returns how many there were.
func (s store) withdraw(ctx context.Context, packageID, name string) (int64, error) {
	return s.Exec(ctx, `DELETE FROM maintainer_invitations WHERE package_id = ? AND user_id = (SELECT id FROM users WHERE name = ?)`, packageID, name)
}

const invitationsPerPage = 100

func (s store) invitations(ctx context.Context, userID string, now time.Time) (out []Invitation, err error) {
	err = s.Select(ctx, &out, `SELECT i.id, p.name AS package, p.description, u.name AS invited_by, i.invited_at, i.expires_at
		FROM maintainer_invitations i JOIN packages p ON p.id = i.package_id JOIN users u ON u.id = i.invited_by
		WHERE i.user_id = ? AND i.expires_at > ? ORDER BY i.invited_at, i.id LIMIT ?`, userID, now, invitationsPerPage)
	return out, err
}

// answer uses an invitation up and returns the name of its package, or ErrNotFound.
func (s store) answer(ctx context.Context, id, userID string, now time.Time) (name string, err error) {
	return db.One[string](ctx, s, ErrNotFound, `DELETE FROM maintainer_invitations WHERE id = ? AND user_id = ? AND expires_at > ?
		RETURNING (SELECT p.name FROM packages p WHERE p.id = package_id)`, id, userID, now)
}

// sweepInvitations removes those that had their time.
func (s store) sweepInvitations(ctx context.Context, now time.Time) error {
	_, err := s.Exec(ctx, `DELETE FROM maintainer_invitations WHERE expires_at <= ?`, now)
	return err
}

// star notes that somebody likes a package and returns 1, or 0 when that is known.
func (s store) star(ctx context.Context, packageID, userID string, now time.Time) (int64, error) {
	return s.Exec(ctx, `INSERT INTO stars (package_id, user_id, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, packageID, userID, now)
}

func (s store) unstar(ctx context.Context, packageID, userID string) (int64, error) {
	return s.Exec(ctx, `DELETE FROM stars WHERE package_id = ? AND user_id = ?`, packageID, userID)
}

// stargazers are the names of those who starred a package.
func (s store) stargazers(ctx context.Context, packageID string) (names []string, err error) {
	err = s.Select(ctx, &names, `SELECT u.name FROM stars s JOIN users u ON u.id = s.user_id WHERE s.package_id = ? ORDER BY u.name`, packageID)
	return names, err
}

// starred are the packages that a person starred, as far as the viewer may see them.
func (s store) starred(ctx context.Context, person string, v viewer, n int) (names []string, err error) {
	err = s.Select(ctx, &names, `SELECT p.name FROM stars s JOIN packages p ON p.id = s.package_id JOIN users u ON u.id = s.user_id
		WHERE u.name = ? AND (p.private = FALSE
			OR p.id IN (SELECT package_id FROM package_readers WHERE user_id = ? AND (until IS NULL OR until > ?)))
		ORDER BY p.name LIMIT ?`, person, v.userID, v.at, n)
	return names, err
}

// touch moves a package to its next revision without making it newer, for what its document shows and
// nobody published.
func (s store) touch(ctx context.Context, packageID string) error {
	_, err := s.Exec(ctx, `UPDATE packages SET revision = revision + 1 WHERE id = ?`, packageID)
	return err
}

func (s store) setPrivate(ctx context.Context, packageID string, private bool) error {
	_, err := s.Exec(ctx, `UPDATE packages SET private = ? WHERE id = ?`, private, packageID)
	return err
}
