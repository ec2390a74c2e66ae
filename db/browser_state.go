package db

import (
	"context"
	"encoding/base64"
	"errors"
	"time"
)

// BrowserState is the scs store: what a browser's cookie stands for (the id of its session, a flash
// message, the way back). It decides nothing: who somebody is lives in the sessions table, so a row
// that scs writes again after it was destroyed leads to a session that has ended.
// It implements scs.CtxStore with one SQL text for both databases; scs hashes the tokens.
type BrowserState struct{ db *DB }

// BrowserState returns the store.
func (d *DB) BrowserState() BrowserState { return BrowserState{d} }

// FindCtx returns the data of an unexpired row. Data that cannot be decoded counts as absent.
func (s BrowserState) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var text string
	err := s.db.Get(ctx, &text, `SELECT data FROM browser_state WHERE token = ? AND expires_at > ?`, token, time.Now())
	if errors.Is(err, ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	b, err := base64.StdEncoding.DecodeString(text)
	return b, err == nil, nil
}

// CommitCtx writes a row.
func (s BrowserState) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	_, err := s.db.Exec(ctx, `INSERT INTO browser_state (token, data, expires_at) VALUES (?, ?, ?)
		ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at`,
		token, base64.StdEncoding.EncodeToString(b), expiry)
	return err
}

// DeleteCtx removes a row.
func (s BrowserState) DeleteCtx(ctx context.Context, token string) error {
	_, err := s.db.Exec(ctx, `DELETE FROM browser_state WHERE token = ?`, token)
	return err
}

// Find implements scs.Store; scs calls FindCtx instead.
func (s BrowserState) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit implements scs.Store; scs calls CommitCtx instead.
func (s BrowserState) Commit(token string, b []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, b, expiry)
}

// Delete implements scs.Store; scs calls DeleteCtx instead.
func (s BrowserState) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// Sweep removes expired rows.
func (s BrowserState) Sweep(ctx context.Context) error {
	_, err := s.db.Exec(ctx, `DELETE FROM browser_state WHERE expires_at <= ?`, time.Now())
	return err
}
