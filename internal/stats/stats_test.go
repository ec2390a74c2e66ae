package stats_test

import (
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/app/apptest"
	"latchkey/internal/errs"
	"latchkey/internal/npmpack"
	"latchkey/internal/stats"
	"latchkey/internal/token"
)

var anonymous = access.Actor{}

// each runs a test on an installation on each database, with a way to the database beside it.
func each(t *testing.T, f func(t *testing.T, w *apptest.World, d *db.DB)) {
	t.Helper()
	dbtest.EachPlace(t, func(t *testing.T, p dbtest.Place) { f(t, apptest.On(t, p), p.Open(t)) })
}

// version is the id of a version, as downloads are counted by.
func version(t *testing.T, w *apptest.World, by access.Actor, name, file string) string {
	t.Helper()
	tgz, err := w.Packages.Tarball(t.Context(), by, name, file)
	if err != nil {
		t.Fatal(err)
	}
	if err := tgz.Content.Close(); err != nil {
		t.Fatal(err)
	}
	return tgz.VersionID
}

func flush(t *testing.T, w *apptest.World) {
	t.Helper()
	if err := w.Stats.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestDownloadsAreCountedByDay(t *testing.T) {
	each(t, func(t *testing.T, w *apptest.World, _ *db.DB) {
		w.Publish(w.Person("ann"), npmpack.Package{Name: "pad", Version: "1.0.0"})
		w.Publish(w.Person("bob"), npmpack.Package{Name: "idle", Version: "1.0.0"})
		id := version(t, w, anonymous, "pad", "pad-1.0.0.tgz")
		today := w.Now().UTC().Format("2006-01-02")
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 50 {
					w.Stats.Count(id)
				}
			})
		}
		all.Wait()
		flush(t, w)
		w.Stats.Count(id)
		flush(t, w)
		flush(t, w) // with nothing to write
		w.Advance(48 * time.Hour)
		w.Stats.Count(id)
		flush(t, w)
		p, err := w.Stats.ParsePeriod("last-week")
		if err != nil {
			t.Fatal(err)
		}
		days, err := w.Stats.Days(t.Context(), anonymous, "pad", p)
		if err != nil || len(days) != 7 || stats.Sum(days) != 401 || days[5] != (stats.Day{Day: today, Count: 401}) || days[0].Count != 0 {
			t.Errorf("%v %v", days, err)
		}
		all3, err := w.Stats.All(t.Context(), anonymous, stats.Period{Start: today, End: w.Now().UTC().Format("2006-01-02")})
		if err != nil || len(all3) != 3 || all3[0].Count != 401 || all3[1].Count != 0 || all3[2].Count != 1 {
			t.Errorf("all: %v %v", all3, err)
		}
		versions, err := w.Stats.Versions(t.Context(), anonymous, "pad")
		if err != nil || !reflect.DeepEqual(versions, map[string]int64{"1.0.0": 401}) {
			t.Errorf("versions: %v %v", versions, err)
		}
		bulk, err := w.Stats.Bulk(t.Context(), anonymous, []string{"pad", "idle", "absent"}, p)
		if err != nil || len(bulk) != 2 || stats.Sum(bulk["pad"]) != 401 || len(bulk["idle"]) != 7 {
			t.Errorf("bulk: %v %v", bulk, err)
		}
		if _, err := w.Stats.Bulk(t.Context(), anonymous, make([]string, 129), p); errs.Of(err).Kind != errs.Invalid {
			t.Error("too many at once:", err)
		}
	})
}

func TestDownloadsOfPrivatePackagesAreTheirMaintainers(t *testing.T) {
	each(t, func(t *testing.T, w *apptest.World, _ *db.DB) {
		a := w.Person("ann")
		ann := w.Actor(a, token.ReadOnly)
		w.Publish(a, npmpack.Package{Name: "@ann/hidden", Version: "1.0.0", Access: "restricted"})
		w.Stats.Count(version(t, w, ann, "@ann/hidden", "hidden-1.0.0.tgz"))
		flush(t, w)
		w.Advance(24 * time.Hour)
		p, err := w.Stats.ParsePeriod("last-day")
		if err != nil {
			t.Fatal(err)
		}
		if days, err := w.Stats.Days(t.Context(), ann, "@ann/hidden", p); err != nil || stats.Sum(days) != 1 {
			t.Error(days, err)
		}
		for _, by := range []access.Actor{anonymous, w.Actor(w.Person("bob"), token.ReadOnly)} {
			if _, err := w.Stats.Days(t.Context(), by, "@ann/hidden", p); errs.Of(err).Kind != errs.NotFound {
				t.Error("a stranger is told:", err)
			}
			if _, err := w.Stats.Versions(t.Context(), by, "@ann/hidden"); errs.Of(err).Kind != errs.NotFound {
				t.Error("a stranger is told of versions:", err)
			}
		}
		if days, err := w.Stats.All(t.Context(), ann, p); err != nil || stats.Sum(days) != 0 {
			t.Error("private downloads are in the sum:", days, err)
		}
	})
}

func TestWhatCannotBeWrittenIsKept(t *testing.T) {
	each(t, func(t *testing.T, w *apptest.World, d *db.DB) {
		w.Publish(w.Person("ann"), npmpack.Package{Name: "pad", Version: "1.0.0"})
		w.Stats.Count(version(t, w, anonymous, "pad", "pad-1.0.0.tgz"))
		w.Stats.Count("a version that went away")
		if _, err := d.Exec(t.Context(), `ALTER TABLE downloads RENAME TO elsewhere`); err != nil {
			t.Fatal(err)
		}
		if err := w.Stats.Flush(t.Context()); err == nil {
			t.Fatal("written to nowhere")
		}
		if _, err := d.Exec(t.Context(), `ALTER TABLE elsewhere RENAME TO downloads`); err != nil {
			t.Fatal(err)
		}
		flush(t, w)
		today := w.Now().UTC().Format("2006-01-02")
		days, err := w.Stats.Days(t.Context(), anonymous, "pad", stats.Period{Start: today, End: today})
		if err != nil || len(days) != 1 || days[0].Count != 1 {
			t.Error(days, err)
		}
	})
}

func TestDownloadsOfVersionsAreForgotten(t *testing.T) {
	each(t, func(t *testing.T, w *apptest.World, d *db.DB) {
		w.Publish(w.Person("ann"), npmpack.Package{Name: "pad", Version: "1.0.0"})
		w.Stats.Count(version(t, w, anonymous, "pad", "pad-1.0.0.tgz"))
		flush(t, w)
		for _, row := range []struct {
			later time.Duration
			rows  int64
		}{{8 * 24 * time.Hour, 1}, {24 * time.Hour, 0}} {
			w.Advance(row.later)
			if err := w.Stats.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			var n int64
			if err := d.Get(t.Context(), &n, `SELECT COUNT(*) FROM version_downloads`); err != nil || n != row.rows {
				t.Errorf("%d rows, want %d: %v", n, row.rows, err)
			}
		}
	})
}

func TestPeriods(t *testing.T) {
	w := apptest.New(t)
	now := time.Date(2026, 3, 1, 0, 0, 1, 0, time.UTC)
	s := stats.New(nil, func() time.Time { return now }, w.Packages)
	for text, want := range map[string]string{
		"last-day": "2026-02-28 2026-02-28", "last-week": "2026-02-22 2026-02-28", "last-month": "2026-01-30 2026-02-28", "last-year": "2025-03-01 2026-02-28",
		"2026-02-03": "2026-02-03 2026-02-03", "2025-01-01:2026-02-03": "2025-01-01 2026-02-03",
		"": "", "last-decade": "", "2026-02-30": "", "2026-2-3": "", "2026-02-03:2026-02-02": "", "2020-01-01:2026-01-01": "", "2026-02-03:": "", "yesterday": "",
		"2026-02-03:2026-02-04:2026-02-05": "", strings.Repeat("9", 300): "",
	} {
		p, err := s.ParsePeriod(text)
		if got := strings.TrimSpace(p.Start + " " + p.End); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q %v, want %q", text, got, err, want)
		}
	}
}

func BenchmarkCount(b *testing.B) {
	s := stats.New(nil, time.Now, nil)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s.Count("019385b2-3c1d-7cc0-9a43-1f0e5b7a6d11")
		}
	})
}

func TestDownloadsOfAYearByWeek(t *testing.T) {
	each(t, func(t *testing.T, w *apptest.World, _ *db.DB) {
		w.Publish(w.Person("ann"), npmpack.Package{Name: "pad", Version: "1.0.0"})
		id := version(t, w, anonymous, "pad", "pad-1.0.0.tgz")
		for range 3 {
			w.Stats.Count(id)
		}
		flush(t, w)
		first := w.Now()
		for _, row := range []struct {
			days, week int // after how many days, in which week, -1 for none
		}{{0, -1}, {1, 51}, {7, 51}, {8, 50}, {364, 0}, {365, -1}} {
			w.Advance(first.AddDate(0, 0, row.days).Sub(w.Now()))
			weeks, err := w.Stats.Weeks(t.Context(), anonymous, "pad")
			if err != nil || len(weeks) != 52 {
				t.Fatal(weeks, err)
			}
			for i, week := range weeks {
				if want := i == row.week; (week.Count == 3) != want || !want && week.Count != 0 {
					t.Errorf("after %d days, week %d from %s has %d", row.days, i, week.Day, week.Count)
				}
			}
		}
		if _, err := w.Stats.Weeks(t.Context(), anonymous, "absent"); errs.Of(err).Kind != errs.NotFound {
			t.Error(err)
		}
	})
}
