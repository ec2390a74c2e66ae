// Package search finds packages by what they say about themselves. The text is split here, once for
// both databases; their own full-text indexes hold the terms.
package search

import (
	"cmp"
	"context"
	"slices"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
	"latchkey/internal/npm"
)

const (
	maxText = 256
	maxSize = 250
	maxFrom = 10_000
)

// What can be wrong with a search.
var (
	errText = errs.Newf(errs.Invalid, "search.text", "The text to search for is too long: expected at most %d bytes.", maxText)
	errPage = errs.Newf(errs.Invalid, "search.page", "Expected a size of at most %d, from a place between 0 and %d.", maxSize, maxFrom)
)

// Service is the door to searching.
type Service struct {
	db    *db.DB
	now   func() time.Time
	tries *limit.Memory
}

// New returns the service.
func New(d *db.DB, now func() time.Time, cfg *config.Config) *Service {
	return &Service{db: d, now: now, tries: limit.NewMemory(cfg.Limits.SearchRate, now)}
}

// Query is what is searched for, and which of the answers are wanted.
type Query struct {
	Text       string // words and author:, maintainer:, scope:, keywords:
	From, Size int
}

// Found is one package, as its latest version describes it.
type Found struct {
	npm.Head
	Name, Version, Publisher string
	PublishedAt              time.Time
	Private                  bool
	Popularity               int64 // downloads in the last 30 days, as last counted
	Maintainers              []string
}

// Results are a page of what was found. Total counts what the actor may see and nothing else.
type Results struct {
	Packages []Found
	Total    int64
}

// Search finds packages that the actor may see: those of exactly that name first, then those whose name
// begins with the text, then those that have its words; among equals deprecated ones last and the more
// popular first. An empty text finds all.
func (s *Service) Search(ctx context.Context, by access.Actor, q Query) (r Results, err error) {
	if err := access.Check(by, access.PackageRead, access.Facts{Standing: access.Reader}, s.now()); err != nil {
		return r, err
	}
	if err := s.tries.Take(cmp.Or(by.UserID, by.Address())); err != nil {
		return r, err
	}
	if len(q.Text) > maxText {
		return r, errText
	}
	if q.Size < 0 || q.Size > maxSize || q.From < 0 || q.From > maxFrom {
		return r, errPage
	}
	asked := ask(q.Text)
	if asked.nothing {
		return r, nil
	}
	st, w := store{s.db}, matching(s.db, asked, by.Viewer(), s.now())
	ids, err := st.hits(ctx, w, asked.plain, q.From, q.Size)
	if err != nil {
		return r, err
	}
	r.Total = int64(q.From + len(ids))
	if len(ids) == q.Size || len(ids) == 0 && q.From > 0 {
		if r.Total, err = st.count(ctx, w); err != nil {
			return r, err
		}
	}
	r.Packages, err = s.describe(ctx, ids)
	return r, err
}

// describe reads what is shown of packages, in their order.
func (s *Service) describe(ctx context.Context, ids []string) ([]Found, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	st := store{s.db}
	rows, err := st.described(ctx, ids)
	if err != nil {
		return nil, err
	}
	people, err := st.maintainers(ctx, ids)
	if err != nil {
		return nil, err
	}
	found := make([]Found, 0, len(rows))
	for _, id := range ids {
		i := slices.IndexFunc(rows, func(d described) bool { return d.PackageID == id })
		if i < 0 {
			continue // it went away between the two statements
		}
		d := rows[i]
		f := Found{
			Head: npm.ReadHead(d.Head), Name: d.Name, Version: d.Version, Publisher: d.Publisher, PublishedAt: d.PublishedAt,
			Private: d.Private, Popularity: d.Popularity,
		}
		for _, p := range people {
			if p.PackageID == id {
				f.Maintainers = append(f.Maintainers, p.Name)
			}
		}
		found = append(found, f)
	}
	return found, nil
}
