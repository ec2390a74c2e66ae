// Package account holds people: who they are, how they prove it, and where they are signed in. A
// password never leaves it, and an address is told to nobody but its owner and the operator.
package account

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
	"latchkey/internal/mail"
	"latchkey/internal/outbox"
	"latchkey/internal/secret"
	"latchkey/internal/twofactor"
)

// Service is the door to accounts.
type Service struct {
	db        *db.DB
	now       func() time.Time
	passwords *secret.Passwords
	limits    *limit.Service
	out       *outbox.Service
	factors   *twofactor.Service
	cfg       *config.Config
	endTokens TokenEnder
}

// TokenEnder ends access tokens of an account, in the transaction of the act that makes them worthless:
// those that npm login made, or all.
type TokenEnder func(ctx context.Context, tx *db.Tx, by access.Actor, userID string, all bool, why string) error

// EndTokensWith says who ends tokens. Tokens stand on accounts, and introduce themselves here.
func (s *Service) EndTokensWith(end TokenEnder) { s.endTokens = end }

// New returns the service.
func New(d *db.DB, now func() time.Time, passwords *secret.Passwords, limits *limit.Service, out *outbox.Service, factors *twofactor.Service, cfg *config.Config) *Service {
	none := func(context.Context, *db.Tx, access.Actor, string, bool, string) error { return nil }
	s := &Service{db: d, now: now, passwords: passwords, limits: limits, out: out, factors: factors, cfg: cfg, endTokens: none}
	factors.TellWith(s.Notify)
	return s
}

// User is an account as its owner and the operator see it.
type User struct {
	ID, Name, FullName, Homepage, Email string
	EmailVerified, Operator             bool
	CreatedAt, UpdatedAt                time.Time
}

// Person is an account as everybody sees it: without its address.
type Person struct {
	Name, FullName, Homepage string
	Since                    time.Time
}

// Profile is what a person says about themselves.
type Profile struct{ FullName, Homepage string }

// Session is a browser that was just signed in; or, while Pending is set, one whose person gave the right
// password and still owes their second factor: FinishSignIn takes that secret.
type Session struct {
	ID      string
	Pending string
	ByMail  bool // what they owe was mailed to them
	User    User
	Browser string // a secret for the browser to keep, by which it is known again
}

// SignUp is the form that makes an account. Invitation is the secret of an invitation's link, if any;
// with one, an empty Email stands for the address that was invited.
type SignUp struct{ Name, FullName, Email, Password, Invitation string }

// NewAccount is an account that an operator makes. Its address counts as verified.
type NewAccount struct {
	Name, Email, Password string
	Operator              bool
}

// What callers may tell apart.
var (
	ErrNotFound     = errs.New(errs.NotFound, "account.not_found", "There is nobody of this name.")
	ErrSignIn       = errs.New(errs.Unauthenticated, "account.sign_in", "The name or address and the password do not belong together.")
	ErrSessionEnded = errs.New(errs.Unauthenticated, "account.session_ended", "You were signed out. Sign in again.")
	ErrLink         = errs.New(errs.NotFound, "account.link", "This link does not work any more: it was used, or it is too old. Ask for a new one.")
	ErrOtherAccount = errs.New(errs.Forbidden, "account.other_account", "This link belongs to another account. Sign in with that one, then follow the link again.")
	ErrVerified     = errs.New(errs.Conflict, "account.verified", "Your address is verified already.")
	ErrAddressTaken = errs.New(errs.Conflict, "account.address_taken", "This address belongs to another account now.")
	ErrHasOperator  = errs.New(errs.NotFound, "account.has_operator", "This registry is set up already.")
	ErrNotLocked    = errs.New(errs.Conflict, "account.not_locked", "This account is not locked.")
	ErrClosed       = errs.New(errs.Forbidden, "account.closed", "Accounts here are made by the operator. Ask them for one.")
	ErrInvitedOnly  = errs.New(errs.Forbidden, "account.invited_only", "Accounts here are made by invitation. Ask the operator for one.")
)

// self asks whether the actor may do something to their own account.
func (s *Service) self(by access.Actor, act access.Action) error {
	return access.Check(by, act, access.Self(by, by.UserID), s.now())
}

// as is the actor that somebody becomes by signing in: for the security log.
func as(by access.Actor, u user, via access.Via) access.Actor {
	by.UserID, by.Name, by.Via = u.ID, u.Name, via
	return by
}

// At is where somebody is, in a letter, after a preposition: " from 203.0.113.7", or nothing when the
// address is not known.
func At(preposition, address string) string {
	if address == "" {
		return ""
	}
	return " " + preposition + " " + address
}

func from(by access.Actor) string { return At("from", by.Address()) }

// write puts a letter into the outbox of the transaction.
func (s *Service) write(ctx context.Context, tx *db.Tx, to, template string, data map[string]string) error {
	return s.out.Enqueue(ctx, tx, s.now(), mail.Letter{To: to, Template: template, Data: data})
}

// notify writes to somebody about their account, with a link that locks it. An address that nobody has
// verified may be a stranger's: it gets nothing.
func (s *Service) notify(ctx context.Context, tx *db.Tx, u user, template string, data map[string]string) error {
	if u.EmailVerifiedAt == nil {
		return nil
	}
	text, err := store{tx}.insertLink(ctx, toLock, link{u.ID, u.Email}, s.now(), LockLife)
	if err != nil {
		return err
	}
	all := map[string]string{"Name": u.Name, "Lock": s.cfg.URL + "lock/" + text}
	for k, v := range data {
		all[k] = v
	}
	return s.write(ctx, tx, u.Email, template, all)
}

// Notify writes to the owner of an account about an act on what belongs to them, in the transaction of
// the act. The letter's data has their Name already, and Lock, the address that locks the account.
func (s *Service) Notify(ctx context.Context, tx *db.Tx, userID, template string, data map[string]string) error {
	u, err := store{tx}.byID(ctx, userID)
	if err != nil {
		return err
	}
	return s.notify(ctx, tx, u, template, data)
}
