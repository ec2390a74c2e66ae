package registry

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"deps.dev/util/semver"

	"latchkey/internal/access"
	"latchkey/internal/errs"
	"latchkey/internal/npm"
)

const (
	deprecationsListed = 50
	dependentsNamed    = 5 // in a preview
)

// Settings is what those who may change a package see of how it is set up.
type Settings struct {
	Private     bool
	Scope       string // "" when the package can only be public
	Maintainers []Maintainer
	Asked       []Asked
	Deprecated  []Deprecation
	// Why the actor may not change who sees it, who maintains it, or unpublish it. Empty when they may.
	NoAccess, NoMaintain, NoUnpublish string
}

// Maintainer is somebody who maintains a package.
type Maintainer struct {
	Name  string
	Since time.Time
}

// Asked is somebody who was asked to maintain a package and has not answered.
type Asked struct {
	Name, By  string
	ExpiresAt time.Time
}

// Deprecation is a message, and some of the versions that show it.
type Deprecation struct {
	Message, Versions string
	Count             int
}

// Settings returns how a package is set up, to those who may change it.
func (s *Service) Settings(ctx context.Context, by access.Actor, name string) (out Settings, err error) {
	h, err := s.authorize(ctx, nil, by, access.PackageSettings, name)
	if err != nil {
		return out, err
	}
	st := store{s.db}
	out.Private, out.Scope = h.Private, scopeOf(h.Name)
	if out.Maintainers, err = st.maintainersSince(ctx, h.ID); err != nil {
		return out, err
	}
	if out.Asked, err = st.asked(ctx, h.ID, s.now()); err != nil {
		return out, err
	}
	all, err := st.deprecations(ctx, h.ID)
	if err != nil {
		return out, err
	}
	out.Deprecated = grouped(all)
	f, err := s.facts(ctx, nil, by, access.PackageMaintain, h)
	if err != nil {
		return out, err
	}
	out.NoMaintain = refusal(access.Check(by, access.PackageMaintain, f, s.now()))
	out.NoUnpublish = refusal(access.Check(by, access.PackageUnpublish, f, s.now()))
	if f, err = s.scopeFacts(ctx, nil, by, h); err != nil {
		return out, err
	}
	out.NoAccess = refusal(access.Check(by, access.PackageSetAccess, f, s.now()))
	return out, nil
}

// refusal is what an error says, or nothing when all that is missing is to confirm who one is: that is
// asked for when it is needed.
func refusal(err error) string {
	if err == nil || errors.Is(err, access.ErrSudo) {
		return ""
	}
	return errs.Of(err).Msg
}

// grouped are the messages of versions, those of the newest versions first.
func grouped(all map[string]string) (out []Deprecation) {
	versions := map[string][]string{}
	for v, message := range all {
		if message != "" {
			versions[message] = append(versions[message], v)
		}
	}
	for _, of := range versions {
		slices.SortFunc(of, func(a, b string) int { return semver.NPM.Compare(b, a) })
	}
	for message, of := range versions {
		out = append(out, Deprecation{Message: message, Versions: some(of), Count: len(of)})
	}
	slices.SortFunc(out, func(a, b Deprecation) int {
		return cmp.Or(semver.NPM.Compare(versions[b.Message][0], versions[a.Message][0]), cmp.Compare(a.Message, b.Message))
	})
	return out[:min(len(out), deprecationsListed)]
}

// Impact is what unpublishing a version, or a whole package, would do.
type Impact struct {
	Name, Version  string // Version is "" for the whole package
	Revision       string // of the package that was looked at
	Versions       int64  // that would go
	Dependents     []string
	DependentCount int64    // that the actor may see, Dependents being the first of them
	Downloads      int64    // of the whole package, in the last seven days
	Tags           []string // that would go, latest apart
	Latest         string   // what latest would lead to; "" when that does not change
	Refused        string   // why the rules do not let it go; "" when they do
}

// Impact says what unpublishing a version would do, or with no version the whole package.
func (s *Service) Impact(ctx context.Context, by access.Actor, name, version string) (i Impact, err error) {
	h, err := s.authorize(ctx, nil, by, access.PackageUnpublish, name)
	if err != nil {
		return i, err
	}
	st := store{s.db}
	i = Impact{Name: h.Name, Version: version, Revision: h.rev, Versions: h.VersionCount}
	since := h.CreatedAt
	if version != "" {
		if since, err = s.impactOf(ctx, h, &i); err != nil {
			return i, err
		}
	}
	if i.Dependents, err = st.dependents(ctx, h, s.viewer(by), "", dependentsNamed); err != nil {
		return i, err
	}
	if i.DependentCount, err = st.countDependents(ctx, h, s.viewer(by)); err != nil {
		return i, err
	}
	if i.Downloads, err = st.downloads(ctx, h.ID, s.now().AddDate(0, 0, -7)); err != nil {
		return i, err
	}
	if i.Refused == "" {
		if err = s.unpublishable(ctx, s.db, by, h, since); errors.Is(err, ErrUnpublish) {
			i.Refused, err = errs.Of(err).Msg, nil
		}
	}
	return i, err
}

// impactOf fills in what is about one version, and returns when it was published.
func (s *Service) impactOf(ctx context.Context, h head, i *Impact) (time.Time, error) {
	st := store{s.db}
	all, err := st.publications(ctx, h.ID)
	if err != nil {
		return time.Time{}, err
	}
	at := slices.IndexFunc(all, func(p publication) bool { return p.Version == i.Version })
	if at < 0 {
		return time.Time{}, ErrVersionNotFound
	}
	since := all[at].PublishedAt
	if i.Versions = 1; len(all) == 1 {
		i.Refused = "No version would be left. Delete the whole package instead."
		return since, nil
	}
	tags, err := st.tags(ctx, h.ID)
	if err != nil {
		return time.Time{}, err
	}
	for _, t := range tags {
		switch {
		case t.Version != i.Version:
		case t.Name == "latest":
			i.Latest = npm.Highest(versionsOf(slices.Delete(slices.Clone(all), at, at+1)))
		default:
			i.Tags = append(i.Tags, t.Name)
		}
	}
	return since, nil
}
