// Package blob keeps large immutable bytes by content address, in a folder or on an S3-compatible
// server. A blob is durable before its key is told to anybody.
package blob

import (
	"context"
	"io"
	"iter"
	"time"

	"latchkey/internal/errs"
)

// ErrNotFound says that there is no blob of that key.
var ErrNotFound = errs.New(errs.NotFound, "blob.not_found", "Not found")

// Store keeps blobs. Keys are lower-case hexadecimal SHA-512; other keys are refused.
type Store interface {
	// Create begins a blob. Its bytes are spooled to disk, never held in memory.
	Create(ctx context.Context) (Draft, error)
	// Open returns a blob for reading, or ErrNotFound.
	Open(ctx context.Context, key string) (*Blob, error)
	// Delete removes a blob; one that is absent counts as removed.
	Delete(ctx context.Context, key string) error
	// Keys lists the blobs and when each was written last.
	Keys(ctx context.Context) iter.Seq2[Entry, error]
	// SweepDrafts removes drafts that nobody has written to for an hour: a crash left them.
	SweepDrafts(ctx context.Context) error
	io.Closer
}

// Draft is a blob being written. Close discards it unless Commit succeeded, and may always be called.
type Draft interface {
	io.Writer
	// Reader reads back what was written so far, from the start.
	Reader() (io.ReadSeeker, error)
	// Commit makes the blob durable under key. Existing equal bytes are kept, and healed when they
	// were missing.
	Commit(ctx context.Context, key string) error
	io.Closer
}

// Blob is an open blob. Content is an *os.File where the store is a folder, so that the kernel can
// send it without copying.
type Blob struct {
	Content io.ReadSeekCloser
	Size    int64
}

// Entry is one blob in a listing.
type Entry struct {
	Key      string
	Size     int64
	Modified time.Time
}
