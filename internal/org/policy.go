package org

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/words"
)

// Requirement is which second factor an organization requires of its members.
type Requirement string

// The requirements.
const (
	NoRequirement Requirement = ""
	AnyFactor     Requirement = "any"
	KeysRequired  Requirement = "keys" // security keys or passkeys, and no app beside them
)

// Policy is what an organization asks of its members and of their tokens.
type Policy struct {
	Requires     Requirement
	RequiresFrom *time.Time // nil without a requirement
	PeopleOnly   bool       // tokens for machines change nothing in its scope
}

// InForce reports whether a second factor is required at a time, and not only from a later one.
func (p Policy) InForce(now time.Time) bool {
	return p.Requires != NoRequirement && p.RequiresFrom != nil && !now.Before(*p.RequiresFrom)
}

// Ahead reports whether a second factor will be required, but is not yet.
func (p Policy) Ahead(now time.Time) bool {
	return p.Requires != NoRequirement && p.RequiresFrom != nil && now.Before(*p.RequiresFrom)
}

const (
	// RestoreFor is how long an owner can bring somebody back who was removed for having no second factor.
	RestoreFor = 30 * 24 * time.Hour
	// MostAhead is how far ahead a requirement can be set.
	MostAhead = 366 * 24 * time.Hour
	// mostShown is how many people, invitations and tokens a preview lists by name.
	mostShown = 200
	// atOnce is how many members one transaction removes. The others, who have lost their access as well,
	// are removed by the clock.
	atOnce = 100
)

// What can be wrong with requiring a second factor.
var (
	ErrOwnFactor = errs.New(errs.Conflict, "org.own_factor", "Turn two-factor authentication on for your own account first, in the way that you want to require.")
	ErrNeeds     = errs.New(errs.Conflict, "org.needs_factor", "This organization requires a second factor.")
	errChanged   = errs.Field("confirm", "Who would be removed has changed since this page was opened. Look at the list again, then confirm.")
	errNotOn     = errs.New(errs.Conflict, "org.not_enforcing", "No second factor is required here.")
)

// needs says what an organization requires of somebody who has it not.
func needs(name string, r Requirement) error {
	if r == KeysRequired {
		return errs.Newf(ErrNeeds.Kind, ErrNeeds.Code, "%s requires security keys, without an authenticator app beside them. Set yours up first.", name)
	}
	return errs.Newf(ErrNeeds.Kind, ErrNeeds.Code, "%s requires two-factor authentication. Turn yours on first.", name)
}

// Enforcement is a requirement to be set. Confirm is the organization's name as an owner typed it, and
// Expect how many people the preview said would be removed now: at the console neither is asked for.
type Enforcement struct {
	Requires   Requirement
	From       time.Time // zero for now
	PeopleOnly bool
	Confirm    string
	Expect     int64
}

func (e Enforcement) check(now time.Time) error {
	switch {
	case e.Requires != AnyFactor && e.Requires != KeysRequired:
		return errs.Field("factors", "Choose which factors count: any, or security keys only.")
	case !e.From.IsZero() && e.From.Before(now):
		return errs.Field("date", "This day has begun. Choose a later one, or enforce it now.")
	case e.From.After(now.Add(MostAhead)):
		return errs.Field("date", "Choose a day within a year.")
	}
	return nil
}

// Affected is a member who would be removed, with what that ends.
type Affected struct {
	Name, FullName string
	Role           Role
	Packages       []string // of the scope, that they maintain
	Writes         int64    // packages that their teams let them publish
	Tokens         []string // their names
}

// Impact is what requiring a second factor would do. Lists are cut, counts are not.
type Impact struct {
	People      []Affected
	Total       int64
	Invitations []string // to whom, of those that wait and who could not accept
	Machines    []string // tokens for machines that could not change packages any more, as owner: name
}

// Preview says what an enforcement would do, and changes nothing.
func (s *Service) Preview(ctx context.Context, by access.Actor, name string, e Enforcement) (Impact, error) {
	if err := e.check(s.now()); err != nil {
		return Impact{}, err
	}
	st, err := s.authorize(ctx, s.db, by, access.OrgEnforce, name)
	if err != nil {
		return Impact{}, err
	}
	if err := s.leads(ctx, s.db, by, e.Requires); err != nil {
		return Impact{}, err
	}
	out, q := Impact{}, store{s.db}
	rows, err := q.lacking(ctx, st.OrgID, e.Requires, "", true, mostShown)
	if err != nil {
		return out, err
	}
	if out.Total, err = q.countLacking(ctx, st.OrgID, e.Requires); err != nil {
		return out, err
	}
	if out.People, err = q.affected(ctx, name, rows, s.now()); err != nil {
		return out, err
	}
	if out.Invitations, err = q.invitedWithout(ctx, st.OrgID, e.Requires, s.now(), mostShown); err != nil {
		return out, err
	}
	if e.PeopleOnly {
		out.Machines, err = q.machines(ctx, st.OrgID, s.now(), mostShown)
	}
	return out, err
}

// leads refuses an owner who does not do what they ask of others: they would remove themselves.
func (s *Service) leads(ctx context.Context, q db.Q, by access.Actor, r Requirement) error {
	if by.AtConsole() {
		return nil
	}
	ok, err := store{q}.has(ctx, by.UserID, r)
	if err == nil && !ok {
		err = ErrOwnFactor
	}
	return err
}

// Enforce requires a second factor: from now on, which removes the members who have none, or from a time,
// until when they are reminded. Owners hear of it.
func (s *Service) Enforce(ctx context.Context, by access.Actor, name string, e Enforcement) error {
	if err := e.check(s.now()); err != nil {
		return err
	}
	if !by.AtConsole() && e.Confirm != name {
		return errs.Field("confirm", "Type the name of the organization: "+name+".")
	}
	if err := s.mayEnforce(ctx, by, name); err != nil {
		return err
	}
	return s.change(ctx, by, access.OrgEnforce, name, func(ctx context.Context, tx *db.Tx, o Org) error {
		if err := s.leads(ctx, tx, by, e.Requires); err != nil {
			return err
		}
		now, st := s.now(), store{tx}
		n, err := st.countLacking(ctx, o.ID, e.Requires)
		if err != nil {
			return err
		}
		if !by.AtConsole() && e.From.IsZero() && n != e.Expect {
			return errChanged
		}
		from := e.From
		if from.IsZero() {
			from = now
		}
		p := Policy{Requires: e.Requires, RequiresFrom: &from, PeopleOnly: e.PeopleOnly}
		if err := st.setPolicy(ctx, o.ID, p, due(from.Sub(now))); err != nil {
			return err
		}
		detail := map[string]string{"factors": string(p.Requires), "from": from.UTC().Format(time.RFC3339), "people_only": words.YesNo(p.PeopleOnly)}
		if err := s.record(ctx, tx, by, o, audit.OrgEnforcementOn, detail); err != nil {
			return err
		}
		what := "requires two-factor authentication of its members from " + words.Moment(from) + " on"
		if err := s.tellOwners(ctx, tx, by, o, what); err != nil {
			return err
		}
		if p.Ahead(now) {
			return s.remindAll(ctx, tx, reminder{Org: o.Name, OrgID: o.ID, By: sender(by), From: &from})
		}
		return s.removeLacking(ctx, tx, by, o, p)
	})
}

// StopEnforcing ends the requirement, also one that is still ahead. Who was removed stays removed.
func (s *Service) StopEnforcing(ctx context.Context, by access.Actor, name string) error {
	return s.change(ctx, by, access.OrgEnforce, name, func(ctx context.Context, tx *db.Tx, o Org) error {
		if stopped, err := (store{tx}).stopEnforcing(ctx, o.ID); err != nil {
			return err
		} else if !stopped {
			return errNotOn
		}
		if err := s.record(ctx, tx, by, o, audit.OrgEnforcementOff, nil); err != nil {
			return err
		}
		return s.tellOwners(ctx, tx, by, o, "does not require two-factor authentication of its members any more")
	})
}

// enforceEvery bounds how often a requirement is set: each time writes to everybody without a factor.
var enforceEvery = config.Rate{N: 10, Per: 24 * time.Hour}

func (s *Service) mayEnforce(ctx context.Context, by access.Actor, name string) error {
	st, err := s.authorize(ctx, s.db, by, access.OrgEnforce, name)
	if err != nil || by.AtConsole() {
		return err
	}
	return s.limits.Take(ctx, "org-enforce:"+st.OrgID, enforceEvery)
}

// tellOwners writes to every owner what their organization does from now on, and by whose hand.
func (s *Service) tellOwners(ctx context.Context, tx *db.Tx, by access.Actor, o Org, what string) error {
	owners, err := store{tx}.owners(ctx, o.ID)
	if err != nil {
		return err
	}
	for _, id := range owners {
		data := map[string]string{"Org": o.Name, "By": sender(by), "What": what}
		if err := s.accounts.Notify(ctx, tx, id, "org-policy", data); err != nil {
			return err
		}
	}
	return nil
}

// holds refuses a change of somebody's factors that an organization forbids them while they belong to it.
// Two-factor authentication asks after each change that leaves less, in its transaction.
func (s *Service) holds(ctx context.Context, tx *db.Tx, userID string) error {
	of, err := store{tx}.of(ctx, userID)
	if err != nil {
		return err
	}
	for _, m := range of {
		if m.Suspended(s.now()) {
			return errs.Newf(ErrNeeds.Kind, ErrNeeds.Code, "%s requires the second factor that this would take away. Leave %s first, or ask an owner.", m.Name, m.Name)
		}
	}
	return nil
}
