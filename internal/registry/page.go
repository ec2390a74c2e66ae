package registry

import (
	"context"
	"math"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/access"
)

const (
	versionsPerPage = 100
	packagesPerPage = 200
	maxKeywords     = 50
	maxMember       = 1024 // bytes
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
	Number                    int64 // in the order of publication, from 1
	Size, UnpackedSize, Files int64 // bytes, bytes, count
}

// Page is what the portal shows of a package.
type Page struct {
	Summary
	Readme                        string
	License, Homepage, Repository string
	Keywords, Maintainers         []string
	Tags                          []Tag
	VersionCount                  int64
	Size, UnpackedSize, Files     int64 // of the latest version
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
	p.addHead(l.Head)
	return p, nil
}

// addHead reads what authors write in many ways: a license as text or {type}, a repository as text or
// {url}, keywords as a list or one text. What has another form is left out.
func (p *Page) addHead(members string) {
	var m struct {
		Homepage   jsontext.Value `json:"homepage"`
		License    jsontext.Value `json:"license"`
		Repository jsontext.Value `json:"repository"`
		Keywords   jsontext.Value `json:"keywords"`
	}
	if json.Unmarshal([]byte(members), &m) != nil {
		return
	}
	p.Homepage, p.License, p.Repository = member(m.Homepage, "url"), member(m.License, "type"), member(m.Repository, "url")
	if m.Keywords.Kind() == '"' {
		p.Keywords = []string{member(m.Keywords, "")}
		return
	}
	var words []jsontext.Value
	_ = json.Unmarshal(m.Keywords, &words)
	for _, w := range words[:min(len(words), maxKeywords)] {
		if text := member(w, ""); text != "" {
			p.Keywords = append(p.Keywords, text)
		}
	}
}

// member is v when it is text, or the text at key when it is an object; cut to what a page has room for.
func member(v jsontext.Value, key string) (text string) {
	if v.Kind() == '{' && key != "" {
		var o map[string]jsontext.Value
		_ = json.Unmarshal(v, &o)
		v = o[key]
	}
	if v.Kind() == '"' {
		_ = json.Unmarshal(v, &text)
	}
	return storable(text, maxMember)
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
	return store{s.db}.published(ctx, h.ID, below, versionsPerPage)
}

// Recent lists the n packages that changed last, as far as the actor may see them.
func (s *Service) Recent(ctx context.Context, by access.Actor, n int) ([]Summary, error) {
	if err := access.Check(by, access.PackageRead, access.Facts{Standing: access.Reader}, s.now()); err != nil {
		return nil, err
	}
	return store{s.db}.recent(ctx, by.UserID, n)
}

// ByPerson lists the packages that a person maintains, as far as the actor may see them, at most 200.
func (s *Service) ByPerson(ctx context.Context, by access.Actor, person string) ([]Summary, error) {
	if err := access.Check(by, access.PackageRead, access.Facts{Standing: access.Reader}, s.now()); err != nil {
		return nil, err
	}
	return store{s.db}.maintainedBy(ctx, person, by.UserID, packagesPerPage)
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
