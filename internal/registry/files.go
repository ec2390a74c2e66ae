package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/archive"
	"latchkey/internal/cache"
	"latchkey/internal/errs"
)

// MaxShown is the largest file whose content is given out to be looked at, in bytes.
const MaxShown = 512 << 10

const (
	indexBytes = 16 << 20 // of indexes that are remembered
	textBytes  = 16 << 20 // of files that were looked at
	// turnWait is how long a reader waits for a turn, and readFor how long a tarball may take.
	turnWait = 5 * time.Second
	readFor  = 30 * time.Second
)

// What looking into a tarball may find missing.
var (
	ErrFileNotFound = errs.New(errs.NotFound, "registry.file_not_found", "This version has no such file or folder.")
	errUnpacked     = errs.New(errs.TooLarge, "registry.unpacked", "This version unpacks to more than is shown here.")
	errLooking      = errs.New(errs.Unavailable, "registry.looking", "Many people are looking into packages just now. Try again in a moment.")
)

// Files is what a version's tarball holds.
type Files struct {
	Version Version
	Index   *archive.Index
}

// File is one file of a version. Content is nil when the file is no text, or larger than MaxShown.
type File struct {
	archive.Entry
	Content []byte
}

// Files lists the files of a version. A version that does not exist is ErrVersionNotFound.
func (s *Service) Files(ctx context.Context, by access.Actor, name, ver string) (Files, error) {
	v, err := s.looked(ctx, by, name, ver)
	if err != nil {
		return Files{}, err
	}
	x, err := s.look.index(ctx, s, v.Blob)
	return Files{Index: x, Version: v.listed()}, err
}

// File reads one file of a version, by its path inside the package.
func (s *Service) File(ctx context.Context, by access.Actor, name, ver, path string) (File, error) {
	v, err := s.looked(ctx, by, name, ver)
	if err != nil {
		return File{}, err
	}
	x, err := s.look.index(ctx, s, v.Blob)
	if err != nil {
		return File{}, err
	}
	e, ok := x.Find(path)
	if !ok {
		return File{}, ErrFileNotFound
	}
	if !e.Text || e.Size > MaxShown {
		return File{Entry: e}, nil
	}
	texts, err := s.look.texts(ctx, s, v.Blob, MaxShown, e)
	return File{e, texts[path]}, err
}

// looked is the version that somebody wants to look into.
func (s *Service) looked(ctx context.Context, by access.Actor, name, ver string) (version, error) {
	h, err := s.authorize(ctx, nil, by, access.PackageRead, name)
	if err != nil {
		return version{}, err
	}
	return store{s.db}.version(ctx, h.ID, ver)
}

// looks remembers what was read of tarballs, whose bytes never change, and lets few be read at once: looking
// must not take the machine from those who install.
type looks struct {
	turns   chan struct{}
	indexes cache.Cache[string, *archive.Index]
	content cache.Cache[textKey, []byte]
}

type textKey struct{ blob, path string }

func newLooks() *looks {
	return &looks{
		turns:   make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
		indexes: cache.NewWeighed[string](indexBytes, (*archive.Index).Weight),
		content: cache.NewWeighed[textKey](textBytes, func(b []byte) int { return len(b) + 1024 }),
	}
}

// index is the index of a tarball, made once for all who wait for it.
func (l *looks) index(ctx context.Context, s *Service, blob string) (*archive.Index, error) {
	return l.indexes.Load(ctx, blob, func(ctx context.Context) (x *archive.Index, err error) {
		err = l.read(ctx, s, blob, func(ctx context.Context, t io.Reader) (err error) {
			x, err = archive.Read(ctx, t, s.cfg.Limits.MaxUnpacked)
			return err
		})
		return x, err
	})
}

// texts are the beginnings of some files of a tarball, of each at most most bytes, by path.
func (l *looks) texts(ctx context.Context, s *Service, blob string, most int64, files ...archive.Entry) (map[string][]byte, error) {
	out, missing := map[string][]byte{}, []archive.Entry{}
	for _, e := range files {
		if b, ok := l.content.Get(textKey{blob, e.Path}); ok && (int64(len(b)) >= most || int64(len(b)) == e.Size) {
			out[e.Path] = b[:min(most, int64(len(b)))]
		} else {
			missing = append(missing, e)
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	return out, l.read(ctx, s, blob, func(ctx context.Context, t io.Reader) error {
		read, err := archive.Extract(ctx, t, s.cfg.Limits.MaxUnpacked, most, missing...)
		for path, b := range read {
			out[path] = b
			l.content.Set(textKey{blob, path}, b)
		}
		return err
	})
}

// read opens a tarball when it is its turn. Whoever waits longer than people do is sent away.
func (l *looks) read(ctx context.Context, s *Service, blob string, f func(ctx context.Context, t io.Reader) error) error {
	wait := time.NewTimer(turnWait)
	defer wait.Stop()
	select {
	case l.turns <- struct{}{}:
		defer func() { <-l.turns }()
	case <-wait.C:
		return errLooking
	case <-ctx.Done():
		return ctx.Err()
	}
	// What is read is remembered, so it is read to the end even when the first who asked goes away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readFor)
	defer cancel()
	b, err := s.blobs.Open(ctx, blob)
	if err != nil {
		return err
	}
	err = f(ctx, b.Content)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		err = errLooking
	case errors.Is(err, archive.ErrTooLarge):
		err = errUnpacked
	}
	if closing := b.Content.Close(); closing != nil && err == nil {
		err = fmt.Errorf("close the tarball: %w", closing)
	}
	return err
}
