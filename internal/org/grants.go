package org

import (
	"context"
	"slices"
	"strings"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/errs"
)

// Permission is what a team may do with a package.
type Permission string

// The permissions; writing includes reading. Their order as text is their order.
const (
	Read  Permission = "read"
	Write Permission = "write"
)

func (p Permission) valid() error {
	if p != Read && p != Write {
		return errs.Field("permissions", "Choose read-only or read-write.")
	}
	return nil
}

// Grant is a package that a team reaches.
type Grant struct {
	Package    string
	Permission Permission
}

// Grant lets a team read or write a package of the organization, instead of what it could before.
func (s *Service) Grant(ctx context.Context, by access.Actor, name, team, pkg string, p Permission) error {
	if err := p.valid(); err != nil {
		return err
	}
	return s.changeTeam(ctx, by, name, team, func(ctx context.Context, tx *db.Tx, o Org, t Team) error {
		id, err := packageOf(ctx, tx, o, pkg)
		if err != nil {
			return err
		}
		if err := (store{tx}).setGrant(ctx, t.ID, id, p); err != nil {
			return err
		}
		return s.record(ctx, tx, by, o, audit.TeamPackageGranted, map[string]string{"team": t.Name, "package": pkg, "permission": string(p)})
	})
}

// Ungrant takes a package from a team.
func (s *Service) Ungrant(ctx context.Context, by access.Actor, name, team, pkg string) error {
	return s.changeTeam(ctx, by, name, team, func(ctx context.Context, tx *db.Tx, o Org, t Team) error {
		id, err := packageOf(ctx, tx, o, pkg)
		if err != nil {
			return err
		}
		n, err := store{tx}.removeGrant(ctx, t.ID, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNoPackage
		}
		return s.record(ctx, tx, by, o, audit.TeamPackageRevoked, map[string]string{"team": t.Name, "package": pkg})
	})
}

// packageOf finds a package in the organization's scope. One of another scope is not its to give.
func packageOf(ctx context.Context, q db.Q, o Org, pkg string) (id string, err error) {
	if !strings.HasPrefix(pkg, "@"+o.Name+"/") {
		return "", ErrNoPackage
	}
	return store{q}.packageID(ctx, pkg)
}

// TeamPackages lists what a team reaches, by name.
func (s *Service) TeamPackages(ctx context.Context, by access.Actor, name, team string) ([]Grant, error) {
	st, err := s.authorize(ctx, s.db, by, access.OrgView, name)
	if err != nil {
		return nil, err
	}
	t, err := store{s.db}.team(ctx, st.OrgID, team)
	if err != nil {
		return nil, err
	}
	all, err := store{s.db}.grants(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	seen, err := s.sees(ctx, by, st, name)
	return slices.DeleteFunc(all, func(g Grant) bool { return !seen(g.Package) }), err
}

// sees returns whether somebody who belongs to the organization may learn of a package of it: admins of all, because
// they give them to teams, and others of those that they reach.
func (s *Service) sees(ctx context.Context, by access.Actor, st Standing, name string) (func(pkg string) bool, error) {
	if st.Role == Owner || st.Role == Admin || by.AtConsole() {
		return func(string) bool { return true }, nil
	}
	reached, err := store{s.db}.reached(ctx, st.OrgID, by.UserID, name)
	mine := make(map[string]bool, len(reached))
	for _, g := range reached {
		mine[g.Package] = true
	}
	return func(pkg string) bool { return mine[pkg] }, err
}

// Packages lists what the actor reaches in an organization, by name: all of it for owners and at the
// console.
func (s *Service) Packages(ctx context.Context, by access.Actor, name string) ([]Grant, error) {
	st, err := s.authorize(ctx, s.db, by, access.OrgView, name)
	if err != nil {
		return nil, err
	}
	if st.Role == Owner || by.AtConsole() {
		return store{s.db}.allPackages(ctx, name)
	}
	return store{s.db}.reached(ctx, st.OrgID, by.UserID, name)
}

// Adopt gives a package that was just made in the organization's scope to the teams that get new ones. It
// is part of the publish, which has asked.
func Adopt(ctx context.Context, tx *db.Tx, orgID, packageID string) error {
	return store{tx}.adopt(ctx, orgID, packageID)
}
