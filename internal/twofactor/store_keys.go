package twofactor

import (
	"context"
	"time"

	"latchkey/db"
)

// keyRow is a row of security_keys. Bytes are stored as base64url.
type keyRow struct {
	ID, UserID, Host, CredentialID, PublicKey, Name, AAGUID, Attestation, Transports string
	Platform, Discoverable, UserVerified, BackupEligible, BackedUp                   bool
	SignCount                                                                        int64
	LockedAt, LastUsedAt                                                             *time.Time
	CreatedAt                                                                        time.Time
}

const keyColumns = `id, user_id, host, credential_id, public_key, name, aaguid, attestation, transports, platform, discoverable,
	user_verified, backup_eligible, backed_up, sign_count, locked_at, last_used_at, created_at`

func (s store) insertKey(ctx context.Context, k keyRow) error {
	_, err := s.Exec(ctx, `INSERT INTO security_keys (id, user_id, host, credential_id, public_key, name, aaguid, attestation, transports,
			platform, discoverable, user_verified, backup_eligible, backed_up, sign_count, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		k.ID, k.UserID, k.Host, k.CredentialID, k.PublicKey, k.Name, k.AAGUID, k.Attestation, k.Transports,
		k.Platform, k.Discoverable, k.UserVerified, k.BackupEligible, k.BackedUp, k.SignCount, k.CreatedAt)
	return err
}

// known reports whether a credential belongs to anybody.
func (s store) known(ctx context.Context, rpID, credentialID string) (bool, error) {
	var n int
	err := s.Get(ctx, &n, `SELECT COUNT(*) FROM security_keys WHERE host = ? AND credential_id = ?`, rpID, credentialID)
	return n > 0, err
}

func (s store) keyRows(ctx context.Context, userID, rpID string) (ks []keyRow, err error) {
	err = s.Select(ctx, &ks, `SELECT `+keyColumns+` FROM security_keys WHERE user_id = ? AND host = ? ORDER BY created_at, id`, userID, rpID)
	return ks, err
}

// Key is a security key or a passkey, as its owner sees it.
type Key struct {
	ID, Name                string
	Platform                bool // built into a phone or a computer
	Synced                  bool // its maker keeps copies of it
	Passkey                 bool // it signs in without a password
	Elsewhere               bool // made for another address of this registry
	CreatedAt               time.Time
	LastUsedAt, LockedAt    *time.Time
	LastUsedFor, LastUsedIP string
}

func (s store) keys(ctx context.Context, userID, rpID string) (ks []Key, err error) {
	err = s.Select(ctx, &ks, `SELECT id, name, platform, backed_up AS synced, discoverable AND user_verified AS passkey, host <> ? AS elsewhere,
			created_at, last_used_at, locked_at, last_used_for, last_used_ip
		FROM security_keys WHERE user_id = ? ORDER BY created_at, id`, rpID, userID)
	return ks, err
}

func (s store) key(ctx context.Context, userID, id string) (keyRow, error) {
	return db.One[keyRow](ctx, s.Q, ErrNoKey, `SELECT `+keyColumns+` FROM security_keys WHERE user_id = ? AND id = ?`, userID, id)
}

func (s store) renameKey(ctx context.Context, userID, id, name string) (bool, error) {
	n, err := s.Exec(ctx, `UPDATE security_keys SET name = ? WHERE user_id = ? AND id = ?`, name, userID, id)
	return n == 1, err
}

func (s store) removeKey(ctx context.Context, userID, id string) (name string, err error) {
	return db.One[string](ctx, s.Q, ErrNoKey, `DELETE FROM security_keys WHERE user_id = ? AND id = ? RETURNING name`, userID, id)
}

// use is when, what for and from where something was used.
type use struct {
	at       time.Time
	what, ip string
}

// useKey notes that a key was used, unless its counter went back or it was locked in the meantime. Of two
// uses at once the counter keeps the greater. verified only ever becomes true.
func (s store) useKey(ctx context.Context, id string, count int64, verified, backedUp bool, u use) (bool, error) {
	n, err := s.Exec(ctx, `UPDATE security_keys SET sign_count = ?, backed_up = ?, user_verified = user_verified OR ?, last_used_at = ?, last_used_for = ?, last_used_ip = ?
		WHERE id = ? AND locked_at IS NULL AND (sign_count < ? OR sign_count = 0 AND ? = 0)`,
		count, backedUp, verified, u.at, u.what, u.ip, id, count, count)
	return n == 1, err
}

// lockKey reports whether this call locked it.
func (s store) lockKey(ctx context.Context, id string, now time.Time) (bool, error) {
	n, err := s.Exec(ctx, `UPDATE security_keys SET locked_at = ? WHERE id = ? AND locked_at IS NULL`, now, id)
	return n == 1, err
}

// unlockKey lets a key be used again, from the counter that it has by now.
func (s store) unlockKey(ctx context.Context, userID, id string) (bool, error) {
	n, err := s.Exec(ctx, `UPDATE security_keys SET locked_at = NULL, sign_count = 0 WHERE user_id = ? AND id = ? AND locked_at IS NOT NULL`, userID, id)
	return n == 1, err
}

// ceremony is a row of key_ceremonies.
type ceremony struct {
	ChallengeHash, Bind, UserID, Data string
	Purpose                           Purpose
	CreatedAt, ExpiresAt              time.Time
}

func (s store) insertCeremony(ctx context.Context, c ceremony) error {
	_, err := s.Exec(ctx, `INSERT INTO key_ceremonies (challenge_hash, purpose, bind, user_id, data, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		c.ChallengeHash, c.Purpose, c.Bind, c.UserID, c.Data, c.CreatedAt, c.ExpiresAt)
	return err
}

func (s store) keepNewest(ctx context.Context, bind string, n int) error {
	_, err := s.Exec(ctx, `DELETE FROM key_ceremonies WHERE bind = ? AND challenge_hash NOT IN
		(SELECT challenge_hash FROM key_ceremonies WHERE bind = ? ORDER BY created_at DESC, challenge_hash LIMIT ?)`, bind, bind, n)
	return err
}

// takeCeremony uses a challenge: of any number of tries, one gets the row.
func (s store) takeCeremony(ctx context.Context, at Place, hash string, now time.Time) (ceremony, error) {
	return db.One[ceremony](ctx, s.Q, ErrKey, `DELETE FROM key_ceremonies WHERE challenge_hash = ? AND purpose = ? AND bind = ? AND user_id = ? AND expires_at > ?
		RETURNING challenge_hash, purpose, bind, user_id, data, created_at, expires_at`, hash, at.Purpose, at.Bind, at.UserID, now)
}
