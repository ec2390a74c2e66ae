package registry_test

import (
	"crypto/sha512"
	"encoding/hex"
	"testing"
	"time"
)

// orphan keeps bytes that no version has.
func (w *world) orphan(content string) {
	w.t.Helper()
	d, err := w.blobs.Create(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := d.Write([]byte(content)); err != nil {
		w.t.Fatal(err)
	}
	sum := sha512.Sum512([]byte(content))
	if err := d.Commit(w.t.Context(), hex.EncodeToString(sum[:])); err != nil {
		w.t.Fatal(err)
	}
}

func TestTarballsWithoutAVersionAreSwept(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, leftPad("1.0.0"))
		w.orphan("of a publish that was cut off")
		sweep := func(at time.Time, want int) {
			t.Helper()
			w.clock = at
			if err := w.Sweep(t.Context()); err != nil || w.stored() != want {
				t.Errorf("at %s: %d tarballs, want %d; %v", at, w.stored(), want, err)
			}
		}
		sweep(time.Now().Add(23*time.Hour), 2)
		sweep(time.Now().Add(25*time.Hour), 1)
		if got := w.tarball(anonymous, "left-pad", "left-pad-1.0.0.tgz"); got != string(leftPad("1.0.0").Tarball()) {
			t.Error("a published tarball was removed")
		}
	})
}

func TestStorageOfAnotherDatabaseIsLeftAlone(t *testing.T) {
	each(t, func(w *world) {
		w.orphan("of the database that this server should have")
		w.clock = time.Now().Add(48 * time.Hour)
		if err := w.Sweep(t.Context()); err != nil || w.stored() != 1 {
			t.Errorf("%d tarballs are left; %v", w.stored(), err)
		}
	})
}
