package blob_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/blob"
	"latchkey/internal/blob/blobtest"
	"latchkey/internal/errs"
)

func openS3(t *testing.T, o blob.S3Options) *blob.S3 {
	t.Helper()
	s, err := blob.OpenS3(t.Context(), o, t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestS3(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return openS3(t, blobtest.S3(t)) })
}

func TestS3OptionsThatCannotWorkAreExplained(t *testing.T) {
	good := blobtest.S3(t)
	for want, change := range map[string]func(*blob.S3Options){
		"--s3-url":                   func(o *blob.S3Options) { o.URL = "s3.example.com" },
		`has no bucket "elsewhere"`:  func(o *blob.S3Options) { o.Bucket = "elsewhere" },
		"the S3 server at 127.0.0.1": func(o *blob.S3Options) { o.SecretKey = "wrong" },
	} {
		o := good
		change(&o)
		_, err := blob.OpenS3(t.Context(), o, t.TempDir(), time.Now())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

// flaky is a real server behind a wire that can be cut and that counts requests.
type flaky struct {
	*httptest.Server
	down     atomic.Bool
	requests atomic.Int64
}

func newFlaky(t *testing.T, target string) *flaky {
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	f := &flaky{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u); r.Out.Host = r.In.Host }}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.requests.Add(1)
		if f.down.Load() {
			c, _, _ := w.(http.Hijacker).Hijack()
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func TestS3ThatIsDownIsUnavailableBeforeTheFirstByte(t *testing.T) {
	o := blobtest.S3(t)
	wire := newFlaky(t, o.URL)
	o.URL = wire.URL
	s := openS3(t, o)
	content, key := blobtest.Bytes(10_000)
	blobtest.Put(t, s, key, content)

	wire.down.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := s.Open(ctx, key); errs.Of(err).Kind != errs.Unavailable {
		t.Errorf("Open: %v", err)
	}
	if err := s.Delete(ctx, key); errs.Of(err).Kind != errs.Unavailable {
		t.Errorf("Delete: %v", err)
	}
	d, err := s.Create(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	_, other := blobtest.Bytes(1)
	if err := d.Commit(ctx, other); errs.Of(err).Kind != errs.Unavailable {
		t.Errorf("Commit: %v", err)
	}
	wire.down.Store(false)
	if !bytes.Equal(blobtest.Get(t, s, key), content) {
		t.Error("it did not recover")
	}
}

// Sending a tarball asks for its size by seeking, which must not cost a second request.
func TestS3BlobIsReadWithOneRequest(t *testing.T) {
	o := blobtest.S3(t)
	wire := newFlaky(t, o.URL)
	o.URL = wire.URL
	s := openS3(t, o)
	content, key := blobtest.Bytes(300_000)
	blobtest.Put(t, s, key, content)
	before := wire.requests.Load()
	b, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Content.Close() }()
	w := httptest.NewRecorder()
	http.ServeContent(w, httptest.NewRequest(http.MethodGet, "/x.tgz", nil), "", time.Time{}, struct{ io.ReadSeeker }{b.Content})
	if n := wire.requests.Load() - before; n > 2 { // ServeContent sniffs 512 bytes when no type is set
		t.Errorf("%d requests", n)
	}
	if !bytes.Equal(w.Body.Bytes(), content) {
		t.Errorf("%d bytes", w.Body.Len())
	}
}
