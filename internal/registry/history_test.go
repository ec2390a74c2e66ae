package registry_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/npmpack"
	"latchkey/internal/registry"
)

func TestVersionsSayHowTheyWerePublishedAndWhatTheyFollow(t *testing.T) {
	each(t, func(w *world) {
		for _, v := range []string{"1.0.0", "2.0.0", "1.0.1", "2.1.0-rc.1", "2.1.0"} {
			w.mustPublish(w.ann, npmpack.Package{Name: "left-pad", Version: v})
			if err := w.SetTag(t.Context(), w.ann, "left-pad", "stable", v); err != nil { // another entry of the log
				t.Fatal(err)
			}
		}
		list, err := w.Versions(t.Context(), anonymous, "left-pad", 0)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range list {
			got = append(got, v.Version+"<"+v.Previous)
			if v.Via != access.ViaToken || v.PublishedBy != "ann" {
				t.Errorf("%+v", v)
			}
		}
		if s := strings.Join(got, " "); s != "2.1.0<2.1.0-rc.1 2.1.0-rc.1<2.0.0 1.0.1<1.0.0 2.0.0<1.0.0 1.0.0<" {
			t.Error(s)
		}
		p, err := w.Page(t.Context(), anonymous, "left-pad")
		if err != nil || p.Via != access.ViaToken {
			t.Errorf("%q, %v", p.Via, err)
		}
	})
}

// Whatever happens to old packages, the first page shows what was published last, once each.
func TestRecentlyPublishedIsInTheOrderThatItShows(t *testing.T) {
	each(t, func(w *world) {
		for _, name := range []string{"one", "two", "three"} {
			w.mustPublish(w.ann, npmpack.Package{Name: name, Version: "1.0.0"})
		}
		w.mustPublish(w.ann, npmpack.Package{Name: "@ann/vault", Version: "1.0.0", Access: "restricted"})
		w.mustPublish(w.ann, npmpack.Package{Name: "two", Version: "2.0.0-beta.1", Tag: "next"})
		w.clock = w.clock.Add(time.Hour)
		if err := w.SetTag(t.Context(), w.ann, "one", "stable", "1.0.0"); err != nil {
			t.Fatal(err)
		}
		for _, row := range []struct {
			by   access.Actor
			n    int
			want string
		}{
			{anonymous, 10, "two@2.0.0-beta.1 three@1.0.0 one@1.0.0"},
			{w.bob, 2, "two@2.0.0-beta.1 three@1.0.0"},
			{w.ann, 10, "two@2.0.0-beta.1 @ann/vault@1.0.0 three@1.0.0 one@1.0.0"},
		} {
			list, err := w.Recent(t.Context(), row.by, row.n)
			var got []string
			for i, p := range list {
				got = append(got, p.Name+"@"+p.Version)
				if i > 0 && p.PublishedAt.After(list[i-1].PublishedAt) {
					t.Errorf("%s is later than the one before", p.Name)
				}
			}
			if s := strings.Join(got, " "); err != nil || s != row.want {
				t.Errorf("%q: %s, %v", row.by.Name, s, err)
			}
		}
	})
}

func TestDependenciesOfAVersion(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, npmpack.Package{Name: "here", Version: "1.0.0"})
		w.mustPublish(w.ann, npmpack.Package{Name: "@ann/vault", Version: "1.0.0", Access: "restricted"})
		many := map[string]string{}
		for i := range 1100 {
			many[fmt.Sprintf("dep-%04d", i)] = "1"
		}
		w.mustPublish(w.ann, npmpack.Package{Name: "left-pad", Version: "1.0.0", Manifest: map[string]any{
			"dependencies": map[string]string{"here": "^1.0.0", "@ann/vault": "*", "opt": "1"}, "optionalDependencies": map[string]string{"opt": "1"},
			"peerDependencies": map[string]string{"elsewhere": ">=2"}, "devDependencies": map[string]string{"here": "1.x"},
		}})
		w.mustPublish(w.ann, npmpack.Package{Name: "left-pad", Version: "2.0.0", Manifest: map[string]any{"dependencies": many}})
		w.mustPublish(w.ann, npmpack.Package{Name: "left-pad", Version: "3.0.0"})
		for _, row := range []struct {
			by      access.Actor
			version string
			want    string
		}{
			{anonymous, "1.0.0", "dependencies @ann/vault * false; dependencies here ^1.0.0 true; peerDependencies elsewhere >=2 false; optionalDependencies opt 1 false; devDependencies here 1.x true"},
			{w.ann, "1.0.0", "dependencies @ann/vault * true; dependencies here ^1.0.0 true; peerDependencies elsewhere >=2 false; optionalDependencies opt 1 false; devDependencies here 1.x true"},
			{anonymous, "3.0.0", ""},
		} {
			list, more, err := w.Dependencies(t.Context(), row.by, "left-pad", row.version)
			var got []string
			for _, d := range list {
				got = append(got, fmt.Sprint(d.Kind, " ", d.Name, " ", d.Range, " ", d.Here))
			}
			if s := strings.Join(got, "; "); err != nil || more != 0 || s != row.want {
				t.Errorf("%q: %s, %v", row.by.Name, s, err)
			}
		}
		if list, more, err := w.Dependencies(t.Context(), anonymous, "left-pad", "2.0.0"); err != nil || len(list) != 1000 || more != 100 {
			t.Errorf("%d and %d more, %v", len(list), more, err)
		}
		if _, _, err := w.Dependencies(t.Context(), anonymous, "left-pad", "9.9.9"); !errors.Is(err, registry.ErrVersionNotFound) {
			t.Error(err)
		}
		if _, _, err := w.Dependencies(t.Context(), w.bob, "@ann/vault", "1.0.0"); !errors.Is(err, access.ErrHidden) {
			t.Error(err)
		}
	})
}
