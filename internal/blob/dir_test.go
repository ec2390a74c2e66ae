package blob_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/blob"
	"latchkey/internal/blob/blobtest"
)

func openDir(t *testing.T, folder string) *blob.Dir {
	t.Helper()
	d, err := blob.OpenDir(folder, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestDir(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return openDir(t, t.TempDir()) })
}

func TestBlobsAreFilesOfTheirOwnerAlone(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "blobs")
	d := openDir(t, folder)
	content, key := blobtest.Bytes(100)
	blobtest.Put(t, d, key, content)
	var files []string
	err := filepath.WalkDir(folder, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v", p, info.Mode())
		}
		if !e.IsDir() {
			files = append(files, strings.TrimPrefix(p, folder+"/"))
		}
		return err
	})
	if want := "sha512/" + key[:2] + "/" + key; err != nil || len(files) != 1 || files[0] != want {
		t.Errorf("files %v, %v", files, err)
	}
	b, err := d.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Content.Close() }()
	if _, ok := b.Content.(*os.File); !ok {
		t.Errorf("Content is a %T, which the kernel cannot send", b.Content)
	}
}

func TestDraftsLeftByACrashAreSwept(t *testing.T) {
	folder := t.TempDir()
	d := openDir(t, folder)
	for range 3 {
		if _, err := d.Create(t.Context()); err != nil { // never closed
			t.Fatal(err)
		}
	}
	drafts, err := filepath.Glob(filepath.Join(folder, "tmp", "*"))
	if err != nil || len(drafts) != 3 {
		t.Fatalf("%v, %v", drafts, err)
	}
	old := time.Now().Add(-61 * time.Minute)
	for i, sweep := range []func() error{
		func() error { openDir(t, folder); return nil }, // at start
		func() error { return d.SweepDrafts(t.Context()) },
	} {
		if err := os.Chtimes(drafts[i], old, old); err != nil {
			t.Fatal(err)
		}
		if err := sweep(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(drafts[i]); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("old draft %d is still there: %v", i, err)
		}
	}
	if _, err := os.Stat(drafts[2]); err != nil {
		t.Errorf("a draft that may be in use was removed: %v", err)
	}
}

// What lies under a key is never replaced by other bytes of its size, and is made young.
func TestEqualSizedBlobIsKeptAndMadeYoung(t *testing.T) {
	folder := t.TempDir()
	d := openDir(t, folder)
	content, key := blobtest.Bytes(100)
	blobtest.Put(t, d, key, content)
	file := filepath.Join(folder, "sha512", key[:2], key)
	old := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(file, old, old); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	blobtest.Put(t, d, key, content)
	after, err := os.Stat(file)
	if err != nil || !os.SameFile(before, after) || time.Since(after.ModTime()) > time.Minute {
		t.Errorf("same file: %v, modified %v, %v", os.SameFile(before, after), after.ModTime(), err)
	}
}
