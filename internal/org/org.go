// Package org holds organizations: who belongs to one and as what, its teams, its invitations, and which
// team reaches which package. An organization always has an owner.
package org

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/audit"
	"latchkey/internal/config"
	"latchkey/internal/credential"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
	"latchkey/internal/outbox"
	"latchkey/internal/twofactor"
)

// Developers is the team that every organization has and everybody joins. It cannot be removed.
const Developers = "developers"

// Service is the door to organizations.
type Service struct {
	db       *db.DB
	now      func() time.Time
	accounts *account.Service
	limits   *limit.Service
	out      *outbox.Service
	cfg      *config.Config
}

// New returns the service.
func New(d *db.DB, now func() time.Time, accounts *account.Service, factors *twofactor.Service, limits *limit.Service, out *outbox.Service, cfg *config.Config) *Service {
	s := &Service{db: d, now: now, accounts: accounts, limits: limits, out: out, cfg: cfg}
	factors.AskBeforeLess(s.holds)
	return s
}

// Role is what somebody is to an organization.
type Role string

// The roles, weakest first: members publish in the scope, admins manage teams, owners decide.
const (
	Member Role = "member"
	Admin  Role = "admin"
	Owner  Role = "owner"
)

func (r Role) valid() error {
	if r != Member && r != Admin && r != Owner {
		return errs.Field("role", "Choose a role: member, admin or owner.")
	}
	return nil
}

// What callers may tell apart. An organization is hidden from whoever does not belong to it, and looks
// like one that is not there.
var (
	ErrNotFound     = errs.New(errs.NotFound, "org.not_found", "Not found")
	ErrNoMember     = errs.New(errs.NotFound, "org.no_member", "There is no member of this name.")
	ErrNoTeam       = errs.New(errs.NotFound, "org.no_team", "There is no team of this name.")
	ErrNoPackage    = errs.New(errs.NotFound, "org.no_package", "The organization has no package of this name.")
	ErrLastOwner    = errs.New(errs.Conflict, "org.last_owner", "An organization needs an owner: make somebody else one first.")
	ErrInvitation   = errs.New(errs.NotFound, "org.invitation", "This invitation does not work any more: it was answered or taken back, or it is too old. Ask for a new one.")
	ErrOtherAccount = errs.New(errs.Forbidden, "org.other_account", "This invitation was sent to somebody else. Sign in with the account it is for, then follow the link again.")
)

// Org is an organization.
type Org struct {
	ID, Name  string
	CreatedAt time.Time
	Policy
}

// NewOrg is an organization to be made. Without an owner named, it is whoever makes it; only the console
// names somebody else.
type NewOrg struct{ Name, Owner string }

// Create makes an organization, with its owner in the team of developers. The name is taken for ever. What
// is wrong with it is an Invalid error with Field name.
func (s *Service) Create(ctx context.Context, by access.Actor, in NewOrg) (Org, error) {
	owner := by.UserID
	if in.Owner != "" {
		if err := access.Check(by, access.OperatorManage, access.Installation(by), s.now()); err != nil {
			return Org{}, err
		}
		u, err := s.accounts.Lookup(ctx, by, in.Owner)
		if err != nil {
			return Org{}, err
		}
		owner = u.ID
	}
	if err := access.Check(by, access.OrgCreate, access.Self(by, owner), s.now()); err != nil {
		return Org{}, err
	}
	now := s.now()
	o := Org{ID: db.NewID(), Name: in.Name, CreatedAt: now}
	return o, s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := credential.Holds(ctx, tx, by, s.now()); err != nil {
			return err
		}
		if err := s.accounts.ClaimScope(ctx, tx, in.Name); err != nil {
			return err
		}
		st := store{tx}
		if err := st.insertOrg(ctx, o); err != nil {
			return err
		}
		team := Team{ID: db.NewID(), Name: Developers, Description: "Everybody in the organization.", NewPackages: Write, CreatedAt: now}
		if err := st.insertTeam(ctx, o.ID, team); err != nil {
			return err
		}
		if err := st.insertMember(ctx, o.ID, owner, Owner, now); err != nil {
			return err
		}
		if err := st.insertTeamMember(ctx, o.ID, team.ID, owner); err != nil {
			return err
		}
		return s.record(ctx, tx, by, o, audit.OrgCreated, nil)
	})
}

// record adds an entry about the organization to the log.
func (s *Service) record(ctx context.Context, tx *db.Tx, by access.Actor, o Org, e audit.Event, detail map[string]string) error {
	return audit.Record(ctx, tx, s.now(), by, audit.Entry{Event: e, Subject: "org:" + o.Name, Detail: detail})
}

// Get returns an organization to those who belong to it, with what they are to it.
func (s *Service) Get(ctx context.Context, by access.Actor, name string) (Org, Role, error) {
	st, err := s.authorize(ctx, s.db, by, access.OrgView, name)
	return st.org(name), st.Role, err
}

// Of lists the organizations that somebody belongs to, by name: to themselves.
func (s *Service) Of(ctx context.Context, by access.Actor) ([]Membership, error) {
	if err := access.Check(by, access.AccountView, access.Self(by, by.UserID), s.now()); err != nil {
		return nil, err
	}
	return store{s.db}.of(ctx, by.UserID)
}

// Membership is an organization, and what somebody is to it.
type Membership struct {
	Name      string
	Role      Role
	JoinedAt  time.Time
	Satisfies bool // has the second factor that the organization requires
	Policy
}

// Suspended reports whether the membership gives nothing at a time, for want of a second factor.
func (m Membership) Suspended(now time.Time) bool { return m.InForce(now) && !m.Satisfies }
