package registry

import (
	"context"
	"math"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/npm"
)

const (
	versionsPerPage = 100
	packagesPerPage = 100
)

// Summary is a package in a list.
type Summary struct {
	Name, Description, Version, PublishedBy string
	PublishedAt                             time.Time
	Private                                 bool
}

// Version is one version in a list.
type Version struct {
	Version, PublishedBy      string
	PublishedAt               time.Time
	Number                    int64      // in the order of publication, from 1
	Size, UnpackedSize, Files int64      // bytes, bytes, count
	Via                       access.Via // by what means it was published; "" when the security log no longer knows
	Previous                  string     // the version to compare it with, or ""
}

// Page is what the portal shows of a package.
type Page struct {
	Summary
	Readme                        string
	License, Homepage, Repository string
	Directory                     string // of the repository, where the package is
	Keywords, Maintainers         []string
	Tags                          []Tag
	VersionCount                  int64
	Via                           access.Via // by what means the latest version was published
	Size, UnpackedSize, Files     int64      // of the latest version
	MayChange                     bool       // the actor, who finds its settings
}

// Page returns a package for the portal.
func (s *Service) Page(ctx context.Context, by access.Actor, name string) (Page, error) {
	h, err := s.authorize(ctx, nil, by, access.PackageRead, name)
	if err != nil {
		return Page{}, err
	}
	st := store{s.db}
	l, err := st.latest(ctx, h.ID)
	if err != nil {
		return Page{}, err
	}
	tags, err := st.tags(ctx, h.ID)
	if err != nil {
		return Page{}, err
	}
	p := Page{
		Summary: Summary{h.Name, h.Description, l.Version, l.PublishedBy, l.PublishedAt, h.Private},
		Readme:  l.Readme, Maintainers: names(h.maintainers), Tags: tags,
		VersionCount: h.VersionCount, Size: l.Size, UnpackedSize: l.UnpackedSize, Files: l.FileCount,
	}
	about := npm.ReadHead([]byte(l.Head))
	p.License, p.Homepage, p.Repository, p.Keywords = about.License, about.Homepage, about.Repository, about.Keywords
	p.Directory = about.Directory
	published := []Version{{Version: l.Version, PublishedAt: l.PublishedAt}}
	err = s.means(ctx, h.Name, published)
	p.Via = published[0].Via
	if err != nil || !by.SignedIn() {
		return p, err
	}
	f, err := s.facts(ctx, nil, by, access.PackageSettings, h)
	p.MayChange = access.Check(by, access.PackageSettings, f, s.now()) == nil
	return p, err
}

// Versions lists versions, newest first, below a number (0 for the newest), at most 100.
func (s *Service) Versions(ctx context.Context, by access.Actor, name string, below int64) ([]Version, error) {
	h, err := s.authorize(ctx, nil, by, access.PackageRead, name)
	if err != nil {
		return nil, err
	}
	if below <= 0 {
		below = math.MaxInt64
	}
	// One more, which the last one may be compared with.
	versions, err := store{s.db}.published(ctx, h.ID, below, versionsPerPage+1)
	if err != nil {
		return nil, err
	}
	precede(versions)
	versions = versions[:min(len(versions), versionsPerPage)]
	return versions, s.means(ctx, h.Name, versions)
}

// Recent lists the n packages that were published last, each with its newest version, as far as the actor may see them.
func (s *Service) Recent(ctx context.Context, by access.Actor, n int) ([]Summary, error) {
	if err := access.Check(by, access.PackageRead, access.Facts{Standing: access.Reader}, s.now()); err != nil {
		return nil, err
	}
	return store{s.db}.recent(ctx, s.viewer(by), n)
}

// ByPerson lists the packages that a person maintains, as far as the actor may see them: at most 100, by name,
// after a name. next is the name to go on after, or "" at the end.
func (s *Service) ByPerson(ctx context.Context, by access.Actor, person, after string) (list []Summary, next string, err error) {
	if err := access.Check(by, access.PackageRead, access.Facts{Standing: access.Reader}, s.now()); err != nil {
		return nil, "", err
	}
	list, err = store{s.db}.maintainedBy(ctx, person, s.viewer(by), after, packagesPerPage+1)
	if len(list) > packagesPerPage {
		list = list[:packagesPerPage]
		next = list[packagesPerPage-1].Name
	}
	return list, next, err
}

// Find returns the id of a package that the actor may read, for what is kept beside packages.
func (s *Service) Find(ctx context.Context, by access.Actor, name string) (id string, err error) {
	h, err := s.authorize(ctx, nil, by, access.PackageRead, name)
	return h.ID, err
}

// Count says how much is published.
type Count struct{ Packages, Versions int64 }

// Count says how much is published in all, private packages included, to operators.
func (s *Service) Count(ctx context.Context, by access.Actor) (Count, error) {
	if err := access.Check(by, access.OperatorView, access.Installation(by), s.now()); err != nil {
		return Count{}, err
	}
	return store{s.db}.count(ctx)
}
