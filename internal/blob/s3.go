package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"latchkey/internal/errs"
)

// errUnreachable says that the S3 server does not do its part.
var errUnreachable = errs.New(errs.Unavailable, "blob.unreachable", "The registry's storage does not answer. Try again in a moment.").After(5 * time.Second)

// S3 keeps blobs in a bucket of an S3-compatible server.
type S3 struct {
	core   minio.Core
	bucket string
	spools *os.Root
}

// S3Options say which bucket. Without keys, those of the environment or of the machine's role count.
type S3Options struct{ URL, Bucket, Region, AccessKey, SecretKey string }

// OpenS3 opens the store in a bucket, which must exist. Drafts are spooled in folder, so that the
// server is told the size and a try can be repeated.
func OpenS3(ctx context.Context, o S3Options, folder string, now time.Time) (*S3, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("--s3-url: %q is not an address like https://s3.example.com", o.URL)
	}
	keys := credentials.NewStaticV4(o.AccessKey, o.SecretKey, "")
	if o.AccessKey == "" {
		keys = credentials.NewChainCredentials([]credentials.Provider{
			&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{},
		})
	}
	core, err := minio.NewCore(u.Host, &minio.Options{Creds: keys, Secure: u.Scheme == "https", Region: o.Region})
	if err != nil {
		return nil, fmt.Errorf("--s3-url: %w", err)
	}
	found, err := core.BucketExists(ctx, o.Bucket)
	if err != nil {
		return nil, fmt.Errorf("the S3 server at %s: %w", u.Host, err)
	}
	if !found {
		return nil, fmt.Errorf("the S3 server at %s has no bucket %q: make it first", u.Host, o.Bucket)
	}
	spools, err := openSpools(folder, now)
	if err != nil {
		return nil, err
	}
	return &S3{core: *core, bucket: o.Bucket, spools: spools}, nil
}

// Close ends the store's use of its folder.
func (s *S3) Close() error { return s.spools.Close() }

// SweepDrafts implements Store.
func (s *S3) SweepDrafts(context.Context) error { return sweep(s.spools, time.Now().Add(-spoolLife)) }

// Create implements Store.
func (s *S3) Create(context.Context) (Draft, error) {
	sp, err := newSpool(s.spools)
	if err != nil {
		return nil, err
	}
	return &s3Draft{spool: sp, store: s}, nil
}

// Open implements Store. The first byte is asked for at once, so that a failure is told here.
func (s *S3) Open(ctx context.Context, key string) (*Blob, error) {
	p, err := place(key)
	if err != nil {
		return nil, err
	}
	r := &s3Reader{ctx: ctx, store: s, name: p}
	if err := r.get(0); err != nil {
		return nil, err
	}
	return &Blob{Content: r, Size: r.size}, nil
}

// Delete implements Store.
func (s *S3) Delete(ctx context.Context, key string) error {
	p, err := place(key)
	if err != nil {
		return err
	}
	if err := s.core.RemoveObject(ctx, s.bucket, p, minio.RemoveObjectOptions{}); !isCode(err, http.StatusNotFound) {
		return reach(err)
	}
	return nil
}

// Keys implements Store.
func (s *S3) Keys(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel() // ends the listing when the caller stops early
		for o := range s.core.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: algorithm + "/", Recursive: true}) {
			if o.Err != nil {
				yield(Entry{}, reach(o.Err))
				return
			}
			key, ok := keyAt(o.Key)
			if ok && !yield(Entry{Key: key, Size: o.Size, Modified: o.LastModified}, nil) {
				return
			}
		}
	}
}

type s3Draft struct {
	spool
	store *S3
}

// Commit puts the bytes where nothing is. A single request, however large, because only that is
// atomic and conditional on every server. A PUT that is answered is durable, by S3's contract.
func (f *s3Draft) Commit(ctx context.Context, key string) error {
	p, err := place(key)
	if err != nil {
		return err
	}
	opts := minio.PutObjectOptions{ContentType: "application/octet-stream", DisableMultipart: true}
	opts.SetMatchETagExcept("*")
	err = f.put(ctx, p, opts)
	if isCode(err, http.StatusPreconditionFailed) {
		err = f.keep(ctx, p)
	}
	if err != nil {
		return reach(err)
	}
	return f.Close()
}

func (f *s3Draft) put(ctx context.Context, p string, opts minio.PutObjectOptions) error {
	r, err := f.Reader()
	if err != nil {
		return err
	}
	_, err = f.store.core.Client.PutObject(ctx, f.store.bucket, p, r, f.size, opts)
	return err
}

// keep leaves equal bytes where they are. An object of another size is damaged and is replaced; so is
// one that is old, which makes it young and safe from a sweep of unused blobs.
func (f *s3Draft) keep(ctx context.Context, p string) error {
	info, err := f.store.core.StatObject(ctx, f.store.bucket, p, minio.StatObjectOptions{})
	if err == nil && info.Size == f.size && time.Since(info.LastModified) < spoolLife {
		return nil
	}
	return f.put(ctx, p, minio.PutObjectOptions{ContentType: "application/octet-stream", DisableMultipart: true})
}

// s3Reader reads an object from where it was sought to, with one request as long as nobody seeks.
type s3Reader struct {
	ctx     context.Context //nolint:containedctx // io.Reader has no room for it; it is the request's
	store   *S3
	name    string
	size    int64
	pos     int64 // of the reader
	body    io.ReadCloser
	bodyPos int64
}

func (r *s3Reader) get(from int64) error {
	var opts minio.GetObjectOptions
	if from > 0 {
		if err := opts.SetRange(from, 0); err != nil {
			return err
		}
	}
	body, info, _, err := r.store.core.GetObject(r.ctx, r.store.bucket, r.name, opts)
	if isCode(err, http.StatusNotFound) {
		return ErrNotFound
	}
	if err != nil {
		return reach(err)
	}
	if from == 0 {
		r.size = info.Size
	}
	r.body, r.bodyPos = body, from
	return nil
}

// Read implements io.Reader.
func (r *s3Reader) Read(p []byte) (int, error) {
	if r.pos >= r.size {
		return 0, io.EOF
	}
	if r.body == nil || r.bodyPos != r.pos {
		if err := r.Close(); err != nil {
			return 0, err
		}
		if err := r.get(r.pos); err != nil {
			return 0, err
		}
	}
	n, err := r.body.Read(p)
	r.pos += int64(n)
	r.bodyPos = r.pos
	if errors.Is(err, io.EOF) && r.pos < r.size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Seek implements io.Seeker. It costs nothing until the next Read.
func (r *s3Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.pos
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("blob: seek before the start")
	}
	r.pos = offset
	return offset, nil
}

// Close implements io.Closer.
func (r *s3Reader) Close() error {
	if r.body == nil {
		return nil
	}
	body := r.body
	r.body = nil
	return body.Close()
}

func isCode(err error, status int) bool {
	var r minio.ErrorResponse
	return errors.As(err, &r) && r.StatusCode == status
}

// reach classifies what went wrong between the server and us; the caller's own going away stays itself.
func reach(err error) error {
	var known *errs.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	return errUnreachable.With(err)
}
