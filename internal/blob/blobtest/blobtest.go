// Package blobtest is what every blob store must do, and a real S3 server to do it on.
package blobtest

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/blob"
	"latchkey/internal/throwaway"
)

// S3 returns an empty bucket on an S3-compatible server that ends with the test binary. Its tests
// share it, so each makes bytes of its own.
func S3(t testing.TB) blob.S3Options {
	t.Helper()
	o, err := server()
	if err != nil {
		t.Fatal("S3 for tests: ", err)
	}
	return o
}

var server = sync.OnceValues(func() (blob.S3Options, error) {
	address, err := throwaway.Start("s3")
	if err != nil {
		return blob.S3Options{}, err
	}
	u, err := url.Parse(address)
	if err != nil {
		return blob.S3Options{}, err
	}
	secret, _ := u.User.Password()
	return blob.S3Options{
		URL: u.Scheme + "://" + u.Host, Bucket: "tarballs", Region: "us-east-1", AccessKey: u.User.Username(), SecretKey: secret,
	}, nil
})

// Bytes makes n bytes that no other test has, and their key.
func Bytes(n int) (content []byte, key string) {
	r := rand.NewChaCha8([32]byte(fmt.Appendf(nil, "%032d", rand.Uint64())))
	content = make([]byte, n)
	_, _ = r.Read(content)
	sum := sha512.Sum512(content)
	return content, hex.EncodeToString(sum[:])
}

// Put stores content under key.
func Put(t testing.TB, s blob.Store, key string, content []byte) {
	t.Helper()
	if err := put(t.Context(), s, key, content); err != nil {
		t.Fatal(err)
	}
}

func put(ctx context.Context, s blob.Store, key string, content []byte) error {
	d, err := s.Create(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	if _, err := d.Write(content); err != nil {
		return err
	}
	return d.Commit(ctx, key)
}

// Get reads a blob whole.
func Get(t testing.TB, s blob.Store, key string) []byte {
	t.Helper()
	b, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Content.Close() }()
	content, err := io.ReadAll(b.Content)
	if err != nil || int64(len(content)) != b.Size {
		t.Fatalf("read %d bytes of %d: %v", len(content), b.Size, err)
	}
	return content
}

// Run is the suite.
func Run(t *testing.T, open func(t *testing.T) blob.Store) {
	for name, test := range map[string]func(*testing.T, blob.Store){
		"BytesComeBack":                   bytesComeBack,
		"DraftIsReadBackBeforeItIsKept":   draftIsReadBack,
		"DraftThatIsClosedLeavesNothing":  draftClosed,
		"OtherKeysAreRefused":             otherKeys,
		"AbsentBlobIsNotFoundAtOnce":      absent,
		"EqualBytesAreKeptOnce":           equalBytes,
		"ManyWritersOfOneBlob":            manyWriters,
		"DamagedBlobIsHealed":             damaged,
		"DeletedBlobIsGoneAndCanComeBack": deleted,
		"ReaderSeeks":                     seeks,
		"OpenBlobOutlivesItsDeletion":     outlives,
		"KeysListsAllAndStopsEarly":       lists,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func bytesComeBack(t *testing.T, s blob.Store) {
	for _, size := range []int{0, 1, 4096, 6 << 20, 17 << 20} {
		content, key := Bytes(size)
		if size == 0 {
			Put(t, s, key, nil)
		} else {
			Put(t, s, key, content)
		}
		if got := Get(t, s, key); !bytes.Equal(got, content) {
			t.Errorf("%d bytes came back as %d", size, len(got))
		}
	}
}

func draftIsReadBack(t *testing.T, s blob.Store) {
	d, err := s.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	content, _ := Bytes(100_000)
	for part := range bytes.SplitSeq(content, []byte{7}) {
		if _, err := d.Write(append(bytes.Clone(part), 7)); err != nil {
			t.Fatal(err)
		}
	}
	content = append(content, 7) // the last part had no separator
	for range 2 {
		r, err := d.Reader()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content) {
			t.Errorf("read back %d bytes, %v", len(got), err)
		}
	}
	sum := sha512.Sum512(content)
	key := hex.EncodeToString(sum[:])
	if err := d.Commit(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error("close after commit:", err)
	}
	if !bytes.Equal(Get(t, s, key), content) {
		t.Error("other bytes were stored than read back")
	}
}

func draftClosed(t *testing.T, s blob.Store) {
	content, key := Bytes(1000)
	d, err := s.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Write(content); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Open(t.Context(), key); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("err = %v", err)
	}
}

func otherKeys(t *testing.T, s blob.Store) {
	_, good := Bytes(1)
	for _, key := range []string{
		"", "../../etc/passwd", strings.Repeat("0", 127), strings.Repeat("0", 129), strings.ToUpper(good),
		"../" + good[3:], good[:127] + "/", good[:127] + "\x00", good + "\n", strings.Repeat("g", 128),
	} {
		if _, err := s.Open(t.Context(), key); err == nil || errors.Is(err, blob.ErrNotFound) {
			t.Errorf("Open(%q): %v", key, err)
		}
		if err := s.Delete(t.Context(), key); err == nil {
			t.Errorf("Delete(%q) worked", key)
		}
		if err := put(t.Context(), s, key, []byte("x")); err == nil {
			t.Errorf("Commit(%q) worked", key)
		}
	}
}

func absent(t *testing.T, s blob.Store) {
	_, key := Bytes(8)
	if _, err := s.Open(t.Context(), key); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("err = %v", err)
	}
	if err := s.Delete(t.Context(), key); err != nil {
		t.Errorf("an absent blob counts as removed: %v", err)
	}
}

func entry(t *testing.T, s blob.Store, key string) (found blob.Entry, n int) {
	t.Helper()
	for e, err := range s.Keys(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Key == key {
			found = e
			n++
		}
	}
	return found, n
}

func equalBytes(t *testing.T, s blob.Store) {
	content, key := Bytes(5000)
	for range 3 {
		Put(t, s, key, content)
	}
	e, n := entry(t, s, key)
	if n != 1 || e.Size != 5000 || time.Since(e.Modified).Abs() > time.Minute {
		t.Errorf("%d entries, %+v", n, e)
	}
	if !bytes.Equal(Get(t, s, key), content) {
		t.Error("the bytes changed")
	}
}

func manyWriters(t *testing.T, s blob.Store) {
	content, key := Bytes(50_000)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if err := put(t.Context(), s, key, content); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if _, n := entry(t, s, key); n != 1 || !bytes.Equal(Get(t, s, key), content) {
		t.Errorf("%d entries", n)
	}
}

// A crash of the disk, not of the program, leaves a file of the wrong size. Publishing the same bytes
// again must mend it.
func damaged(t *testing.T, s blob.Store) {
	content, key := Bytes(3000)
	Put(t, s, key, content[:1000])
	Put(t, s, key, content)
	if !bytes.Equal(Get(t, s, key), content) {
		t.Error("the damaged bytes stayed")
	}
}

func deleted(t *testing.T, s blob.Store) {
	content, key := Bytes(3000)
	Put(t, s, key, content)
	for range 2 {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Open(t.Context(), key); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("err = %v", err)
	}
	Put(t, s, key, content)
	if !bytes.Equal(Get(t, s, key), content) {
		t.Error("it did not come back")
	}
}

func seeks(t *testing.T, s blob.Store) {
	content, key := Bytes(200_000)
	Put(t, s, key, content)
	b, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Content.Close() }()
	for _, c := range []struct {
		offset int64
		whence int
		want   int64
	}{
		{0, io.SeekEnd, 200_000},
		{0, io.SeekStart, 0},
		{150_000, io.SeekStart, 150_000},
		{-1000, io.SeekCurrent, 149_100}, // a hundred bytes were read
		{-50, io.SeekEnd, 199_950},
	} {
		at, err := b.Content.Seek(c.offset, c.whence)
		if err != nil || at != c.want {
			t.Fatalf("seek %d from %d: at %d, %v; want %d", c.offset, c.whence, at, err, c.want)
		}
		part := content[at:min(at+100, 200_000)]
		got := make([]byte, len(part))
		if _, err := io.ReadFull(b.Content, got); err != nil || !bytes.Equal(got, part) {
			t.Errorf("read at %d: %v", at, err)
		}
	}
	if n, err := b.Content.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %d, %v", n, err)
	}
	if _, err := b.Content.Seek(-1, io.SeekStart); err == nil {
		t.Error("sought before the start")
	}
}

func outlives(t *testing.T, s blob.Store) {
	content, key := Bytes(60_000)
	Put(t, s, key, content)
	b, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Content.Close() }()
	if err := s.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(b.Content); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func lists(t *testing.T, s blob.Store) {
	want := map[string]bool{}
	for range 12 {
		content, key := Bytes(10)
		Put(t, s, key, content)
		want[key] = true
	}
	for e, err := range s.Keys(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		delete(want, e.Key)
	}
	if len(want) > 0 {
		t.Errorf("%d keys were not listed", len(want))
	}
	n := 0
	for _, err := range s.Keys(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		break
	}
	if n != 1 {
		t.Errorf("stopped after %d", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range s.Keys(ctx) {
		if err == nil {
			t.Error("listed for somebody who had gone")
		}
		break
	}
}
