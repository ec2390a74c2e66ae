package token

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/audit"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
	"latchkey/internal/secret"
)

const (
	maxTokens = 1000 // that an account may hold at a time
	maxName   = 100
)

// Create makes a token for the actor, or, at the console, for the account named Owner. A token cannot
// make another one.
func (s *Service) Create(ctx context.Context, by access.Actor, in NewToken) (Created, error) {
	if in.Owner == "" {
		in.Owner = by.Name
	}
	owner, err := s.accounts.Lookup(ctx, by, in.Owner)
	if err != nil {
		return Created{}, err
	}
	if err := s.self(by, access.TokenCreate, owner.ID); err != nil {
		return Created{}, err
	}
	if in.Name, err = checkName(in.Name); err != nil {
		return Created{}, err
	}
	if in.Kind != Automation && in.Kind != Publish && in.Kind != ReadOnly {
		return Created{}, errs.Field("kind", "Choose automation, publish or read-only.")
	}
	var out Created
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		m, err := s.mint(ctx, tx, by, owner.ID, in.Name, in.Kind, 0)
		if err != nil {
			return err
		}
		out = Created{m.text, m.id}
		return s.accounts.Notify(ctx, tx, owner.ID, "token-created", map[string]string{
			"Token": in.Name, "Kind": in.Kind, "Hint": secret.Hint(m.text), "From": account.At("from", by.Address()),
		})
	})
	return out, err
}

func checkName(name string) (string, error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return "", errs.Field("name", "Give the token a name that says what it is for.")
	case utf8.RuneCountInString(name) > maxName:
		return "", errs.Field("name", "Use at most 100 characters.")
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "", errs.Field("name", "This holds characters that cannot be seen. Type it again.")
	}
	return name, nil
}

// minted is a token that was just made. text is the secret.
type minted struct {
	id, text string
	until    time.Time
}

// mint makes a token, for an account that has not too many, with a life of its own when life is not zero.
func (s *Service) mint(ctx context.Context, tx *db.Tx, by access.Actor, userID, name, kind string, life time.Duration) (minted, error) {
	now := s.now()
	n, err := store{tx}.count(ctx, userID, now)
	if err != nil {
		return minted{}, err
	}
	if n >= maxTokens {
		return minted{}, ErrTooMany
	}
	m := minted{id: db.NewID(), text: secret.NewToken()}
	r := row{
		ID: m.id, UserID: userID, Name: name, Kind: kind,
		SecretHash: secret.Hash(m.text), Hint: secret.Hint(m.text), CreatedAt: now,
	}
	if life > 0 {
		m.until = now.Add(life)
		r.ExpiresAt = &m.until
	}
	if err := (store{tx}).insert(ctx, r); err != nil {
		return minted{}, err
	}
	detail := map[string]string{"name": name, "kind": kind, "hint": r.Hint}
	return m, audit.Record(ctx, tx, now, by, audit.Entry{Event: audit.TokenCreated, Account: userID, Subject: "token:" + m.id, Detail: detail})
}

// SignIn gives a terminal a token for a name and a password, as npm login --auth-type=legacy asks
// for. It never makes an account. code is a one-time password, which accounts with a second factor owe. Those that succeed are counted too: each makes a token and a letter.
func (s *Service) SignIn(ctx context.Context, by access.Actor, name, password, code string) (text string, err error) {
	device := account.Device(by.Agent)
	if err := s.limits.Take(ctx, "terminal:"+limit.Network(by.IP), s.cfg.Limits.LoginRate); err != nil {
		return "", err
	}
	err = s.accounts.WithPassword(ctx, by, name, password, code, func(ctx context.Context, tx *db.Tx, u account.User) error {
		by := terminal(by, u.ID, u.Name)
		m, err := s.mint(ctx, tx, by, u.ID, "npm login on "+device, Session, s.cfg.Limits.LoginTokenLife)
		if err != nil {
			return err
		}
		text = m.text
		return s.accounts.Notify(ctx, tx, u.ID, "terminal-password", map[string]string{
			"Terminal": device, "TerminalFrom": account.At("at", by.Address()),
			"Until": until(m.until), "Hint": secret.Hint(m.text),
		})
	})
	if err != nil {
		return "", err
	}
	return text, nil
}

// terminal is the person whose terminal this is, for the security log.
func terminal(by access.Actor, userID, name string) access.Actor {
	by.UserID, by.Name, by.Via = userID, name, access.ViaTerminal
	return by
}

// until is a time in a letter, whose reader may be anywhere.
func until(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
