// Package token holds access tokens: how they are made, what they prove, and how a terminal gets one
// through a browser. Only hashes of secrets are stored.
package token

import (
	"sync"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
)

// The kinds of tokens.
const (
	Session    = "session"    // made by npm login
	Automation = "automation" // for machines
	Publish    = "publish"    // for people's own scripts
	ReadOnly   = "read-only"  // may install, may change nothing
)

// What callers may tell apart. A token that is unknown, revoked or expired is one and the same, and so
// is a login that is unknown, denied, expired, used or somebody else's.
var (
	ErrToken   = errs.New(errs.Unauthenticated, "token.unauthenticated", "This access token is not valid. Sign in with npm login.")
	ErrLogin   = errs.New(errs.NotFound, "token.login", "This sign-in of a terminal is over. Run npm login again.")
	ErrDecided = errs.New(errs.Conflict, "token.decided", "This sign-in was approved or denied already.")
	ErrNoToken = errs.New(errs.NotFound, "token.not_found", "This account has no working token of this id or hint.")
	ErrOneHint = errs.New(errs.Conflict, "token.one_hint", "Several tokens of this account have this hint: say the id of the one.")
	ErrTooMany = errs.New(errs.Conflict, "token.too_many", "This account has 1,000 access tokens. Revoke some that are not used first.")
	ErrAddress = errs.New(errs.Unauthenticated, "token.address", "This access token may not be used from your address.")
	ErrBusy    = errs.New(errs.Unavailable, "token.busy", "Too many terminals at your address wait to be signed in. Finish one of them, or try again later.")
)

// cached is how many tokens' facts are remembered between writes.
const cached = 10_000

// Service is the door to tokens.
type Service struct {
	db       *db.DB
	now      func() time.Time
	accounts *account.Service
	limits   *limit.Service
	cfg      *config.Config
	starts   *limit.Memory
	polls    *limit.Memory
	facts    *db.Cache[string, fact]

	mu   sync.Mutex
	used map[string]use // by id of token; written down by Flush
}

// use is when a token was used last, from where, and what for.
type use struct {
	at       time.Time
	ip, what string
}

// New returns the service.
func New(d *db.DB, now func() time.Time, accounts *account.Service, limits *limit.Service, cfg *config.Config) *Service {
	s := &Service{
		db: d, now: now, accounts: accounts, limits: limits, cfg: cfg,
		starts: limit.NewMemory(cfg.Limits.LoginRate, now), polls: limit.NewMemory(pollRate(cfg), now),
		facts: db.NewCache[string, fact](d, cached),
		used:  map[string]use{},
	}
	accounts.EndTokensWith(s.endAll)
	return s
}

// pollRate is how often one network may ask whether its terminals are signed in: twice as often as npm
// does, which waits the second that the answer tells it to (npm-profile, webAuthCheckLogin). npm repeats a
// request that is answered 429 after ten seconds, twice, whatever Retry-After says (make-fetch-happen),
// and then asks for a password: it must never get that far.
func pollRate(cfg *config.Config) config.Rate {
	const seconds = 10
	return config.Rate{N: 2 * seconds * cfg.Limits.LoginTerminalsOpen, Per: seconds * time.Second}
}

// NewToken is a token to be made. Owner is the name of an account; empty means the actor's own. Days is its
// life; 0 is the usual one, and at the console no end.
type NewToken struct {
	Owner, Name, Kind string
	Days              int
	Limits
}

// Created is a new token. Secret is shown once; ExpiresAt is zero when it does not end.
type Created struct {
	Secret, ID string
	ExpiresAt  time.Time
}

// WebLogin is a terminal's request to be signed in in a browser: ID is for the browser's address and
// Poll for the terminal alone. Neither can be derived from the other.
type WebLogin struct{ ID, Poll string }

// WebLoginPage is what the person who approves is shown.
type WebLoginPage struct {
	ID, IP, Agent string
	Terminal      string // the agent in words: "npm 11.6.2 on Linux"
	Created       time.Time
	State         State
	SameNetwork   bool   // the terminal's address is in the approver's network
	Doubtful      bool   // from another network, or long ago: the code must be typed
	Code          string // the end of the address that the terminal shows
	Fresh         bool   // the person proved lately that it is them
}

// self asks whether the actor may do something to an account's tokens.
func (s *Service) self(by access.Actor, act access.Action, userID string) error {
	return access.Check(by, act, access.Self(by, userID), s.now())
}
