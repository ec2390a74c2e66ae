package registry_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/npmpack"
	"latchkey/internal/registry"
)

// crowd is for many at once: everybody gets a turn.
var crowd = config.Limits{
	MaxTarball: 1 << 20, MaxUnpacked: 8 << 20, MaxManifest: 1 << 20, MaxVersions: 1000, MaxDocument: 8 << 20, CacheBytes: 1 << 20,
	PublishesAtOnce: 400, ReadmeBytes: 1 << 10,
}

func eachCrowd(t *testing.T, f func(w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { f(newWorld(t, d, crowd)) })
}

// together runs f n times at once and returns the errors that are none of those expected.
func together(t *testing.T, n int, f func(i int) error, expected ...error) (succeeded int) {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			err := f(i)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				succeeded++
			} else if !slices.ContainsFunc(expected, func(e error) bool { return errors.Is(err, e) }) {
				t.Errorf("%d: %v (%s)", i, err, errs.Of(err).Code)
			}
		})
	}
	close(start)
	wg.Wait()
	return succeeded
}

func (w *world) send(by access.Actor, p npmpack.Package) error {
	_, err := w.Publish(w.t.Context(), by, p.Name, bytes.NewReader(p.PublishBody()))
	return err
}

func TestVersionsPublishedTogetherAreAllThere(t *testing.T) {
	eachCrowd(t, func(w *world) {
		const n = 30 // the first of which makes the package
		if got := together(t, n, func(i int) error { return w.send(w.ann, leftPad(fmt.Sprintf("1.0.%d", i))) }); got != n || w.rows("versions") != n || w.rows("packages") != 1 {
			t.Errorf("%d succeeded, %d versions", got, w.rows("versions"))
		}
		var numbers []int
		if err := w.db.Select(t.Context(), &numbers, `SELECT number FROM versions ORDER BY number`); err != nil || len(slices.Compact(numbers)) != n {
			t.Error(numbers, err)
		}
		if page := must(w.Page(t.Context(), anonymous, "left-pad")); page.VersionCount != n {
			t.Error(page.VersionCount)
		}
	})
}

func TestNewNamePublishedByManyTogetherHasOneOwner(t *testing.T) {
	eachCrowd(t, func(w *world) {
		const n = 30
		names := []string{"left-pad", "leftpad", "left_pad"}
		got := together(t, n, func(i int) error {
			p := leftPad("1.0.0")
			p.Name, p.Files = names[i%len(names)], map[string]string{"i": fmt.Sprint(i)}
			by := w.ann
			if i%2 == 0 {
				by = w.bob
			}
			return w.send(by, p)
		}, registry.ErrVersionExists, registry.ErrLookAlike, access.ErrForbidden)
		var owners int
		if err := w.db.Get(t.Context(), &owners, `SELECT COUNT(DISTINCT user_id) FROM maintainers`); err != nil || owners != 1 || got != w.rows("packages") || got == 0 {
			t.Errorf("%d succeeded, %d owners, %d packages: %v", got, owners, w.rows("packages"), err)
		}
	})
}

func TestPublishMeetsUnpublish(t *testing.T) {
	eachCrowd(t, func(w *world) {
		for round := range 10 {
			name := fmt.Sprintf("@ann/p%d", round)
			w.mustPublish(w.ann, npmpack.Package{Name: name, Version: "1.0.0"})
			rev := w.rev(name)
			together(t, 4, func(i int) error {
				if i == 0 {
					return w.Unpublish(t.Context(), w.ann, name, rev)
				}
				return w.send(w.ann, npmpack.Package{Name: name, Version: fmt.Sprintf("1.0.%d", i)})
			}, registry.ErrConflict, registry.ErrHeld)
		}
		var broken int
		if err := w.db.Get(t.Context(), &broken, `SELECT COUNT(*) FROM packages p WHERE NOT EXISTS (SELECT 1 FROM dist_tags t WHERE t.package_id = p.id AND t.tag = 'latest')
			OR version_count <> (SELECT COUNT(*) FROM versions v WHERE v.package_id = p.id)
			OR EXISTS (SELECT 1 FROM retired_names r WHERE r.name = p.name)`); err != nil || broken != 0 {
			t.Errorf("%d packages are half there: %v", broken, err)
		}
	})
}

func TestDeprecationMeetsPublish(t *testing.T) {
	eachCrowd(t, func(w *world) {
		w.mustPublish(w.ann, leftPad("1.0.0"))
		const n = 20
		together(t, n, func(i int) error {
			if i%2 == 0 {
				return w.send(w.ann, leftPad(fmt.Sprintf("2.0.%d", i)))
			}
			return w.Deprecate(t.Context(), w.ann, "left-pad", w.rev("left-pad"), map[string]string{"1.0.0": fmt.Sprint(i)})
		}, registry.ErrConflict)
		if published := w.rows("versions"); published != n/2+1 {
			t.Errorf("%d versions, want %d", published, n/2+1)
		}
	})
}

// The last two maintainers cannot remove each other.
func TestSomebodyAlwaysMaintains(t *testing.T) {
	eachCrowd(t, func(w *world) {
		for round := range 5 {
			name := fmt.Sprintf("p%d", round)
			w.mustPublish(w.ann, npmpack.Package{Name: name, Version: "1.0.0"})
			w.join(name, w.bob)
			together(t, 2, func(i int) error {
				who := []access.Actor{w.ann, w.bob}
				return w.RemoveMaintainer(t.Context(), who[i], name, who[1-i].Name)
			}, registry.ErrLastMaintainer, access.ErrForbidden)
			if got := w.maintainers(name); got != "ann" && got != "bob" {
				t.Errorf("%s: %q", name, got)
			}
		}
	})
}

// TestFiftyPublishersTogether is the figure of docs/performance.md: p50 and p99 of fifty who publish at
// once, each a package or all one, on both databases. No version is lost.
func TestFiftyPublishersTogether(t *testing.T) {
	const people, each = 50, 4
	for _, one := range []bool{false, true} {
		eachCrowd(t, func(w *world) {
			w.cfg.Limits.MaxVersions = 10_000
			bodies := make([][]byte, people*each)
			name := func(i int) string {
				if one {
					return "one"
				}
				return fmt.Sprintf("package-%d", i/each)
			}
			for i := range bodies {
				bodies[i] = npmpack.Package{Name: name(i), Version: fmt.Sprintf("1.0.%d", i), Readme: "# x"}.PublishBody()
			}
			took := make([]time.Duration, len(bodies))
			begun := time.Now()
			together(t, people, func(who int) error {
				for i := who * each; i < (who+1)*each; i++ {
					at := time.Now()
					if _, err := w.Publish(t.Context(), w.ann, name(i), bytes.NewReader(bodies[i])); err != nil {
						return err
					}
					took[i] = time.Since(at)
				}
				return nil
			})
			all := time.Since(begun)
			slices.Sort(took)
			w.t.Logf("one package %v: p50 %v, p99 %v, %.0f publishes/s", one, took[len(took)/2].Round(time.Millisecond),
				took[len(took)*99/100].Round(time.Millisecond), float64(len(took))/all.Seconds())
			if n := w.rows("versions"); n != len(bodies) {
				t.Errorf("%d versions, want %d", n, len(bodies))
			}
		})
	}
}
