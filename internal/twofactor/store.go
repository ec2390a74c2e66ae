package twofactor

import (
	"context"
	"errors"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
)

type store struct{ db.Q }

func (s store) name(ctx context.Context, userID string) (string, error) {
	return db.One[string](ctx, s.Q, access.ErrUnauthenticated, `SELECT name FROM users WHERE id = ?`, userID)
}

// enrolment is a row of two_factor.
type enrolment struct {
	UserID, Handle         string
	Mode                   access.Mode
	EnabledAt, CodesMadeAt *time.Time
}

func (s store) enrolment(ctx context.Context, userID string) (enrolment, error) {
	return db.One[enrolment](ctx, s.Q, ErrOff, `SELECT user_id, handle, mode, enabled_at, codes_made_at FROM two_factor WHERE user_id = ?`, userID)
}

func (s store) byHandle(ctx context.Context, handle string) (enrolment, error) {
	return db.One[enrolment](ctx, s.Q, ErrOff, `SELECT user_id, handle, mode, enabled_at, codes_made_at FROM two_factor WHERE handle = ?`, handle)
}

// prepare gives an account its handle, if it has none.
func (s store) prepare(ctx context.Context, userID, handle string) error {
	_, err := s.Exec(ctx, `INSERT INTO two_factor (user_id, handle) VALUES (?, ?) ON CONFLICT (user_id) DO NOTHING`, userID, handle)
	return err
}

// turnOn reports whether it was off.
func (s store) turnOn(ctx context.Context, userID string, mode access.Mode, now time.Time) (bool, error) {
	n, err := s.Exec(ctx, `UPDATE two_factor SET mode = ?, enabled_at = ? WHERE user_id = ? AND enabled_at IS NULL`, mode, now, userID)
	return n == 1, err
}

// turnOff reports whether it was on, and removes everything but the handle.
func (s store) turnOff(ctx context.Context, userID string) (bool, error) {
	n, err := s.Exec(ctx, `UPDATE two_factor SET mode = '', enabled_at = NULL, codes_made_at = NULL WHERE user_id = ? AND enabled_at IS NOT NULL`, userID)
	if err != nil || n == 0 {
		return false, err
	}
	for _, statement := range []string{
		`DELETE FROM security_keys WHERE user_id = ?`, `DELETE FROM authenticator_apps WHERE user_id = ?`,
		`DELETE FROM recovery_codes WHERE user_id = ?`, `DELETE FROM two_factor_drafts WHERE user_id = ?`,
		`DELETE FROM confirmed WHERE user_id = ?`, `DELETE FROM confirmations WHERE user_id = ?`,
	} {
		if _, err := s.Exec(ctx, statement, userID); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (s store) setMode(ctx context.Context, userID string, mode access.Mode) (bool, error) {
	n, err := s.Exec(ctx, `UPDATE two_factor SET mode = ? WHERE user_id = ? AND enabled_at IS NOT NULL AND mode <> ?`, mode, userID, mode)
	return n == 1, err
}

// App is an authenticator app, as its owner sees it.
type App struct {
	CreatedAt               time.Time
	LastUsedAt, LockedAt    *time.Time
	LastUsedFor, LastUsedIP string
}

// app returns an account's app, or nil.
func (s store) app(ctx context.Context, userID string) (*App, error) {
	var a App
	err := s.Get(ctx, &a, `SELECT created_at, last_used_at, locked_at, last_used_for, last_used_ip FROM authenticator_apps WHERE user_id = ?`, userID)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil //nolint:nilnil // an account has none or one
	}
	return &a, err
}

// seed is what codes are computed from.
type seed struct {
	SealedSecret string
	LastStep     int64
	LockedAt     *time.Time
}

func (s store) seed(ctx context.Context, userID string) (seed, error) {
	return db.One[seed](ctx, s.Q, errWrong, `SELECT sealed_secret, last_step, locked_at FROM authenticator_apps WHERE user_id = ?`, userID)
}

// setApp makes an app the account's only one, with the step of the code that proved it as the last.
func (s store) setApp(ctx context.Context, userID, sealed string, step int64, now time.Time) error {
	_, err := s.Exec(ctx, `INSERT INTO authenticator_apps (user_id, sealed_secret, last_step, created_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (user_id) DO UPDATE SET sealed_secret = excluded.sealed_secret, last_step = excluded.last_step, failures = 0,
			locked_at = NULL, created_at = excluded.created_at, last_used_at = NULL, last_used_for = '', last_used_ip = ''`,
		userID, sealed, step, now)
	return err
}

func (s store) removeApp(ctx context.Context, userID string) (bool, error) {
	n, err := s.Exec(ctx, `DELETE FROM authenticator_apps WHERE user_id = ?`, userID)
	return n == 1, err
}

// useStep accepts the code of a time step, unless it or a later one was accepted before.
func (s store) useStep(ctx context.Context, userID string, step int64, u use) (bool, error) {
	n, err := s.Exec(ctx, `UPDATE authenticator_apps SET last_step = ?, failures = 0, last_used_at = ?, last_used_for = ?, last_used_ip = ?
		WHERE user_id = ? AND last_step < ? AND locked_at IS NULL`, step, u.at, u.what, u.ip, userID, step)
	return n == 1, err
}

// failApp counts a wrong code, and locks the app at too many in a row. It reports whether this one did.
func (s store) failApp(ctx context.Context, userID string, most int, now time.Time) (bool, error) {
	if _, err := s.Exec(ctx, `UPDATE authenticator_apps SET failures = failures + 1 WHERE user_id = ?`, userID); err != nil {
		return false, err
	}
	n, err := s.Exec(ctx, `UPDATE authenticator_apps SET locked_at = ? WHERE user_id = ? AND failures >= ? AND locked_at IS NULL`, now, userID, most)
	return n == 1, err
}

func (s store) unlockApp(ctx context.Context, userID string) (bool, error) {
	n, err := s.Exec(ctx, `UPDATE authenticator_apps SET failures = 0, locked_at = NULL WHERE user_id = ? AND locked_at IS NOT NULL`, userID)
	return n == 1, err
}

// replaceCodes makes a new set of recovery codes; the old ones die with it.
func (s store) replaceCodes(ctx context.Context, userID string, macs []string, now time.Time) error {
	if _, err := s.Exec(ctx, `DELETE FROM recovery_codes WHERE user_id = ?`, userID); err != nil {
		return err
	}
	for _, m := range macs {
		if _, err := s.Exec(ctx, `INSERT INTO recovery_codes (user_id, code_mac) VALUES (?, ?)`, userID, m); err != nil {
			return err
		}
	}
	_, err := s.Exec(ctx, `UPDATE two_factor SET codes_made_at = ? WHERE user_id = ?`, now, userID)
	return err
}

func (s store) codesLeft(ctx context.Context, userID string) (n int, err error) {
	err = s.Get(ctx, &n, `SELECT COUNT(*) FROM recovery_codes WHERE user_id = ? AND used_at IS NULL`, userID)
	return n, err
}

func (s store) codeMACs(ctx context.Context, userID string) (macs []string, err error) {
	err = s.Select(ctx, &macs, `SELECT code_mac FROM recovery_codes WHERE user_id = ? AND used_at IS NULL`, userID)
	return macs, err
}

func (s store) useCode(ctx context.Context, userID, mac string, now time.Time) (bool, error) {
	n, err := s.Exec(ctx, `UPDATE recovery_codes SET used_at = ? WHERE user_id = ? AND code_mac = ? AND used_at IS NULL`, now, userID, mac)
	return n == 1, err
}

// putDraft replaces what a person was setting up in one place.
func (s store) putDraft(ctx context.Context, bind, userID, sealed string, expires time.Time) error {
	_, err := s.Exec(ctx, `INSERT INTO two_factor_drafts (bind, user_id, sealed, expires_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (bind) DO UPDATE SET user_id = excluded.user_id, sealed = excluded.sealed, expires_at = excluded.expires_at`,
		bind, userID, sealed, expires)
	return err
}

func (s store) draft(ctx context.Context, bind, userID string, now time.Time) (sealed string, err error) {
	return db.One[string](ctx, s.Q, ErrNoDraft, `SELECT sealed FROM two_factor_drafts WHERE bind = ? AND user_id = ? AND expires_at > ?`, bind, userID, now)
}

func (s store) takeDraft(ctx context.Context, bind, userID string, now time.Time) (sealed string, err error) {
	return db.One[string](ctx, s.Q, ErrNoDraft, `DELETE FROM two_factor_drafts WHERE bind = ? AND user_id = ? AND expires_at > ? RETURNING sealed`, bind, userID, now)
}

func (s store) sweep(ctx context.Context, now time.Time) error {
	for _, statement := range []string{
		`DELETE FROM key_ceremonies WHERE expires_at <= ?`, `DELETE FROM two_factor_drafts WHERE expires_at <= ?`,
		`DELETE FROM confirmations WHERE expires_at <= ?`, `DELETE FROM confirmed WHERE expires_at <= ?`,
	} {
		if _, err := s.Exec(ctx, statement, now); err != nil {
			return err
		}
	}
	return nil
}
