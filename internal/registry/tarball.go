package registry

import (
	"bytes"
	"context"
	"errors"
	"io"

	"latchkey/internal/access"
	"latchkey/internal/blob"
	"latchkey/internal/npm"
)

// smallTarball is the size up to which tarballs are kept in memory, in bytes.
const smallTarball = 64 << 10

// Tarball is an open tarball. Its bytes never change, so its digest is its ETag.
type Tarball struct {
	*blob.Blob
	Digest    string // hexadecimal SHA-512
	VersionID string // what downloads are counted by
	Private   bool
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
	b, err := s.openTarball(ctx, t)
	if err != nil {
		return Tarball{}, err
	}
	return Tarball{Blob: b, Digest: t.Blob, VersionID: t.ID, Private: h.Private}, nil
}

// openTarball opens a large tarball where it lies, from where the kernel can send it, and takes a small
// one from memory, because opening its file costs more than sending its bytes.
func (s *Service) openTarball(ctx context.Context, t tarball) (*blob.Blob, error) {
	if t.Size > smallTarball {
		return s.blobs.Open(ctx, t.Blob)
	}
	r, err := s.ready.Load(ctx, readyKey{id: t.Blob}, func(ctx context.Context) (*ready, error) {
		b, err := s.blobs.Open(context.WithoutCancel(ctx), t.Blob)
		if err != nil {
			return nil, err
		}
		content := make([]byte, b.Size)
		_, err = io.ReadFull(b.Content, content)
		return &ready{bytes: content}, errors.Join(err, b.Content.Close())
	})
	if err != nil {
		return nil, err
	}
	return &blob.Blob{Content: inMemory{bytes.NewReader(r.bytes)}, Size: int64(len(r.bytes))}, nil
}

// inMemory is a reader with nothing to close.
type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }
