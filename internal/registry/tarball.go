package registry

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/blob"
	"latchkey/internal/npm"
)

// Tarball is an open tarball. Its bytes never change, so its digest is its ETag.
type Tarball struct {
	*blob.Blob
	Digest  string // hexadecimal SHA-512
	Private bool
}

// Tarball opens the tarball with a conventional file name ("widget-1.0.0.tgz") for reading.
func (s *Service) Tarball(ctx context.Context, by access.Actor, name, file string) (Tarball, error) {
	h, err := s.authorize(ctx, nil, by, access.PackageRead, name)
	if err != nil {
		return Tarball{}, err
	}
	n, err := npm.ParseName(name)
	if err != nil {
		return Tarball{}, ErrNotFound
	}
	v, ok := n.VersionOf(file)
	if !ok {
		return Tarball{}, ErrNotFound
	}
	t, err := s.tarballs.Get(ctx, h.ID+" "+v, func(ctx context.Context) (tarball, error) { return store{s.db}.tarball(ctx, h.ID, v) })
	if err != nil {
		return Tarball{}, err
	}
	b, err := s.blobs.Open(ctx, t.Blob)
	if err != nil {
		return Tarball{}, err
	}
	return Tarball{Blob: b, Digest: t.Blob, Private: h.Private}, nil
}
