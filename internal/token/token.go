// Package token holds access tokens: how they are made, what they prove, and how a terminal gets one
// through a browser. Only hashes of secrets are stored.
package token

import (
	"time"

	"latchkey/db"
	"latchkey/internal/account"
	"latchkey/internal/config"
)

// The kinds of tokens.
const (
	Session    = "session"    // made by npm login
	Automation = "automation" // for machines
	Publish    = "publish"    // for people's own scripts
	ReadOnly   = "read-only"  // may install, may change nothing
)

// Service is the door to tokens.
type Service struct {
	db       *db.DB
	now      func() time.Time
	accounts *account.Service
	cfg      *config.Config
}

// New returns the service.
func New(d *db.DB, now func() time.Time, accounts *account.Service, cfg *config.Config) *Service {
	return &Service{db: d, now: now, accounts: accounts, cfg: cfg}
}

// NewToken is a token to be made. Owner is the name of an account; empty means the actor's own.
type NewToken struct{ Owner, Name, Kind string }

// Created is a new token. Secret is shown once.
type Created struct{ Secret, ID string }

// WebLogin is a terminal's request to be signed in in a browser: ID is for the browser's address and
// Poll for the terminal alone. Neither can be derived from the other.
type WebLogin struct{ ID, Poll string }

// WebLoginPage is what the person who approves is shown. State is pending, approved or denied.
type WebLoginPage struct {
	ID, IP, Agent string
	Terminal      string // the agent in words: "npm 11.6.2 on linux"
	Created       time.Time
	State         string
	SameNetwork   bool // the terminal's address is in the approver's network
}
