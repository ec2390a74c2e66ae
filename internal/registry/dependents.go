package registry

import (
	"bytes"
	"context"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/npm"
)

const (
	dependentsPerPage = 100
	listedAtOnce      = 200 // versions whose dependencies one transaction lists
)

// Dependents are packages that need another one.
type Dependents struct {
	Packages []Summary
	Next     string // the name to go on after; "" at the end
	Count    int64  // of all of them, up to 10,000
	More     bool   // there are more than were counted
}

// Dependents lists the packages with a version that needs a package, apart from those that need it only to be
// worked on, as far as the actor may see them: at most 100, by name, after a name.
func (s *Service) Dependents(ctx context.Context, by access.Actor, name, after string) (d Dependents, err error) {
	h, err := s.authorize(ctx, nil, by, access.PackageRead, name)
	if err != nil {
		return d, err
	}
	st := store{s.db}
	if d.Packages, err = st.dependentsPage(ctx, h, s.viewer(by), after, dependentsPerPage+1); err != nil {
		return d, err
	}
	if len(d.Packages) > dependentsPerPage {
		d.Packages = d.Packages[:dependentsPerPage]
		d.Next = d.Packages[dependentsPerPage-1].Name
	}
	d.Count, err = st.countDependents(ctx, h, s.viewer(by))
	d.More = d.Count == maxCounted
	return d, err
}

// ListDependencies lists the dependencies of versions that were published before they were listed, some at a
// time, until none is left.
func (s *Service) ListDependencies(ctx context.Context) error {
	for {
		some, err := store{s.db}.unlisted(ctx, listedAtOnce)
		if err != nil || len(some) == 0 {
			return err
		}
		err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			for _, v := range some {
				if err := (store{tx}).list(ctx, v); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// list reads a version's dependencies from its manifest. One that asks for more than is accepted today has
// none, so that it does not keep the others waiting.
func (s store) list(ctx context.Context, v unlisted) error {
	asked, err := npm.Publish{Manifest: bytes.ReplaceAll(v.Body, []byte{npm.Address}, nil)}.Dependencies()
	if err != nil {
		asked = nil
	}
	if err := s.forgetDependencies(ctx, v.ID); err != nil {
		return err
	}
	if err := s.insertDependencies(ctx, v.PackageID, v.ID, asked); err != nil {
		return err
	}
	return s.setListed(ctx, v.ID)
}
