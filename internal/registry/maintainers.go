package registry

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
	"latchkey/internal/mail"
)

const (
	// InvitationLife is how long an invitation to maintain a package waits for its answer.
	InvitationLife = 14 * 24 * time.Hour
	maxMaintained  = 10_000
	maxMaintainers = 100 // invitations that wait included
)

// What can be wrong with a change of maintainers.
var (
	ErrLastMaintainer  = errs.New(errs.Conflict, "registry.last_maintainer", "A package must have a maintainer: the last one cannot be removed.")
	ErrNotMaintainer   = errs.New(errs.NotFound, "registry.not_maintainer", "They do not maintain this package.")
	ErrNoPerson        = errs.New(errs.NotFound, "registry.no_person", "Nobody here has that name.")
	errManyMaintainers = errs.New(errs.Conflict, "registry.maintainer_limit", "This package has as many maintainers, and people who were asked, as are allowed.")
)

// Maintainers lists who maintains a package, in the order in which they began to.
func (s *Service) Maintainers(ctx context.Context, by access.Actor, name string) ([]string, error) {
	h, err := s.authorize(ctx, nil, by, access.PackageRead, name)
	if err != nil {
		return nil, err
	}
	return names(h.maintainers), nil
}

// Maintained lists the packages that a person maintains by name, as far as the actor may see them, at most
// 10,000.
func (s *Service) Maintained(ctx context.Context, by access.Actor, person string) ([]string, error) {
	if err := access.Check(by, access.PackageRead, access.Facts{Standing: access.Reader}, s.now()); err != nil {
		return nil, err
	}
	return store{s.db}.maintained(ctx, person, s.viewer(by), maxMaintained)
}

// MaintainedAmong lists the actor's packages, at most n, that are named, or whose scope is, as "@scope/*"; without any
// name, all. It is for saying what a limit would reach, before there is one.
func (s *Service) MaintainedAmong(ctx context.Context, by access.Actor, reach []string, n int) ([]string, error) {
	if err := access.Check(by, access.PackageRead, access.Facts{Standing: access.Reader}, s.now()); err != nil {
		return nil, err
	}
	if len(reach) == 0 {
		return store{s.db}.maintained(ctx, by.Name, s.viewer(by), n)
	}
	names, scopes := []string{"@"}, []string{"@"} // which none is called: a list must not be empty
	for _, r := range reach {
		if scope, ok := strings.CutSuffix(r, "/*"); ok {
			scopes = append(scopes, strings.TrimPrefix(scope, "@"))
		} else {
			names = append(names, r)
		}
	}
	return store{s.db}.maintainedAmong(ctx, by.Viewer(), names, scopes, n)
}

// SetMaintainers makes people the maintainers of a package, as npm owner asks for it: with the whole list.
// Who is missing there is removed at once; who is new is asked first, and returned. rev must be the
// package's revision.
func (s *Service) SetMaintainers(ctx context.Context, by access.Actor, name, rev string, people []string) (invited []string, err error) {
	people = slices.Compact(slices.Sorted(slices.Values(people)))
	if len(people) > maxMaintainers {
		return nil, errManyMaintainers
	}
	mail, err := s.mayMail(ctx, by, name, people)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, by, access.PackageMaintain, name, func(ctx context.Context, tx *db.Tx, h head) error {
		invited = nil
		if err := h.at(rev); err != nil {
			return err
		}
		before := names(h.maintainers)
		for _, p := range people {
			if slices.Contains(before, p) {
				continue
			}
			if err := s.ask(ctx, tx, by, h, p, mail[p]); err != nil {
				return err
			}
			invited = append(invited, p)
		}
		for _, p := range before {
			if slices.Contains(people, p) {
				continue
			}
			if h, err = s.removeMaintainer(ctx, tx, by, h, p); err != nil {
				return err
			}
		}
		return nil
	})
	return invited, err
}

// InviteMaintainer asks somebody to maintain a package. They do from when they accept. Asking somebody who
// does already changes nothing, and asking again begins the time to answer anew.
func (s *Service) InviteMaintainer(ctx context.Context, by access.Actor, name, person string) error {
	mail, err := s.mayMail(ctx, by, name, []string{person})
	if err != nil {
		return err
	}
	return s.change(ctx, by, access.PackageMaintain, name, func(ctx context.Context, tx *db.Tx, h head) error {
		if slices.Contains(names(h.maintainers), person) {
			return nil
		}
		return s.ask(ctx, tx, by, h, person, mail[person])
	})
}

// RemoveMaintainer ends somebody's rights over a package at once, or takes back that they were asked. The
// last maintainer stays.
func (s *Service) RemoveMaintainer(ctx context.Context, by access.Actor, name, person string) error {
	return s.change(ctx, by, access.PackageMaintain, name, func(ctx context.Context, tx *db.Tx, h head) error {
		if slices.Contains(names(h.maintainers), person) {
			_, err := s.removeMaintainer(ctx, tx, by, h, person)
			return err
		}
		n, err := store{tx}.withdraw(ctx, h.ID, person)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotMaintainer
		}
		return audit.Record(ctx, tx, s.now(), by, audit.Entry{Event: audit.MaintainerRemoved, Subject: subject(h.Name), Detail: map[string]string{"person": person}})
	})
}

// mayMail counts the letters to people who are asked to maintain a package: nobody must be flooded. Those
// over the limit find the invitation in the portal. It stands before the transaction, because tries count.
func (s *Service) mayMail(ctx context.Context, by access.Actor, name string, people []string) (map[string]bool, error) {
	h, err := s.authorize(ctx, nil, by, access.PackageMaintain, name)
	if err != nil {
		return nil, err
	}
	may := map[string]bool{}
	for _, p := range people {
		if slices.Contains(names(h.maintainers), p) {
			continue
		}
		err := s.limits.Take(ctx, "mail:maintain:"+p, s.cfg.Limits.MailRate)
		if may[p] = err == nil; err != nil && !errors.Is(err, limit.ErrTooMany) {
			return nil, err
		}
	}
	return may, nil
}

// ask writes an invitation, and perhaps a letter with it.
func (s *Service) ask(ctx context.Context, tx *db.Tx, by access.Actor, h head, name string, letter bool) error {
	st, now := store{tx}, s.now()
	p, err := st.person(ctx, name)
	if err != nil {
		return err
	}
	waiting, err := st.waiting(ctx, h.ID, p.ID, now)
	if err != nil {
		return err
	}
	if len(h.maintainers)+waiting >= maxMaintainers {
		return errManyMaintainers
	}
	if err := st.invite(ctx, db.NewID(), h.ID, p.ID, by.UserID, now, now.Add(InvitationLife)); err != nil {
		return err
	}
	if err := audit.Record(ctx, tx, now, by, audit.Entry{Event: audit.MaintainerInvited, Subject: subject(h.Name), Detail: map[string]string{"person": p.Name}}); err != nil {
		return err
	}
	if !letter {
		return nil
	}
	return s.notify(ctx, tx, p, "maintainer-invited", map[string]string{"By": by.Name, "Package": h.Name, "Link": s.cfg.URL + "settings/invitations"})
}

// removeMaintainer returns the package without them. What they asked of others ends with them.
func (s *Service) removeMaintainer(ctx context.Context, tx *db.Tx, by access.Actor, h head, name string) (head, error) {
	i := slices.IndexFunc(h.maintainers, func(m maintainer) bool { return m.Name == name })
	if len(h.maintainers) == 1 {
		return h, ErrLastMaintainer
	}
	st, now := store{tx}, s.now()
	if err := st.removeMaintainer(ctx, h.ID, h.maintainers[i].UserID); err != nil {
		return h, err
	}
	if err := st.bump(ctx, h.ID, now, 0, 0); err != nil {
		return h, err
	}
	if err := audit.Record(ctx, tx, now, by, audit.Entry{Event: audit.MaintainerRemoved, Subject: subject(h.Name), Detail: map[string]string{"person": name}}); err != nil {
		return h, err
	}
	err := s.tellMaintainers(ctx, tx, h, "maintainer-removed", map[string]string{"By": by.Name, "Person": name, "Package": h.Name})
	h.maintainers = slices.Delete(slices.Clone(h.maintainers), i, i+1)
	return h, err
}

// tellMaintainers writes to all maintainers of a package.
func (s *Service) tellMaintainers(ctx context.Context, tx *db.Tx, h head, template string, data map[string]string) error {
	for _, m := range h.maintainers {
		p, err := store{tx}.person(ctx, m.Name)
		if err != nil {
			return err
		}
		if err := s.notify(ctx, tx, p, template, data); err != nil {
			return err
		}
	}
	return nil
}

// notify writes to somebody at the address that they verified.
func (s *Service) notify(ctx context.Context, tx *db.Tx, p person, template string, data map[string]string) error {
	if !p.Verified {
		return nil
	}
	all := map[string]string{"Name": p.Name}
	for k, v := range data {
		all[k] = v
	}
	return s.out.Enqueue(ctx, tx, s.now(), mail.Letter{To: p.Email, Template: template, Data: all})
}

// Invitation asks somebody to maintain a package.
type Invitation struct {
	ID, Package, Description, InvitedBy string
	InvitedAt, ExpiresAt                time.Time
}

// Invitations lists what the actor was asked to maintain and has not answered, the oldest first.
func (s *Service) Invitations(ctx context.Context, by access.Actor) ([]Invitation, error) {
	if err := access.Check(by, access.InvitationView, access.Self(by, by.UserID), s.now()); err != nil {
		return nil, err
	}
	return store{s.db}.invitations(ctx, by.UserID, s.now())
}

// AnswerInvitation accepts or declines an invitation of the actor's, once, and returns its package.
func (s *Service) AnswerInvitation(ctx context.Context, by access.Actor, id string, accept bool) (name string, err error) {
	if err := access.Check(by, access.InvitationAnswer, access.Self(by, by.UserID), s.now()); err != nil {
		return "", err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		st, now := store{tx}, s.now()
		name, err = st.answer(ctx, id, by.UserID, now)
		if err != nil {
			return err
		}
		h, err := load(ctx, tx, name)
		if err != nil {
			return err
		}
		e := audit.Entry{Event: audit.MaintainerDeclined, Subject: subject(h.Name)}
		if !accept {
			return audit.Record(ctx, tx, now, by, e)
		}
		if err := st.insertMaintainer(ctx, h.ID, by.UserID, now); err != nil {
			return err
		}
		if err := st.bump(ctx, h.ID, now, 0, 0); err != nil {
			return err
		}
		e.Event = audit.MaintainerJoined
		if err := audit.Record(ctx, tx, now, by, e); err != nil {
			return err
		}
		return s.tellMaintainers(ctx, tx, h, "maintainer-joined", map[string]string{"Person": by.Name, "Package": h.Name})
	})
	if errors.Is(err, ErrNotFound) {
		err = errNoInvitation
	}
	return name, err
}

// SweepInvitations removes invitations that had their time.
func (s *Service) SweepInvitations(ctx context.Context) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return store{tx}.sweepInvitations(ctx, s.now()) })
}

var errNoInvitation = errs.New(errs.NotFound, "registry.no_invitation", "This invitation is not open any more: it was answered, withdrawn, or had its time.")
