package blob

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"
)

// Dir keeps blobs in a folder, each a file named by its content.
type Dir struct {
	root    *os.Root
	folder  string
	durable sync.Map // path to *os.File: folders whose names are known to survive a power cut, kept open to be synced
}

// OpenDir opens the store in a folder, making it when missing.
func OpenDir(folder string, now time.Time) (*Dir, error) {
	root, err := openSpools(folder, now)
	if err != nil {
		return nil, err
	}
	return &Dir{root: root, folder: folder}, nil
}

// Close ends the store's use of its folder. Closing again does nothing.
func (d *Dir) Close() error {
	err := d.root.Close()
	d.durable.Range(func(folder, f any) bool {
		d.durable.Delete(folder)
		err = errors.Join(err, f.(*os.File).Close())
		return true
	})
	return err
}

// SweepDrafts implements Store.
func (d *Dir) SweepDrafts(context.Context) error { return sweep(d.root, time.Now().Add(-spoolLife)) }

// Create implements Store.
func (d *Dir) Create(context.Context) (Draft, error) {
	s, err := newSpool(d.root)
	if err != nil {
		return nil, err
	}
	return &dirDraft{spool: s, dir: d}, nil
}

// Open implements Store. The path is built from a checked key alone, so one system call is as safe as
// the five of a rooted walk.
func (d *Dir) Open(_ context.Context, key string) (*Blob, error) {
	p, err := place(key)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(d.folder, filepath.FromSlash(p)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Blob{Content: f, Size: info.Size()}, nil
}

// Delete implements Store.
func (d *Dir) Delete(_ context.Context, key string) error {
	p, err := place(key)
	if err != nil {
		return err
	}
	if err := d.root.Remove(p); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Keys implements Store.
func (d *Dir) Keys(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		err := fs.WalkDir(d.root.FS(), algorithm, func(p string, f fs.DirEntry, err error) error {
			if err == nil {
				err = ctx.Err()
			}
			key, ok := keyAt(p)
			if err != nil || f.IsDir() || !ok {
				return err
			}
			info, err := f.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil // deleted meanwhile
			}
			if err == nil && !yield(Entry{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil) {
				return fs.SkipAll
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			yield(Entry{}, err)
		}
	}
}

type dirDraft struct {
	spool
	dir *Dir
}

// Commit makes the bytes durable, then their name, then the name's folder: only then may anybody be
// told. A failed sync is never tried again, because the kernel forgets what it could not write.
func (f *dirDraft) Commit(_ context.Context, key string) error {
	p, err := place(key)
	if err != nil {
		return err
	}
	if err := f.file.Sync(); err != nil {
		return full(err)
	}
	folder, err := f.dir.durableFolder(path.Dir(p))
	if err != nil {
		return full(err)
	}
	if err := f.link(p); err != nil {
		return full(err)
	}
	if err := folder.Sync(); err != nil {
		return full(err)
	}
	return f.Close()
}

// link gives the bytes their name, never taking it from others' bytes.
func (f *dirDraft) link(p string) error {
	for try := 0; ; try++ {
		err := f.root.Link(f.name, p)
		if errors.Is(err, fs.ErrExist) {
			err = f.keep(p)
		}
		if !errors.Is(err, fs.ErrNotExist) || try == 2 {
			return err
		}
		// It was there, and was deleted before it could be kept: the name is free again.
	}
}

// keep leaves equal bytes where they are, as young as if they had just been written, so that a sweep
// of unused blobs spares them. A file of another size is damaged and is replaced.
func (f *dirDraft) keep(p string) error {
	info, err := f.root.Stat(p)
	if err != nil {
		return err
	}
	if info.Size() != f.size {
		return f.root.Rename(f.name, p)
	}
	now := time.Now()
	return f.root.Chtimes(p, now, now)
}

// durableFolder makes a folder and its parents, syncs the parent of each, and opens it: once per process,
// because one that exists already may have been made by somebody who has not synced it yet.
func (d *Dir) durableFolder(folder string) (*os.File, error) {
	if f, ok := d.durable.Load(folder); ok {
		return f.(*os.File), nil
	}
	if folder != "." {
		parent, err := d.durableFolder(path.Dir(folder))
		if err != nil {
			return nil, err
		}
		if err := d.root.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		if err := parent.Sync(); err != nil {
			return nil, err
		}
	}
	f, err := d.root.Open(folder)
	if err != nil {
		return nil, err
	}
	if first, taken := d.durable.LoadOrStore(folder, f); taken {
		return first.(*os.File), f.Close()
	}
	return f, nil
}
