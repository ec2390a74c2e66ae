package registry

import (
	"context"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
)

const maxStarred = 1000

// Star notes that the actor likes a package, or no longer does. It takes no revision: only the actor's own
// star changes, whatever document they read before.
func (s *Service) Star(ctx context.Context, by access.Actor, name string, on bool) error {
	if err := access.Check(by, access.PackageStar, access.Self(by, by.UserID), s.now()); err != nil {
		return err
	}
	return s.change(ctx, by, access.PackageRead, name, func(ctx context.Context, tx *db.Tx, h head) error {
		st, e := store{tx}, audit.Entry{Event: audit.PackageStarred, Subject: subject(h.Name)}
		var n int64
		var err error
		if on {
			n, err = st.star(ctx, h.ID, by.UserID, s.now())
		} else {
			e.Event = audit.PackageUnstarred
			n, err = st.unstar(ctx, h.ID, by.UserID)
		}
		if n == 0 || err != nil {
			return err
		}
		if err := st.touch(ctx, h.ID); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.now(), by, e)
	})
}

// Starred lists the packages that a person starred, as far as the actor may see them, at most 1,000.
func (s *Service) Starred(ctx context.Context, by access.Actor, person string) ([]string, error) {
	if err := access.Check(by, access.PackageRead, access.Facts{Standing: access.Reader}, s.now()); err != nil {
		return nil, err
	}
	return store{s.db}.starred(ctx, person, s.viewer(by), maxStarred)
}
