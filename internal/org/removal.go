package org

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/jobs"
	"latchkey/internal/limit"
	"latchkey/internal/words"
)

// Removed is somebody who was removed for having no second factor. Ready says that they have one now.
type Removed struct {
	Name, Teams string
	Role        Role
	RemovedAt   time.Time
	Ready       bool
}

// ErrNoRemoval is the answer when there is nobody to bring back.
var ErrNoRemoval = errs.New(errs.NotFound, "org.no_removal", "Nobody of this name can be brought back: invite them instead.")

// removeLacking removes members who have not what is required, at most atOnce of them. The last owners who
// could decide stay as they are, without access until they have a second factor: nobody else could let them
// in again.
func (s *Service) removeLacking(ctx context.Context, tx *db.Tx, by access.Actor, o Org, p Policy) error {
	st := store{tx}
	decided, err := st.hasOwnerWith(ctx, o.ID, p.Requires)
	if err != nil {
		return err
	}
	rows, err := st.lacking(ctx, o.ID, p.Requires, "", decided, atOnce)
	if err != nil {
		return err
	}
	for _, m := range rows {
		if err := s.removeFor(ctx, tx, by, o, m); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) removeFor(ctx context.Context, tx *db.Tx, by access.Actor, o Org, m memberRow) error {
	st, now := store{tx}, s.now()
	if err := st.insertRemoval(ctx, o.ID, m.UserID, m.Role, m.Teams, now); err != nil {
		return err
	}
	if err := st.removeMember(ctx, o.ID, m.UserID); err != nil {
		return err
	}
	detail := map[string]string{"person": m.Name, "role": string(m.Role), "teams": m.Teams, "reason": "second_factor"}
	if err := s.record(ctx, tx, by, o, audit.OrgMemberRemoved, detail); err != nil {
		return err
	}
	return s.accounts.Notify(ctx, tx, m.UserID, "org-removed-factor", map[string]string{
		"Org": o.Name, "Until": words.Moment(now.Add(RestoreFor)), "Link": s.cfg.URL + "settings/two-factor",
	})
}

// Restorable lists who can be brought back with their role and teams, by name, to owners.
func (s *Service) Restorable(ctx context.Context, by access.Actor, name string) ([]Removed, error) {
	st, err := s.authorize(ctx, s.db, by, access.OrgManage, name)
	if err != nil {
		return nil, err
	}
	return store{s.db}.removals(ctx, st.OrgID, s.now().Add(-RestoreFor), mostShown)
}

// Restore brings somebody back who was removed for having no second factor and has one now: with their role
// and those of their teams that there still are.
func (s *Service) Restore(ctx context.Context, by access.Actor, name, person string) error {
	return s.change(ctx, by, access.OrgManage, name, func(ctx context.Context, tx *db.Tx, o Org) error {
		st := store{tx}
		userID, err := st.userID(ctx, person)
		if errors.Is(err, ErrNoMember) {
			err = ErrNoRemoval
		}
		if err != nil {
			return err
		}
		if err := s.admits(ctx, tx, o, userID); errors.Is(err, ErrNeeds) {
			return errs.Newf(ErrNeeds.Kind, ErrNeeds.Code, "%s has not set up the second factor that is required. They were told how.", person)
		} else if err != nil {
			return err
		}
		r, err := st.takeRemoval(ctx, o.ID, userID, s.now().Add(-RestoreFor))
		if err != nil {
			return err
		}
		if belongs, err := st.belongs(ctx, o.ID, userID); err != nil || belongs {
			return err // they were invited again in the meantime
		}
		if err := st.insertMember(ctx, o.ID, userID, r.Role, s.now()); err != nil {
			return err
		}
		if err := st.insertTeams(ctx, o.ID, userID, strings.Split(r.Teams, ", ")); err != nil {
			return err
		}
		if err := s.record(ctx, tx, by, o, audit.OrgMemberRestored, map[string]string{"person": person, "role": string(r.Role), "teams": r.Teams}); err != nil {
			return err
		}
		return s.accounts.Notify(ctx, tx, userID, "org-restored", map[string]string{"Org": o.Name, "By": sender(by), "Role": string(r.Role)})
	})
}

// admits refuses somebody who has not the second factor that is required now.
func (s *Service) admits(ctx context.Context, tx *db.Tx, o Org, userID string) error {
	p, err := store{tx}.policy(ctx, o.ID)
	if err != nil || !p.InForce(s.now()) {
		return err
	}
	ok, err := store{tx}.has(ctx, userID, p.Requires)
	if err == nil && !ok {
		err = needs(o.Name, p.Requires)
	}
	return err
}

// Reminders is the kind of job that writes to members without a second factor, some at a time.
const Reminders jobs.Kind = "org.reminders"

// reminder is a round of letters, from the member after a name on. With By it was an owner's wish, with From
// it is about a time ahead.
type reminder struct {
	OrgID, Org, By, After string
	From                  *time.Time
	Asked                 bool // an owner asked: nobody is reminded twice in a day
}

// remindEvery is how often an owner can have one member, or all together, reminded.
var remindEvery = config.Rate{N: 1, Per: 24 * time.Hour}

var errReminded = errs.New(errs.RateLimited, "org.reminded", "They were reminded within the last day already.")

func (s *Service) mayRemind(ctx context.Context, orgID, whom string) error {
	err := s.limits.Take(ctx, "org-remind:"+orgID+":"+whom, remindEvery)
	if errors.Is(err, limit.ErrTooMany) {
		err = errReminded
	}
	return err
}

// Remind writes to one member who has no second factor, or not the one required; "" is to all of them.
// Owners may, once a day.
func (s *Service) Remind(ctx context.Context, by access.Actor, name, person string) error {
	st, err := s.authorize(ctx, s.db, by, access.OrgManage, name)
	if err != nil {
		return err
	}
	r := reminder{OrgID: st.OrgID, Org: name, By: sender(by), From: st.RequiresFrom, Asked: true}
	if person == "" {
		if err := s.mayRemind(ctx, st.OrgID, "*"); err != nil {
			return err
		}
		return s.change(ctx, by, access.OrgManage, name, func(ctx context.Context, tx *db.Tx, o Org) error {
			if err := s.record(ctx, tx, by, o, audit.OrgReminded, nil); err != nil {
				return err
			}
			return s.remindAll(ctx, tx, r)
		})
	}
	m, err := store{s.db}.lackingOne(ctx, st.OrgID, person, st.Requires)
	if err != nil {
		return err
	}
	if err := s.mayRemind(ctx, st.OrgID, m.UserID); err != nil {
		return err
	}
	return s.change(ctx, by, access.OrgManage, name, func(ctx context.Context, tx *db.Tx, o Org) error {
		if err := s.record(ctx, tx, by, o, audit.OrgReminded, map[string]string{"person": person}); err != nil {
			return err
		}
		return s.mailReminder(ctx, tx, r, m.UserID)
	})
}

func (s *Service) remindAll(ctx context.Context, tx *db.Tx, r reminder) error {
	return jobs.Enqueue(ctx, tx, s.now(), Reminders, r)
}

// SendReminders does a job of the kind Reminders: it writes to some members and leaves the rest to a job that
// follows, so that one with ten thousand members holds nobody up.
func (s *Service) SendReminders(ctx context.Context, payload string) error {
	var r reminder
	if err := json.Unmarshal([]byte(payload), &r); err != nil {
		return err
	}
	p, err := store{s.db}.policy(ctx, r.OrgID)
	if errors.Is(err, ErrNotFound) || r.From != nil && p.Requires == NoRequirement {
		return nil // it was deleted or called off
	}
	if err != nil {
		return err
	}
	rows, err := store{s.db}.lacking(ctx, r.OrgID, p.Requires, r.After, true, atOnce)
	if err != nil || len(rows) == 0 {
		return err
	}
	whom := rows[:0:0]
	for _, m := range rows {
		if r.Asked {
			if err := s.mayRemind(ctx, r.OrgID, m.UserID); errors.Is(err, errReminded) {
				continue
			} else if err != nil {
				return err
			}
		}
		whom = append(whom, m)
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, m := range whom {
			if err := s.mailReminder(ctx, tx, r, m.UserID); err != nil {
				return err
			}
		}
		if len(rows) < atOnce {
			return nil
		}
		next := r
		next.After = rows[len(rows)-1].Name
		return s.remindAll(ctx, tx, next)
	})
}

func (s *Service) mailReminder(ctx context.Context, tx *db.Tx, r reminder, userID string) error {
	template, data := "org-reminder", map[string]string{"Org": r.Org, "By": r.By, "Link": s.cfg.URL + "settings/two-factor"}
	if r.From != nil {
		template, data["From"] = "org-deadline", words.Moment(*r.From)
	}
	return s.accounts.Notify(ctx, tx, userID, template, data)
}

// reminders are how many days before a requirement members hear of it again.
var reminders = []int64{1, 3, 7, 14}

// due is the reminder that belongs to the time that is left: 0 when it is too far ahead for any.
func due(left time.Duration) int64 {
	for _, days := range reminders {
		if left <= time.Duration(days)*24*time.Hour {
			return days
		}
	}
	return 0
}

// Tend is done by the clock: it reminds of requirements that come nearer, removes the members who have not
// what is required by now, and forgets who was removed long ago.
func (s *Service) Tend(ctx context.Context) error {
	all, err := store{s.db}.requiring(ctx)
	if err != nil {
		return err
	}
	for _, o := range all {
		if err := s.tend(ctx, o); err != nil {
			return err
		}
	}
	return store{s.db}.sweepRemovals(ctx, s.now().Add(-RestoreFor))
}

// tend looks again inside the transaction: an owner may have changed their mind since.
func (s *Service) tend(ctx context.Context, o requiring) error {
	now := s.now()
	if o.Ahead(now) && due(o.RequiresFrom.Sub(now)) == o.Reminded {
		return nil
	}
	if !o.Ahead(now) {
		n, err := store{s.db}.countLacking(ctx, o.ID, o.Requires)
		if err != nil || n == 0 {
			return err
		}
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		p, err := store{tx}.policy(ctx, o.ID)
		switch {
		case errors.Is(err, ErrNotFound):
			return nil
		case err != nil:
			return err
		case p.InForce(now):
			return s.removeLacking(ctx, tx, access.Actor{}, Org{ID: o.ID, Name: o.Name}, p)
		case !p.Ahead(now):
			return nil
		}
		if err := (store{tx}).setReminded(ctx, o.ID, due(p.RequiresFrom.Sub(now))); err != nil {
			return err
		}
		return s.remindAll(ctx, tx, reminder{OrgID: o.ID, Org: o.Name, From: p.RequiresFrom})
	})
}
