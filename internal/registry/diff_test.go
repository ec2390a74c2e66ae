package registry_test

import (
	"errors"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/npmpack"
	"latchkey/internal/registry"
	"latchkey/internal/tardiff"
)

func TestVersionsAreCompared(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, npmpack.Package{Name: "left-pad", Version: "1.0.0", Files: map[string]string{"index.js": "one\ntwo\n", "old.js": "x"}})
		w.mustPublish(w.ann, npmpack.Package{
			Name: "left-pad", Version: "2.0.0", Files: map[string]string{"index.js": "one\n2\n", "new.js": "y"},
			Manifest: map[string]any{"scripts": map[string]string{"postinstall": "node new.js"}},
		})
		d, err := w.Diff(t.Context(), anonymous, "left-pad", "1.0.0", "2.0.0", "")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range d.Files {
			got = append(got, string(f.Kind)+" "+f.Path)
		}
		if s := strings.Join(got, ", "); s != "changed index.js, added new.js, removed old.js, changed package.json" || d.From.Version != "1.0.0" || d.To.Version != "2.0.0" {
			t.Errorf("%s: %+v", s, d)
		}
		if s := d.Manifest.Scripts; len(s) != 1 || !s[0].Install || s[0].Kind != tardiff.Added {
			t.Errorf("%+v", s)
		}
		if d, err = w.Diff(t.Context(), anonymous, "left-pad", "2.0.0", "1.0.0", "new.js"); err != nil || len(d.Files) != 1 || d.Files[0].Kind != tardiff.Removed {
			t.Errorf("%+v, %v", d.Files, err)
		}
		for _, pair := range [][2]string{{"1.0.0", "3.0.0"}, {"3.0.0", "1.0.0"}, {"", ""}} {
			if _, err := w.Diff(t.Context(), anonymous, "left-pad", pair[0], pair[1], ""); !errors.Is(err, registry.ErrVersionNotFound) {
				t.Errorf("%v: %v", pair, err)
			}
		}
	})
}

func TestDifferencesOfAPrivatePackageAreHidden(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, npmpack.Package{Name: "@ann/vault", Version: "1.0.0", Access: "restricted"})
		w.mustPublish(w.ann, npmpack.Package{Name: "@ann/vault", Version: "1.0.1"})
		for _, by := range []access.Actor{anonymous, w.bob} {
			if _, err := w.Diff(t.Context(), by, "@ann/vault", "1.0.0", "1.0.1", ""); !errors.Is(err, access.ErrHidden) {
				t.Errorf("%q: %v", by.Name, err)
			}
		}
		if _, err := w.Diff(t.Context(), w.ann, "@ann/vault", "1.0.0", "1.0.1", ""); err != nil {
			t.Error(err)
		}
	})
}
