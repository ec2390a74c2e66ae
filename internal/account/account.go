// Package account holds people: who they are, how they prove it, and where they are signed in. A
// password never leaves it, and an address is told to nobody but its owner and the operator.
package account

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/config"
	"latchkey/internal/limit"
	"latchkey/internal/outbox"
)

// Service is the door to accounts.
type Service struct {
	db     *db.DB
	now    func() time.Time
	limits *limit.Service
	out    *outbox.Service
	cfg    *config.Config
}

// New returns the service.
func New(d *db.DB, now func() time.Time, limits *limit.Service, out *outbox.Service, cfg *config.Config) *Service {
	return &Service{db: d, now: now, limits: limits, out: out, cfg: cfg}
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

// Session is a browser that was just signed in.
type Session struct {
	ID   string
	User User
}

// SignUp is the form that makes an account. Invitation is the secret of an invitation's link, if any.
type SignUp struct{ Name, FullName, Email, Password, Invitation string }

// NewAccount is an account that an operator makes.
type NewAccount struct {
	Name, Email, Password string
	Operator              bool
}

var _ = context.Background
