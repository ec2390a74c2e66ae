package org

import (
	"context"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/errs"
)

// ErrHasPackages refuses to delete an organization to which packages belong.
var ErrHasPackages = errs.New(errs.Conflict, "org.has_packages", "The organization has packages. Delete each of them first, by its own page, which says who depends on it.")

// Ending is what goes with an organization.
type Ending struct {
	Members, Teams, Invitations, Packages int64
}

// Ending says what would go with an organization, to its owners.
func (s *Service) Ending(ctx context.Context, by access.Actor, name string) (Ending, error) {
	st, err := s.authorize(ctx, s.db, by, access.OrgDelete, name)
	if err != nil {
		return Ending{}, err
	}
	return store{s.db}.ending(ctx, st.OrgID, name, s.now())
}

// Delete removes an organization, with its teams and invitations, and tells its owners. Its name stays taken for
// ever, so that nobody publishes under a scope that others trust. confirm is the name, typed.
func (s *Service) Delete(ctx context.Context, by access.Actor, name, confirm string) error {
	return s.change(ctx, by, access.OrgDelete, name, func(ctx context.Context, tx *db.Tx, o Org) error {
		if confirm != name {
			return errs.Field("confirm", "Type "+name+" to confirm.")
		}
		st := store{tx}
		e, err := st.ending(ctx, o.ID, name, s.now())
		if err != nil {
			return err
		}
		if e.Packages > 0 {
			return ErrHasPackages
		}
		owners, err := st.owners(ctx, o.ID)
		if err != nil {
			return err
		}
		for _, id := range owners {
			if err := s.accounts.Notify(ctx, tx, id, "org-deleted", map[string]string{"Org": name, "By": by.Name}); err != nil {
				return err
			}
		}
		if err := s.record(ctx, tx, by, o, audit.OrgDeleted, nil); err != nil {
			return err
		}
		return st.deleteOrg(ctx, o.ID)
	})
}
