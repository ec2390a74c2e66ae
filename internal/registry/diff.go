package registry

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/archive"
	"latchkey/internal/tardiff"
)

// Diff is what changed from one version to another.
type Diff struct {
	From, To Version
	tardiff.Diff
}

// Diff compares the tarballs of two versions. A path in only leaves all other files out.
func (s *Service) Diff(ctx context.Context, by access.Actor, name, from, to, only string) (Diff, error) {
	old, before, err := s.side(ctx, by, name, from)
	if err != nil {
		return Diff{}, err
	}
	fresh, after, err := s.side(ctx, by, name, to)
	if err != nil {
		return Diff{}, err
	}
	d, err := tardiff.Compare(ctx, before, after, only)
	return Diff{From: old, To: fresh, Diff: d}, err
}

func (s *Service) side(ctx context.Context, by access.Actor, name, ver string) (Version, tardiff.Side, error) {
	v, err := s.looked(ctx, by, name, ver)
	if err != nil {
		return Version{}, tardiff.Side{}, err
	}
	x, err := s.look.index(ctx, s, v.Blob)
	return v.listed(), tardiff.Side{Index: x, Text: func(ctx context.Context, most int64, files ...archive.Entry) (map[string][]byte, error) {
		return s.look.texts(ctx, s, v.Blob, most, files...)
	}}, err
}

// listed is a version as lists show it, without who published it.
func (v version) listed() Version {
	return Version{
		Version: v.Version, PublishedAt: v.PublishedAt, Number: v.Number, Size: v.Size, UnpackedSize: v.UnpackedSize, Files: v.FileCount,
	}
}
