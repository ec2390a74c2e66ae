package registry

import (
	"context"
	"errors"
	"slices"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/errs"
	"latchkey/internal/npm"
)

// The public registry's rules, which people know: within three days what nobody depends on, later what
// also few download and one person answers for.
const (
	unpublishWithin = 72 * time.Hour
	fewDownloads    = 300 // in the last seven days
	// heldFor is how long nobody may take the name of a package that was unpublished as a whole: whoever
	// still installs it should see it fail before they could be given another.
	heldFor = 24 * time.Hour
)

var (
	errLastVersion = errs.New(errs.Invalid, "registry.last_version", "No version would be left. To unpublish the whole package, name no version: npm unpublish NAME --force.")
	errStillThere  = errs.New(errs.Conflict, "registry.still_published", "This version is still published: unpublish it first, then its tarball goes with it.")
	// ErrUnpublish answers for what may not be unpublished any more; its message says why.
	ErrUnpublish = errs.New(errs.Forbidden, "registry.unpublish", "This can no longer be unpublished.")
)

// UnpublishVersions removes the versions that are not kept. Their numbers are never used again. rev must be
// the package's revision, as npm unpublish sends back the document that it read, without a version.
func (s *Service) UnpublishVersions(ctx context.Context, by access.Actor, name, rev string, kept map[string]string) error {
	return s.unpublish(ctx, by, name, rev, func(v string) bool { _, ok := kept[v]; return !ok })
}

// UnpublishVersion removes one version, as UnpublishVersions does.
func (s *Service) UnpublishVersion(ctx context.Context, by access.Actor, name, rev, version string) error {
	return s.unpublish(ctx, by, name, rev, func(v string) bool { return v == version })
}

func (s *Service) unpublish(ctx context.Context, by access.Actor, name, rev string, goes func(version string) bool) error {
	return s.change(ctx, by, access.PackageUnpublish, name, func(ctx context.Context, tx *db.Tx, h head) error {
		if err := h.at(rev); err != nil {
			return err
		}
		all, err := store{tx}.publications(ctx, h.ID)
		if err != nil {
			return err
		}
		gone := slices.DeleteFunc(slices.Clone(all), func(p publication) bool { return !goes(p.Version) })
		if len(gone) == 0 {
			return nil
		}
		if len(gone) == len(all) {
			return errLastVersion
		}
		oldest := slices.MinFunc(gone, func(a, b publication) int { return a.PublishedAt.Compare(b.PublishedAt) })
		if err := s.unpublishable(ctx, tx, by, h, oldest.PublishedAt); err != nil {
			return err
		}
		left := slices.DeleteFunc(all, func(p publication) bool { return goes(p.Version) })
		return s.removeVersions(ctx, tx, by, h, gone, left)
	})
}

func (s *Service) removeVersions(ctx context.Context, tx *db.Tx, by access.Actor, h head, gone, left []publication) error {
	now, st := s.now(), store{tx}
	if err := st.retire(ctx, h.Name, gone, by.Name, now); err != nil {
		return err
	}
	ids := make([]string, len(gone))
	for i, p := range gone {
		ids[i] = p.ID
	}
	latestGone, err := st.untag(ctx, h.ID, ids)
	if err != nil {
		return err
	}
	if latestGone {
		next := npm.Highest(versionsOf(left))
		i := slices.IndexFunc(left, func(p publication) bool { return p.Version == next })
		if err := s.point(ctx, tx, h.ID, "latest", left[i].ID); err != nil {
			return err
		}
	}
	bytes, err := st.removeVersions(ctx, ids)
	if err != nil {
		return err
	}
	if err := st.bump(ctx, h.ID, now, -len(gone), -bytes); err != nil {
		return err
	}
	return audit.Record(ctx, tx, now, by, audit.Entry{
		Event: audit.PackageUnpublished, Subject: subject(h.Name), Detail: map[string]string{"versions": some(versionsOf(gone))},
	})
}

func versionsOf(ps []publication) []string {
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = p.Version
	}
	return out
}

// Unpublish removes a package with all its versions. rev must be its revision. The name is nobody's for a
// day, the version numbers are never used again.
func (s *Service) Unpublish(ctx context.Context, by access.Actor, name, rev string) error {
	return s.change(ctx, by, access.PackageUnpublish, name, func(ctx context.Context, tx *db.Tx, h head) error {
		if err := h.at(rev); err != nil {
			return err
		}
		if err := s.unpublishable(ctx, tx, by, h, h.CreatedAt); err != nil {
			return err
		}
		now, st := s.now(), store{tx}
		all, err := st.publications(ctx, h.ID)
		if err != nil {
			return err
		}
		if err := st.retire(ctx, h.Name, all, by.Name, now); err != nil {
			return err
		}
		n, err := npm.ParseName(h.Name)
		if err != nil {
			return err
		}
		if err := st.retireName(ctx, n, by.Name, now, now.Add(heldFor)); err != nil {
			return err
		}
		if err := st.removePackage(ctx, h.ID); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Entry{
			Event: audit.PackageRemoved, Subject: subject(h.Name), Detail: map[string]string{"versions": some(versionsOf(all))},
		})
	})
}

// TarballRemoved answers npm unpublish's second step, which removes the tarball of a version that it has
// just unpublished: it returns nil when the version is gone, and changes nothing.
func (s *Service) TarballRemoved(ctx context.Context, by access.Actor, name, file string) error {
	h, err := s.authorize(ctx, nil, by, access.PackageUnpublish, name)
	if err != nil {
		return err
	}
	n, err := npm.ParseName(name)
	if err != nil {
		return ErrNotFound
	}
	v, ok := n.VersionOf(file)
	if !ok {
		return ErrNotFound
	}
	if _, err = (store{s.db}).version(ctx, h.ID, v); err == nil {
		return errStillThere
	}
	if !errors.Is(err, ErrVersionNotFound) {
		return err
	}
	_, err = store{s.db}.retired(ctx, name, v)
	return err
}

// unpublishable says whether what was published at a time may go, and if not, why. Only what the actor may
// see counts as depending on it, so that the answer tells nothing of hidden packages.
func (s *Service) unpublishable(ctx context.Context, q db.Q, by access.Actor, h head, since time.Time) error {
	if s.cfg.Unpublish == "always" {
		return nil
	}
	refuse := func(format string, args ...any) error {
		const instead = " Deprecate it instead: npm deprecate %s \"why\"."
		return errs.Newf(errs.Forbidden, ErrUnpublish.Code, format+instead, append(args, h.Name)...)
	}
	st := store{q}
	on, err := st.dependents(ctx, h, s.viewer(by), "", 1)
	if err != nil {
		return err
	}
	if len(on) > 0 {
		return refuse("%s cannot be unpublished, because %s depends on it.", h.Name, on[0])
	}
	if s.now().Sub(since) <= unpublishWithin {
		return nil
	}
	if len(h.maintainers) > 1 {
		return refuse("%s was published more than 72 hours ago and has %d maintainers, so it can no longer be unpublished.", h.Name, len(h.maintainers))
	}
	n, err := st.downloads(ctx, h.ID, s.now().AddDate(0, 0, -7))
	if err != nil {
		return err
	}
	if n >= fewDownloads {
		return refuse("%s was published more than 72 hours ago and downloaded %d times in the last seven days, so it can no longer be unpublished.", h.Name, n)
	}
	return nil
}
