package search

import (
	"context"
	"time"

	"latchkey/db"
	"latchkey/internal/npm"
)

const (
	refreshed  = 500                 // rows that one transaction of Refresh writes
	popularFor = 30 * 24 * time.Hour // the downloads that popularity counts
	dayForm    = "2006-01-02"
)

// Index makes a package findable by what its latest version says. It is called in the transaction that
// changes that, so a package is found when its publish is answered; most publishes change no term, and
// then it writes nothing.
func Index(ctx context.Context, tx *db.Tx, packageID string, about npm.Head) error {
	st := store{tx}
	e, err := st.entry(ctx, packageID)
	if err != nil {
		return err
	}
	_, base := split(e.Name)
	return st.index(ctx, packageID, e, base, terms(e.Name, about))
}

// Rank puts a package whose latest version is deprecated behind those that are not, or back among them. It is
// called in the transaction that changes that.
func Rank(ctx context.Context, tx *db.Tx, packageID string) error {
	e, err := store{tx}.entry(ctx, packageID)
	if err != nil {
		return err
	}
	return store{tx}.rank(ctx, packageID, e.Deprecated)
}

// Refresh indexes packages that the index lacks, or has by older rules, and counts how popular each is.
func (s *Service) Refresh(ctx context.Context) error {
	for {
		stale, err := store{s.db}.stale(ctx, refreshed)
		if err != nil {
			return err
		}
		if len(stale) == 0 {
			break
		}
		err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			for _, p := range stale {
				if err := Index(ctx, tx, p.PackageID, npm.ReadHead(p.Head)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	moved, err := store{s.db}.moved(ctx, s.now().Add(-popularFor).UTC().Format(dayForm))
	for len(moved) > 0 && err == nil {
		n := min(len(moved), refreshed)
		err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			for _, p := range moved[:n] {
				if err := (store{tx}).setPopularity(ctx, p.PackageID, p.Popularity); err != nil {
					return err
				}
			}
			return nil
		})
		moved = moved[n:]
	}
	return err
}
