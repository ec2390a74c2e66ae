package org

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
)

const mostMembers = 200

// Person is a member as the others see them.
type Person struct {
	Name, FullName string
	Role           Role
	Teams          string // their names, by name, separated by commas
	JoinedAt       time.Time
}

// Members lists a page of members by name, those after a name, whose name or full name begins with find.
func (s *Service) Members(ctx context.Context, by access.Actor, name, find, after string, limit int) ([]Person, error) {
	st, err := s.authorize(ctx, s.db, by, access.OrgView, name)
	if err != nil {
		return nil, err
	}
	return store{s.db}.members(ctx, st.OrgID, find, after, min(max(limit, 1), mostMembers))
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
