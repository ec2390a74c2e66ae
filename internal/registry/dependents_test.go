package registry_test

import (
	"fmt"
	"testing"

	"latchkey/internal/npmpack"
)

// needing is a package that needs others.
func needing(name, access, kind string, needs ...string) npmpack.Package {
	all := map[string]string{}
	for _, n := range needs {
		all[n] = "1"
	}
	return npmpack.Package{Name: name, Version: "1.0.0", Access: access, Manifest: map[string]any{kind: all}}
}

func TestDependentsAreListedInPages(t *testing.T) {
	each(t, func(w *world) {
		ctx := t.Context()
		w.mustPublish(w.ann, leftPad("1.0.0"))
		for i := range 103 {
			w.mustPublish(w.ann, needing(fmt.Sprintf("user-%03d", i), "", "dependencies", "left-pad"))
		}
		w.mustPublish(w.bob, needing("@bob/secret", "restricted", "peerDependencies", "left-pad"))
		w.mustPublish(w.bob, needing("only-to-test", "", "devDependencies", "left-pad"))
		w.mustPublish(w.ann, needing("left-pad-2", "", "dependencies", "left-pad-3"))
		got := must(w.Dependents(ctx, w.ann, "left-pad", ""))
		if len(got.Packages) != 100 || got.Count != 103 || got.More || got.Packages[0].Name != "user-000" || got.Next != "user-099" {
			t.Error(len(got.Packages), got.Count, got.More, got.Next)
		}
		if got = must(w.Dependents(ctx, w.ann, "left-pad", got.Next)); len(got.Packages) != 3 || got.Packages[2].Name != "user-102" || got.Next != "" {
			t.Errorf("%+v", got)
		}
		if got = must(w.Dependents(ctx, w.bob, "left-pad", "")); got.Count != 104 || got.Packages[0].Name != "@bob/secret" {
			t.Error("bob does not see his own:", got.Count, got.Packages[0].Name)
		}
		if got = must(w.Dependents(ctx, w.ann, "user-000", "")); got.Count != 0 || got.Packages != nil {
			t.Errorf("%+v", got)
		}
	})
}

func TestDependenciesOfOldVersionsAreListedLater(t *testing.T) {
	each(t, func(w *world) {
		ctx := t.Context()
		w.mustPublish(w.ann, leftPad("1.0.0"))
		for i := range 201 {
			w.mustPublish(w.ann, needing(fmt.Sprintf("user-%03d", i), "", "dependencies", "left-pad"))
		}
		for _, as := range []string{`DELETE FROM dependencies`, `UPDATE versions SET listed = FALSE`} { // as they were before
			if _, err := w.db.Exec(ctx, as); err != nil {
				t.Fatal(err)
			}
		}
		if got := must(w.Dependents(ctx, w.ann, "left-pad", "")); got.Count != 0 {
			t.Fatal(got.Count)
		}
		for range 2 { // doing it again changes nothing
			if err := w.ListDependencies(ctx); err != nil {
				t.Fatal(err)
			}
			if got := must(w.Dependents(ctx, w.ann, "left-pad", "")); got.Count != 201 || w.rows("dependencies") != 201 {
				t.Error(got.Count, w.rows("dependencies"))
			}
		}
	})
}
