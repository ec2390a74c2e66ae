package registry_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/npmpack"
	"latchkey/internal/registry"
)

func bounded(change func(l *config.Limits)) config.Limits {
	l := config.Limits{
		MaxTarball: 1 << 20, MaxUnpacked: 8 << 20, MaxManifest: 1 << 20, MaxVersions: 100, MaxDocument: 1 << 20,
		CacheBytes: 1 << 20, PublishesAtOnce: 4, ReadmeBytes: 1 << 10,
	}
	change(&l)
	return l
}

// A package's document is sent whole, so its versions' manifests have a bound together.
func TestManifestsOfOnePackageHaveABoundTogether(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, bounded(func(l *config.Limits) { l.MaxDocument = 16 << 10 }))
		large := func(name, version string) npmpack.Package {
			return npmpack.Package{Name: name, Version: version, Manifest: map[string]any{"keywords": []string{strings.Repeat("k", 6<<10)}}}
		}
		w.mustPublish(w.ann, large("wide", "1.0.0"))
		w.mustPublish(w.ann, large("wide", "1.0.1"))
		if _, err := w.publish(w.ann, large("wide", "1.0.2")); errs.Of(err).Code != "registry.document_size" {
			t.Errorf("the third large version: %v", err)
		}
		w.mustPublish(w.ann, npmpack.Package{Name: "wide", Version: "1.0.3"})
		w.mustPublish(w.ann, large("other", "1.0.0"))
		if n := w.rows("versions"); n != 4 {
			t.Errorf("%d versions are stored", n)
		}
	})
}

// Somebody who sends slowly keeps one's own next publish waiting, and nobody else's.
func TestSlowPublishersDoNotKeepOthersWaiting(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t).Open(t), bounded(func(l *config.Limits) { l.PublishesAtOnce = 4 }))
	slow, send := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := w.Publish(context.Background(), w.ann, "slow", slow)
		done <- err
	}()
	body := npmpack.Package{Name: "slow", Version: "1.0.0"}.PublishBody()
	if _, err := send.Write(body[:1]); err != nil { // its turn has come
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := w.Publish(ctx, w.ann, "left-pad", bytes.NewReader(leftPad("1.0.0").PublishBody())); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second body of the same account was read: %v", err)
	}
	w.mustPublish(w.bob, npmpack.Package{Name: "bobs", Version: "1.0.0"})
	if _, err := send.Write(body[1:]); err != nil {
		t.Fatal(err)
	}
	_ = send.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	w.mustPublish(w.ann, leftPad("1.0.0"))
}

// What was absent is remembered as long as it is: a publish ends it.
func TestAbsenceEndsWithAPublish(t *testing.T) {
	each(t, func(w *world) {
		for range 2 {
			if _, err := w.Document(t.Context(), w.bob, "left-pad", registry.Full); !errors.Is(err, registry.ErrNotFound) {
				t.Fatal(err)
			}
		}
		w.mustPublish(w.ann, leftPad("1.0.0"))
		if _, err := w.Document(t.Context(), w.bob, "left-pad", registry.Full); err != nil {
			t.Error(err)
		}
	})
}

// A small tarball comes from memory once it was read, a large one from its file.
func TestSmallTarballsComeFromMemory(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t).Open(t), config.Limits{})
	noise := make([]byte, 200<<10)
	for i, x := 0, uint32(1); i < len(noise); i++ {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		noise[i] = byte(x)
	}
	small, large := leftPad("1.0.0"), npmpack.Package{Name: "large", Version: "1.0.0", Files: map[string]string{"noise": string(noise)}}
	for _, p := range []npmpack.Package{small, large} {
		w.mustPublish(w.ann, p)
		file := p.Name + "-1.0.0.tgz"
		first, err := w.Tarball(t.Context(), w.bob, p.Name, file)
		if err != nil {
			t.Fatal(err)
		}
		if err := first.Content.Close(); err != nil {
			t.Fatal(err)
		}
		if err := w.blobs.Delete(t.Context(), first.Digest); err != nil {
			t.Fatal(err)
		}
		again, err := w.Tarball(t.Context(), w.bob, p.Name, file)
		if p.Name == "large" {
			if err == nil {
				t.Error("a large tarball was kept in memory")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(again.Content); err != nil || !bytes.Equal(b, p.Tarball()) || again.Size != int64(len(b)) {
			t.Errorf("%d bytes of %d, %v", len(b), again.Size, err)
		}
	}
}
