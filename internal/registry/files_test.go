package registry_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/npmpack"
	"latchkey/internal/registry"
)

func TestFilesOfAVersion(t *testing.T) {
	each(t, func(w *world) {
		ctx := t.Context()
		pack := npmpack.Package{Name: "left-pad", Version: "1.0.0", Readme: "# hi", Files: map[string]string{
			"lib/a.js": "export {}", "logo.png": "\x89PNG\x00", "big.txt": strings.Repeat("long ", registry.MaxShown),
		}}
		w.mustPublish(w.ann, pack)
		f, err := w.Files(ctx, anonymous, "left-pad", "1.0.0")
		if err != nil {
			t.Fatal(err)
		}
		var paths []string
		for _, e := range f.Index.Entries {
			paths = append(paths, e.Path)
		}
		if got := strings.Join(paths, " "); got != "README.md big.txt lib/a.js logo.png package.json" || f.Version.Version != "1.0.0" ||
			f.Version.Files != 5 || f.Index.Total != f.Version.UnpackedSize {
			t.Errorf("%s %+v, %d bytes", got, f.Version, f.Index.Total)
		}
		for path, want := range map[string]string{"lib/a.js": "export {}", "README.md": "# hi", "logo.png": "", "big.txt": ""} {
			for range 2 { // read, and remembered
				got, err := w.File(ctx, anonymous, "left-pad", "1.0.0", path)
				if err != nil || string(got.Content) != want || got.Size == 0 {
					t.Errorf("%s: %+v %q, %v", path, got.Entry, got.Content, err)
				}
			}
		}
		for path, want := range map[string]error{"absent": registry.ErrFileNotFound, "lib": registry.ErrFileNotFound, "../x": registry.ErrFileNotFound, "": registry.ErrFileNotFound} {
			if _, err := w.File(ctx, anonymous, "left-pad", "1.0.0", path); !errors.Is(err, want) {
				t.Errorf("%q: %v", path, err)
			}
		}
		if _, err := w.Files(ctx, anonymous, "left-pad", "2.0.0"); !errors.Is(err, registry.ErrVersionNotFound) {
			t.Error(err)
		}
		if _, err := w.Files(ctx, anonymous, "right-pad", "1.0.0"); !errors.Is(err, registry.ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestFilesOfAPrivatePackageAreHidden(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, npmpack.Package{Name: "@ann/vault", Version: "1.0.0", Access: "restricted"})
		for _, by := range []access.Actor{anonymous, w.bob} {
			for _, version := range []string{"1.0.0", "9.9.9"} {
				if _, err := w.Files(t.Context(), by, "@ann/vault", version); !errors.Is(err, access.ErrHidden) {
					t.Errorf("%q: %v", by.Name, err)
				}
				if _, err := w.File(t.Context(), by, "@ann/vault", version, "package.json"); !errors.Is(err, access.ErrHidden) {
					t.Errorf("%q: %v", by.Name, err)
				}
			}
		}
		if f, err := w.File(t.Context(), w.ann, "@ann/vault", "1.0.0", "package.json"); err != nil || len(f.Content) == 0 {
			t.Error(f, err)
		}
	})
}

func TestManyMayLookAtOnce(t *testing.T) {
	each(t, func(w *world) {
		for i := range 4 {
			w.mustPublish(w.ann, npmpack.Package{Name: "left-pad", Version: fmt.Sprintf("1.0.%d", i), Files: map[string]string{"a": fmt.Sprint("content ", i)}})
		}
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				f, err := w.File(t.Context(), anonymous, "left-pad", fmt.Sprintf("1.0.%d", i%4), "a")
				if err != nil || string(f.Content) != fmt.Sprint("content ", i%4) {
					t.Errorf("%q, %v", f.Content, err)
				}
			})
		}
		all.Wait()
	})
}
