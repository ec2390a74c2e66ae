package blob

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"

	"latchkey/internal/errs"
)

// errFull says that there is no room. What is stored stays readable.
var errFull = errs.New(errs.Full, "blob.full", "The registry's storage is full. Its operator must make room.")

const (
	spoolFolder = "tmp"
	// spoolLife is longer than any transfer may take: an older draft was left by a crash.
	spoolLife = time.Hour
)

// spool is a draft's temporary file, readable by this process's user alone.
type spool struct {
	root *os.Root
	name string
	file *os.File
	size int64
}

// openSpools opens a folder for drafts, making it when missing, and removes what a crash left there.
func openSpools(folder string, now time.Time) (*os.Root, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	if err := root.MkdirAll(spoolFolder, 0o700); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return root, sweep(root, now.Add(-spoolLife))
}

func sweep(root *os.Root, before time.Time) error {
	old, err := fs.ReadDir(root.FS(), spoolFolder)
	if err != nil {
		return err
	}
	for _, f := range old {
		info, err := f.Info()
		if err == nil && info.ModTime().Before(before) {
			err = root.Remove(path.Join(spoolFolder, f.Name()))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func newSpool(root *os.Root) (spool, error) {
	name := path.Join(spoolFolder, rand.Text())
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	return spool{root: root, name: name, file: f}, full(err)
}

// Write implements io.Writer.
func (s *spool) Write(p []byte) (int, error) {
	n, err := s.file.Write(p)
	s.size += int64(n)
	return n, full(err)
}

// Reader implements Draft.
func (s *spool) Reader() (io.ReadSeeker, error) {
	return io.NewSectionReader(s.file, 0, s.size), nil
}

// Close removes the temporary name. What Commit linked elsewhere stays.
func (s *spool) Close() error {
	err := s.root.Remove(s.name)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if cerr := s.file.Close(); !errors.Is(cerr, os.ErrClosed) {
		err = errors.Join(err, cerr)
	}
	return err
}

// full tells a full disk from other failures.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return errFull.With(err)
	}
	return err
}
