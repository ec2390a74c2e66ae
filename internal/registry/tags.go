package registry

import (
	"context"
	"errors"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/npm"
	"latchkey/internal/search"
)

// Tag is a name for a version, such as latest.
type Tag struct{ Name, Version string }

// Tags lists a package's tags by name.
func (s *Service) Tags(ctx context.Context, by access.Actor, name string) ([]Tag, error) {
	h, err := s.authorize(ctx, nil, by, access.PackageRead, name)
	if err != nil {
		return nil, err
	}
	return store{s.db}.tags(ctx, h.ID)
}

// SetTag points a tag to a version that exists.
func (s *Service) SetTag(ctx context.Context, by access.Actor, name, tag, ver string) error {
	if err := npm.ParseTag(tag); err != nil {
		return err
	}
	err := s.change(ctx, by, access.PackageTag, name, func(ctx context.Context, tx *db.Tx, h head) error {
		v, err := store{tx}.version(ctx, h.ID, ver)
		if err != nil {
			return err
		}
		if err := s.point(ctx, tx, h.ID, tag, v.ID); err != nil {
			return err
		}
		if err := (store{tx}).bump(ctx, h.ID, s.now(), 0, 0); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.now(), by, audit.Entry{
			Event: audit.PackageTagged, Subject: subject(h.Name), Detail: map[string]string{"tag": tag, "version": ver},
		})
	})
	if errors.Is(err, access.ErrSecondFactor) {
		err = access.ErrSecondFactor.With(access.OwedError{Deed: access.Deed{Action: access.PackageTag, Package: name, Version: ver}})
	}
	return err
}

// RemoveTag removes a tag. latest must stay, because clients install what it points to.
func (s *Service) RemoveTag(ctx context.Context, by access.Actor, name, tag string) error {
	return s.change(ctx, by, access.PackageTag, name, func(ctx context.Context, tx *db.Tx, h head) error {
		if tag == "latest" {
			return ErrLatest
		}
		n, err := store{tx}.removeTag(ctx, h.ID, tag)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrTagNotFound
		}
		if err := (store{tx}).bump(ctx, h.ID, s.now(), 0, 0); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.now(), by, audit.Entry{
			Event: audit.PackageUntagged, Subject: subject(h.Name), Detail: map[string]string{"tag": tag},
		})
	})
}

// point points a tag to a version that is there already. What latest points to also describes the package.
func (s *Service) point(ctx context.Context, tx *db.Tx, packageID, tag, versionID string) error {
	if err := s.setTag(ctx, tx, packageID, tag, versionID); err != nil || tag != "latest" {
		return err
	}
	members, err := store{tx}.headMembers(ctx, versionID)
	if err != nil {
		return err
	}
	return describeAs(ctx, tx, packageID, members)
}

// setTag points a tag to a version.
func (s *Service) setTag(ctx context.Context, tx *db.Tx, packageID, tag, versionID string) error {
	if tag != "latest" { // which every package has
		n, err := store{tx}.otherTags(ctx, packageID, tag)
		if err != nil {
			return err
		}
		if n >= maxTags {
			return errTooManyTags
		}
	}
	return store{tx}.setTag(ctx, packageID, tag, versionID)
}

// describeAs makes the package's description that of the version whose head members are given, the one
// that latest points to, and searches find it by them.
func describeAs(ctx context.Context, tx *db.Tx, packageID string, head []byte) error {
	about := npm.ReadHead(head)
	if err := (store{tx}).describe(ctx, packageID, about.Description); err != nil {
		return err
	}
	return search.Index(ctx, tx, packageID, about)
}
