package db

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// lockFile waits for the exclusive lock on a file: goose has no lock of its own for SQLite, and the
// server and an administration command may start on one data folder at the same time.
func lockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { _ = f.Close() }, nil
}
