package registry_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/config"
	"latchkey/internal/npmpack"
	"latchkey/internal/registry"
)

// TestPackageOfFiveThousandVersions reads a package that has as many versions as the largest ones do: its
// documents have them all, in order, and the pages that list it cost the same wherever one is.
func TestPackageOfFiveThousandVersions(t *testing.T) {
	const many, listed = 5000, 100
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, bounded(func(l *config.Limits) { l.MaxVersions, l.MaxDocument = many, 16<<20 }))
		ctx := t.Context()
		w.mustPublish(w.ann, npmpack.Package{Name: "many", Version: "0.0.1"})
		multiply(w, many-1)
		w.mustPublish(w.ann, npmpack.Package{Name: "many", Version: fmt.Sprintf("0.0.%d", many)})
		for _, form := range []registry.Form{registry.Full, registry.Abbreviated} {
			var doc struct {
				Tags     map[string]string `json:"dist-tags"`
				Versions map[string]struct {
					Version string
					Dist    struct{ Tarball string }
				} `json:"versions"`
			}
			if err := json.Unmarshal([]byte(w.document(anonymous, "many", form)), &doc, json.MatchCaseInsensitiveNames(true)); err != nil {
				t.Fatal(err)
			}
			if len(doc.Versions) != many || doc.Tags["latest"] != fmt.Sprintf("0.0.%d", many) {
				t.Errorf("%d versions, latest is %s", len(doc.Versions), doc.Tags["latest"])
			}
			for v, m := range doc.Versions {
				if m.Version != v || !strings.HasSuffix(m.Dist.Tarball, "/many/-/many-"+v+".tgz") {
					t.Fatalf("%s is described as %+v", v, m)
				}
			}
		}
		below, seen := int64(0), 0
		for {
			page := must(w.Versions(ctx, anonymous, "many", below))
			if seen += len(page); len(page) == 0 {
				break
			}
			if want := fmt.Sprintf("0.0.%d", many-seen+len(page)); page[0].Version != want || len(page) != listed {
				t.Fatalf("a page of %d begins with %s, want %s", len(page), page[0].Version, want)
			}
			below = page[len(page)-1].Number
		}
		if seen != many {
			t.Errorf("the pages list %d versions", seen)
		}
		if p := must(w.Page(ctx, anonymous, "many")); p.VersionCount != many || p.Version != fmt.Sprintf("0.0.%d", many) {
			t.Errorf("%+v", p.Summary)
		}
		if n, err := w.DeprecateRange(ctx, w.ann, "many", "<0.0.4000", "old"); n != 3999 || err != nil {
			t.Error(n, err)
		}
		if got := strings.Count(w.document(anonymous, "many", registry.Abbreviated), `"deprecated":"old"`); got != 3999 {
			t.Errorf("%d versions are deprecated", got)
		}
	})
}

// multiply gives the package "many", which has the version 0.0.1, the versions up to 0.0.n: as publishing them
// would, and in a moment.
func multiply(w *world, n int) {
	w.t.Helper()
	series := `WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?) `
	as := func(text string) string { return `REPLACE(` + text + `, '0.0.1', '0.0.' || s.n)` }
	for _, statement := range []string{
		series + `INSERT INTO versions (id, package_id, number, version, published_by, published_at, blob, size, unpacked_size, file_count, abbreviated, listed)
			SELECT v.id || '-' || s.n, v.package_id, s.n, '0.0.' || s.n, v.published_by, v.published_at, v.blob, v.size, v.unpacked_size, v.file_count, ` +
			as("v.abbreviated") + `, TRUE FROM versions v, numbers s`,
		series + `INSERT INTO manifests (version_id, body, head) SELECT m.version_id || '-' || s.n, ` + as("m.body") + `, m.head FROM manifests m, numbers s`,
	} {
		if _, err := w.db.Exec(w.t.Context(), statement, n); err != nil {
			w.t.Fatal(err)
		}
	}
	if _, err := w.db.Exec(w.t.Context(), `UPDATE packages SET version_count = ?, revision = ?`, n, n); err != nil {
		w.t.Fatal(err)
	}
}
