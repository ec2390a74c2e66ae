package org

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
)

const mostMembers = 200

// Person is a member as the others see them. What follows JoinedAt is told to owners alone.
type Person struct {
	Name, FullName string
	Role           Role
	Teams          string // their names, by name, separated by commas
	JoinedAt       time.Time

	HasFactor, HasKey, HasApp bool
	LastActive                time.Time // zero for never, as far as is still known
}

// Segment is a part of the members, by their second factor.
type Segment string

// The segments.
const (
	Everybody  Segment = ""
	WithFactor Segment = "on"
	NoFactor   Segment = "off"
	KeysAlone  Segment = "keys"
	AppAlone   Segment = "app"
)

// Counts is how many members there are in each segment.
type Counts struct{ Everybody, WithFactor, KeysAlone, AppAlone int64 }

// Of is the count of a segment.
func (c Counts) Of(s Segment) int64 {
	switch s {
	case WithFactor:
		return c.WithFactor
	case NoFactor:
		return c.Everybody - c.WithFactor
	case KeysAlone:
		return c.KeysAlone
	case AppAlone:
		return c.AppAlone
	case Everybody:
	}
	return c.Everybody
}

// Query asks for a page of members by name: those after a name, whose name or full name begins with Find.
// Only owners ask by segment: an unknown one is everybody.
type Query struct {
	Find, After string
	Segment     Segment
	Limit       int
}

// Members lists a page of members.
func (s *Service) Members(ctx context.Context, by access.Actor, name string, q Query) ([]Person, error) {
	st, err := s.authorize(ctx, s.db, by, access.OrgView, name)
	if err != nil {
		return nil, err
	}
	owner := st.Role == Owner || by.AtConsole()
	if _, known := segments[q.Segment]; !known || !owner {
		q.Segment = Everybody
	}
	q.Limit = min(max(q.Limit, 1), mostMembers)
	rows, err := store{s.db}.members(ctx, st.OrgID, q)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	active := map[string]time.Time{}
	if owner {
		if active, err = (store{s.db}).lastActive(ctx, ids(rows)); err != nil {
			return nil, err
		}
	}
	out := make([]Person, len(rows))
	for i, r := range rows {
		out[i] = r.Person
		out[i].LastActive = active[r.UserID]
		if !owner {
			out[i].HasFactor, out[i].HasKey, out[i].HasApp = false, false, false
		}
	}
	return out, nil
}

// EachMember calls f with every member of a segment by name, without holding more than a few in memory.
// Owners may.
func (s *Service) EachMember(ctx context.Context, by access.Actor, name string, segment Segment, f func(Person) error) error {
	for after := ""; ; {
		if _, err := s.authorize(ctx, s.db, by, access.OrgManage, name); err != nil {
			return err
		}
		people, err := s.Members(ctx, by, name, Query{After: after, Segment: segment, Limit: mostMembers})
		if err != nil {
			return err
		}
		for _, p := range people {
			if err := f(p); err != nil {
				return err
			}
		}
		if len(people) < mostMembers {
			return nil
		}
		after = people[len(people)-1].Name
	}
}

// Counts says how many members have which second factor. Owners may ask.
func (s *Service) Counts(ctx context.Context, by access.Actor, name string) (Counts, error) {
	st, err := s.authorize(ctx, s.db, by, access.OrgManage, name)
	if err != nil {
		return Counts{}, err
	}
	return store{s.db}.counts(ctx, st.OrgID)
}

// Roles returns the role of every member: what npm org ls prints.
func (s *Service) Roles(ctx context.Context, by access.Actor, name string) (map[string]Role, error) {
	st, err := s.authorize(ctx, s.db, by, access.OrgView, name)
	if err != nil {
		return nil, err
	}
	rows, err := store{s.db}.roles(ctx, st.OrgID)
	out := make(map[string]Role, len(rows))
	for _, r := range rows {
		out[r.Name] = r.Role
	}
	return out, err
}

// Count says how many people belong to an organization.
func (s *Service) Count(ctx context.Context, by access.Actor, name string) (int64, error) {
	st, err := s.authorize(ctx, s.db, by, access.OrgView, name)
	if err != nil {
		return 0, err
	}
	return store{s.db}.countMembers(ctx, st.OrgID)
}

// SetRole changes what a member is. Owners may, and the last of them stays one.
func (s *Service) SetRole(ctx context.Context, by access.Actor, name, person string, role Role) error {
	if err := role.valid(); err != nil {
		return err
	}
	return s.change(ctx, by, access.OrgManage, name, func(ctx context.Context, tx *db.Tx, o Org) error {
		m, err := store{tx}.member(ctx, o.ID, person)
		if err != nil || m.Role == role {
			return err
		}
		if err := (store{tx}).setRole(ctx, o.ID, m.UserID, role); err != nil {
			return err
		}
		if err := s.keepOwner(ctx, tx, o); err != nil {
			return err
		}
		detail := map[string]string{"person": person, "from": string(m.Role), "to": string(role)}
		if err := s.record(ctx, tx, by, o, audit.OrgRoleChanged, detail); err != nil {
			return err
		}
		return s.accounts.Notify(ctx, tx, m.UserID, "org-role", map[string]string{"Org": o.Name, "Role": string(role), "By": sender(by)})
	})
}

// Remove ends a membership, and with it what the organization's teams gave. Owners may remove others, and
// everybody may leave, but for the last owner.
func (s *Service) Remove(ctx context.Context, by access.Actor, name, person string) error {
	if person == by.Name && by.SignedIn() {
		return s.leave(ctx, by, name)
	}
	return s.change(ctx, by, access.OrgManage, name, func(ctx context.Context, tx *db.Tx, o Org) error {
		m, err := store{tx}.member(ctx, o.ID, person)
		if err != nil {
			return err
		}
		if err := s.end(ctx, tx, o, m); err != nil {
			return err
		}
		if err := s.record(ctx, tx, by, o, audit.OrgMemberRemoved, map[string]string{"person": person, "role": string(m.Role)}); err != nil {
			return err
		}
		return s.accounts.Notify(ctx, tx, m.UserID, "org-removed", map[string]string{"Org": o.Name, "By": sender(by)})
	})
}

func (s *Service) leave(ctx context.Context, by access.Actor, name string) error {
	return s.change(ctx, by, access.OrgLeave, name, func(ctx context.Context, tx *db.Tx, o Org) error {
		m, err := store{tx}.member(ctx, o.ID, by.Name)
		if err != nil {
			return err
		}
		if err := s.end(ctx, tx, o, m); err != nil {
			return err
		}
		return s.record(ctx, tx, by, o, audit.OrgMemberLeft, map[string]string{"role": string(m.Role)})
	})
}

func (s *Service) end(ctx context.Context, tx *db.Tx, o Org, m member) error {
	if err := (store{tx}).removeMember(ctx, o.ID, m.UserID); err != nil {
		return err
	}
	return s.keepOwner(ctx, tx, o)
}

// keepOwner refuses a change that leaves nobody to decide.
func (s *Service) keepOwner(ctx context.Context, tx *db.Tx, o Org) error {
	n, err := store{tx}.countOwners(ctx, o.ID)
	if err == nil && n == 0 {
		err = ErrLastOwner
	}
	return err
}

// sender is who writes, in a letter.
func sender(by access.Actor) string {
	if by.AtConsole() {
		return "The operator"
	}
	return by.Name
}
