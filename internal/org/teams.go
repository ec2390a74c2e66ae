package org

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/errs"
)

// teamForm is that of people's names: a team stands behind the organization's in npm's acme:team.
var teamForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,38}$`)

const (
	mostTeams       = 500
	mostDescription = 200
)

var (
	errDevelopers = errs.New(errs.Conflict, "org.developers", "The team developers is everybody's and stays.")
	errTeamTaken  = errs.Field("name", "There is a team of this name already.")
	errTeams      = errs.New(errs.Conflict, "org.teams_limit", "The organization has as many teams as are allowed.")
)

// Team is some members, and what they may do with the packages published from now on.
type Team struct {
	ID, Name, Description string
	NewPackages           Permission // "" for nothing
	Members, Packages     int64
	CreatedAt             time.Time
}

// Teams lists the teams by name.
func (s *Service) Teams(ctx context.Context, by access.Actor, name string) ([]Team, error) {
	st, err := s.authorize(ctx, s.db, by, access.OrgView, name)
	if err != nil {
		return nil, err
	}
	return store{s.db}.teams(ctx, st.OrgID)
}

// Team returns one team and a page of its members' names, those after a name.
func (s *Service) Team(ctx context.Context, by access.Actor, name, team, after string, limit int) (Team, []string, error) {
	st, err := s.authorize(ctx, s.db, by, access.OrgView, name)
	if err != nil {
		return Team{}, nil, err
	}
	t, err := store{s.db}.team(ctx, st.OrgID, team)
	if err != nil {
		return Team{}, nil, err
	}
	people, err := store{s.db}.teamMembers(ctx, t.ID, after, limit)
	return t, people, err
}

// CreateTeam makes a team without members or packages. What is wrong with it is an Invalid error with
// Fields name or description.
func (s *Service) CreateTeam(ctx context.Context, by access.Actor, name string, t Team) error {
	if !teamForm.MatchString(t.Name) {
		return errs.Field("name", "Use up to 39 lower-case letters, digits, dots, hyphens and underscores; the first is a letter or a digit.")
	}
	if len(t.Description) > mostDescription {
		return errs.Field("description", "Say it in at most 200 characters.")
	}
	if t.NewPackages != "" {
		if err := t.NewPackages.valid(); err != nil {
			return err
		}
	}
	return s.change(ctx, by, access.OrgManageTeams, name, func(ctx context.Context, tx *db.Tx, o Org) error {
		switch _, err := (store{tx}).team(ctx, o.ID, t.Name); {
		case err == nil:
			return errTeamTaken
		case !errors.Is(err, ErrNoTeam):
			return err
		}
		n, err := store{tx}.countTeams(ctx, o.ID)
		if err != nil {
			return err
		}
		if n >= mostTeams {
			return errTeams
		}
		t.ID, t.CreatedAt = db.NewID(), s.now()
		if err := (store{tx}).insertTeam(ctx, o.ID, t); err != nil {
			return err
		}
		return s.record(ctx, tx, by, o, audit.TeamCreated, map[string]string{"team": t.Name})
	})
}

// changeTeam is change for one team.
func (s *Service) changeTeam(ctx context.Context, by access.Actor, name, team string, f func(ctx context.Context, tx *db.Tx, o Org, t Team) error) error {
	return s.change(ctx, by, access.OrgManageTeams, name, func(ctx context.Context, tx *db.Tx, o Org) error {
		t, err := store{tx}.team(ctx, o.ID, team)
		if err != nil {
			return err
		}
		return f(ctx, tx, o, t)
	})
}

// Alone lists the packages that no other team reaches: without this one, only owners and whoever published
// them first do.
func (s *Service) Alone(ctx context.Context, by access.Actor, name, team string) ([]string, error) {
	st, err := s.authorize(ctx, s.db, by, access.OrgView, name)
	if err != nil {
		return nil, err
	}
	t, err := store{s.db}.team(ctx, st.OrgID, team)
	if err != nil {
		return nil, err
	}
	all, err := store{s.db}.alone(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	seen, err := s.sees(ctx, by, st, name)
	return slices.DeleteFunc(all, func(pkg string) bool { return !seen(pkg) }), err
}

// RemoveTeam removes a team. Its members and packages stay: those that no other team reaches fall to the
// owners, who reach every package, and the log says which.
func (s *Service) RemoveTeam(ctx context.Context, by access.Actor, name, team string) error {
	return s.changeTeam(ctx, by, name, team, func(ctx context.Context, tx *db.Tx, o Org, t Team) error {
		if t.Name == Developers {
			return errDevelopers
		}
		alone, err := store{tx}.alone(ctx, t.ID)
		if err != nil {
			return err
		}
		if err := (store{tx}).removeTeam(ctx, t.ID); err != nil {
			return err
		}
		detail := map[string]string{"team": t.Name}
		if len(alone) > 0 {
			detail["to_owners"] = strings.Join(alone, ", ")
		}
		return s.record(ctx, tx, by, o, audit.TeamRemoved, detail)
	})
}

// SetNewPackages says what a team may do with packages that are published from now on.
func (s *Service) SetNewPackages(ctx context.Context, by access.Actor, name, team string, p Permission) error {
	if p != "" {
		if err := p.valid(); err != nil {
			return err
		}
	}
	return s.changeTeam(ctx, by, name, team, func(ctx context.Context, tx *db.Tx, o Org, t Team) error {
		if err := (store{tx}).setNewPackages(ctx, t.ID, p); err != nil {
			return err
		}
		detail := map[string]string{"team": t.Name, "from": string(t.NewPackages), "to": string(p)}
		return s.record(ctx, tx, by, o, audit.TeamDefaultChanged, detail)
	})
}

// AddToTeam puts a member into a team. Doing it twice is as good as once.
func (s *Service) AddToTeam(ctx context.Context, by access.Actor, name, team, person string) error {
	return s.changeTeam(ctx, by, name, team, func(ctx context.Context, tx *db.Tx, o Org, t Team) error {
		m, err := store{tx}.member(ctx, o.ID, person)
		if errors.Is(err, ErrNoMember) {
			return errs.Newf(errs.NotFound, ErrNoMember.Code, "%s is no member of %s: invite them first.", quoted(person), o.Name)
		}
		if err != nil {
			return err
		}
		if err := (store{tx}).insertTeamMember(ctx, o.ID, t.ID, m.UserID); err != nil {
			return err
		}
		return s.record(ctx, tx, by, o, audit.TeamMemberAdded, map[string]string{"team": t.Name, "person": person})
	})
}

// RemoveFromTeam takes somebody out of a team. They stay a member of the organization.
func (s *Service) RemoveFromTeam(ctx context.Context, by access.Actor, name, team, person string) error {
	return s.changeTeam(ctx, by, name, team, func(ctx context.Context, tx *db.Tx, o Org, t Team) error {
		m, err := store{tx}.member(ctx, o.ID, person)
		if err != nil {
			return err
		}
		n, err := store{tx}.removeTeamMember(ctx, t.ID, m.UserID)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNoMember
		}
		return s.record(ctx, tx, by, o, audit.TeamMemberRemoved, map[string]string{"team": t.Name, "person": person})
	})
}
