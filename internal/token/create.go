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
	"latchkey/internal/config"
	"latchkey/internal/credential"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
	"latchkey/internal/secret"
	"latchkey/internal/words"
)

const (
	maxTokens = 1000 // that an account may hold at a time
	maxName   = 100
)

// Create makes a token for the actor, or, at the console, for the account named Owner. Only a browser, the console
// and a terminal make one; a terminal's password has been proven by then.
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
	if in, err = s.clean(by, in); err != nil {
		return Created{}, err
	}
	life, err := s.life(by, in)
	if err != nil {
		return Created{}, err
	}
	var out Created
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := credential.Holds(ctx, tx, by, s.now()); err != nil {
			return err
		}
		m, err := s.mint(ctx, tx, by, owner.ID, in, life)
		if err != nil {
			return err
		}
		out = m.created()
		return s.accounts.Notify(ctx, tx, owner.ID, "token-created", map[string]string{
			"Token": in.Name, "Kind": in.Kind, "Hint": secret.Hint(m.text), "From": account.At("from", by.Address()), "Until": m.ends(),
		})
	})
	return out, err
}

// clean checks what a token is to be, and that this registry lets there be one.
func (s *Service) clean(by access.Actor, in NewToken) (NewToken, error) {
	var err error
	if in.Name, err = checkName(in.Name); err != nil {
		return in, err
	}
	if in.Kind != Automation && in.Kind != Publish && in.Kind != ReadOnly {
		return in, errs.Field("kind", "Choose automation, publish or read-only.")
	}
	if in.Limits, err = in.clean(); err != nil {
		return in, err
	}
	switch allowed := s.cfg.AutomationTokens; {
	case in.Kind != Automation || by.AtConsole():
	case allowed == config.AutomationForbidden:
		return in, errs.Field("kind", "This registry allows no token that skips the second factor. Choose another kind.")
	case allowed == config.AutomationBound && !in.bound():
		return in, errs.Field("addresses", "This registry asks for the addresses from which a token that skips the second factor may be used, none wider than /16, or /32 of IPv6.")
	}
	return in, nil
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

// minted is a token that was just made. text is the secret; until is zero when it does not end.
type minted struct {
	id, text string
	until    time.Time
}

func (m minted) created() Created { return Created{Secret: m.text, ID: m.id, ExpiresAt: m.until} }

// ends is the end of a token, in a letter.
func (m minted) ends() string {
	if m.until.IsZero() {
		return ""
	}
	return words.Moment(m.until)
}

// mint makes a token, for an account that has not too many, with an end when life is not zero.
func (s *Service) mint(ctx context.Context, tx *db.Tx, by access.Actor, userID string, in NewToken, life time.Duration) (minted, error) {
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
		ID: m.id, UserID: userID, Name: in.Name, Kind: in.Kind,
		SecretHash: secret.Hash(m.text), Hint: secret.Hint(m.text), CreatedAt: now, limitColumns: in.columns(),
	}
	if life > 0 {
		m.until = now.Add(life)
		r.ExpiresAt = &m.until
	}
	if err := (store{tx}).insert(ctx, r); err != nil {
		return minted{}, err
	}
	detail := map[string]string{"name": in.Name, "kind": in.Kind, "hint": r.Hint}
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
		m, err := s.mint(ctx, tx, by, u.ID, NewToken{Name: "npm login on " + device, Kind: Session}, s.cfg.Limits.LoginTokenLife)
		if err != nil {
			return err
		}
		text = m.text
		return s.accounts.Notify(ctx, tx, u.ID, "terminal-password", map[string]string{
			"Terminal": device, "TerminalFrom": account.At("at", by.Address()),
			"Until": words.Moment(m.until), "Hint": secret.Hint(m.text),
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
