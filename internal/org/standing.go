package org

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/credential"
)

// Standing is what somebody is to an organization and to one of its packages. It is asked in one query,
// so that whatever takes it away takes all of it away at once.
type Standing struct {
	OrgID      string
	Role       Role       // "" for whoever does not belong to it
	Permission Permission // by their teams, to the package that was asked for
	CreatedAt  time.Time
	Policy
}

// Held is a standing as the database has it, with what may end it. Being the same until something is
// written, it can be remembered; At says what it is worth at a time.
type Held struct{ row heldRow }

// heldRow is the answer of the query. Satisfies is computed from the factors that somebody has, so that
// access ends in the instant in which the last one goes, whoever or whatever removes it.
type heldRow struct {
	Standing
	Satisfies bool
}

// At is the standing at a time: none for a member who has not the second factor that the organization
// requires by then.
func (h Held) At(now time.Time) Standing {
	st := h.row.Standing
	if st.InForce(now) && !h.row.Satisfies {
		st.Role, st.Permission = "", ""
	}
	return st
}

// StandingOf reads the standing of a person in the organization of a name, or returns ErrNotFound when no
// organization has the name. packageID may be empty.
func StandingOf(ctx context.Context, q db.Q, userID, name, packageID string) (Held, error) {
	return store{q}.standing(ctx, userID, name, packageID)
}

// Package is the standing over a package of the organization. Owners decide over it; whoever published it
// first may write it as long as they are members, as do those whose teams may.
func (s Standing) Package(maintainer bool) access.Standing {
	switch {
	case s.Role == "":
		return access.None
	case s.Role == Owner:
		return access.Owner
	case s.Permission == Write, maintainer:
		return access.Writer
	case s.Permission == Read:
		return access.Reader
	}
	return access.None
}

func (s Standing) org(name string) Org { return Org{s.OrgID, name, s.CreatedAt, s.Policy} }

// facts are the standing over the organization itself, which is hidden from whoever does not belong to it.
func (s Standing) facts(by access.Actor, name string) access.Facts {
	if by.AtConsole() {
		return access.Facts{Standing: access.Owner}
	}
	f := access.Facts{Hidden: true, Org: name}
	switch s.Role {
	case Owner:
		f.Standing = access.Owner
	case Admin:
		f.Standing = access.Writer
	case Member:
		f.Standing = access.Reader
	}
	return f
}

// authorize finds an organization and asks access.
func (s *Service) authorize(ctx context.Context, q db.Q, by access.Actor, act access.Action, name string) (Standing, error) {
	h, err := StandingOf(ctx, q, by.UserID, name, "")
	if err != nil {
		return Standing{}, err
	}
	st := h.At(s.now())
	if err := access.Check(by, act, st.facts(by, name), s.now()); err != nil {
		return Standing{}, err
	}
	return st, nil
}

// change runs f with the organization, if the actor may act. Changes of one organization wait for each
// other on its row, so that none decides by what another is about to change.
func (s *Service) change(ctx context.Context, by access.Actor, act access.Action, name string, f func(ctx context.Context, tx *db.Tx, o Org) error) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		st, err := s.authorize(ctx, tx, by, act, name)
		if err != nil {
			return err
		}
		if err := credential.Holds(ctx, tx, by, s.now()); err != nil {
			return err
		}
		if err := (store{tx}).touch(ctx, st.OrgID, s.now()); err != nil {
			return err
		}
		return f(ctx, tx, st.org(name))
	})
}
