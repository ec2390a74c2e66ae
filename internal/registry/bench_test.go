package registry_test

import (
	"bytes"
	"fmt"
	"testing"

	"latchkey/db/dbtest"
	"latchkey/internal/config"
	"latchkey/internal/npmpack"
	"latchkey/internal/registry"
)

var roomy = config.Limits{MaxTarball: 64 << 20, MaxUnpacked: 512 << 20, MaxManifest: 1 << 20, MaxVersions: 10_000, MaxDocument: 64 << 20, CacheBytes: 64 << 20, PublishesAtOnce: 8, ReadmeBytes: 1 << 20}

// rich is a package with manifests of about 7 KB, like those of old and large packages.
func rich(i int) npmpack.Package {
	deps, scripts := map[string]any{}, map[string]any{}
	for k := range 100 {
		deps[fmt.Sprintf("@bench/some-dependency-%d", k)] = fmt.Sprintf("^%d.%d.%d", k%9, i/50%20, i/10%10)
		scripts[fmt.Sprintf("task:%d", k)] = fmt.Sprintf("node ./scripts/task-%d.js --out dist/%d", k, k)
	}
	return npmpack.Package{Name: "rich", Version: fmt.Sprintf("1.0.%d", i), Readme: "# rich", Manifest: map[string]any{"dependencies": deps, "scripts": scripts}}
}

func benchWorld(b *testing.B, versions int) *world {
	b.Helper()
	w := newWorld(b, dbtest.SQLite(b).Open(b), roomy)
	for i := range versions {
		w.mustPublish(w.ann, rich(i))
	}
	return w
}

// BenchmarkFirstRead is the read after a publish: the document is assembled and compressed.
func BenchmarkFirstRead(b *testing.B) {
	w := benchWorld(b, 1000)
	for _, form := range []registry.Form{registry.Full, registry.Abbreviated} {
		b.Run(string(rune(form)), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if err := w.SetTag(b.Context(), w.ann, "rich", "moving", fmt.Sprintf("1.0.%d", i%2)); err != nil {
					b.Fatal(err)
				}
				d, err := w.Document(b.Context(), anonymous, "rich", form)
				if err != nil {
					b.Fatal(err)
				}
				body, _, _, err := d.Body(b.Context(), registry.Gzip)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(body)), "bytes")
			}
		})
	}
}

// BenchmarkRead is every other read.
func BenchmarkRead(b *testing.B) {
	w := benchWorld(b, 10)
	for b.Loop() {
		d, err := w.Document(b.Context(), w.ann, "rich", registry.Abbreviated)
		if err != nil {
			b.Fatal(err)
		}
		if _, _, _, err := d.Body(b.Context(), registry.Gzip); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPublish is one small version more of a package that has few or many.
func BenchmarkPublish(b *testing.B) {
	for _, versions := range []int{10, 1000} {
		b.Run(fmt.Sprint(versions), func(b *testing.B) {
			w := benchWorld(b, versions)
			var bodies [][]byte
			for i := range 500 {
				bodies = append(bodies, rich(versions+i).PublishBody())
			}
			for i := 0; b.Loop() && i < len(bodies); i++ {
				if _, err := w.Publish(b.Context(), w.ann, "rich", bytes.NewReader(bodies[i])); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
