// Package stats counts downloads: in memory while a tarball is sent, and every few seconds in the
// database, a row for each package and day.
package stats

import (
	"context"
	"sync"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/errs"
	"latchkey/internal/registry"
)

const (
	// FlushEvery is how often counts are written down, and so how much of them a crash may lose.
	FlushEvery = 5 * time.Second

	dayForm    = "2006-01-02"
	perVersion = 8   // days for which the downloads of each version are kept
	perFlush   = 500 // versions that one transaction writes
	longest    = 549 // days that one question may be about: 18 months
	maxBulk    = 128
	totalsFor  = 10 * time.Minute // how old a count over all packages may be
	maxTotals  = 100
)

// What can be wrong with a question.
var (
	ErrPeriod = errs.New(errs.Invalid, "stats.period",
		"That is not a period: expected last-day, last-week, last-month, last-year, a day such as 2026-11-24, or two days with a colon between them, at most 18 months apart.")
	errBulk = errs.Newf(errs.Invalid, "stats.bulk", "Expected at most %d package names.", maxBulk)
)

// Service counts and tells.
type Service struct {
	db       *db.DB
	now      func() time.Time
	packages *registry.Service

	mu      sync.Mutex
	counted map[string]int64 // by id of version; written down by Flush

	totalsMu sync.Mutex
	totals   map[Period]total
}

type total struct {
	days []Day
	at   time.Time
}

// New returns the service.
func New(d *db.DB, now func() time.Time, packages *registry.Service) *Service {
	return &Service{db: d, now: now, packages: packages, counted: map[string]int64{}, totals: map[Period]total{}}
}

// Count counts one download of a version. It is on the path of every tarball: an entry of a map, under a
// lock that nobody holds for longer.
func (s *Service) Count(versionID string) {
	s.mu.Lock()
	s.counted[versionID]++
	s.mu.Unlock()
}

// Flush writes down what was counted. What cannot be written is kept for the next time.
func (s *Service) Flush(ctx context.Context) error {
	s.mu.Lock()
	counted := s.counted
	s.counted = map[string]int64{}
	s.mu.Unlock()
	day := s.now().UTC().Format(dayForm)
	ids := make([]string, 0, len(counted))
	for id := range counted {
		ids = append(ids, id)
	}
	for len(ids) > 0 {
		part := ids[:min(len(ids), perFlush)]
		err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			for _, id := range part {
				if err := (store{tx}).add(ctx, id, day, counted[id]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			s.mu.Lock()
			for _, id := range ids {
				s.counted[id] += counted[id]
			}
			s.mu.Unlock()
			return err
		}
		ids = ids[len(part):]
	}
	return nil
}

// Sweep forgets the downloads of single versions after a week.
func (s *Service) Sweep(ctx context.Context) error {
	return store{s.db}.sweep(ctx, s.now().UTC().AddDate(0, 0, -perVersion).Format(dayForm))
}

// Period is a number of days, both ends included, as "2026-11-24".
type Period struct{ Start, End string }

// ParsePeriod reads a period. The named ones end yesterday, because today is not over.
func (s *Service) ParsePeriod(text string) (Period, error) {
	today := s.now().UTC().Truncate(24 * time.Hour)
	back := map[string]int{"last-day": 1, "last-week": 7, "last-month": 30, "last-year": 365}
	if n := back[text]; n > 0 {
		return Period{today.AddDate(0, 0, -n).Format(dayForm), today.AddDate(0, 0, -1).Format(dayForm)}, nil
	}
	from, to := text, text
	if len(text) == 2*len(dayForm)+1 && text[len(dayForm)] == ':' {
		from, to = text[:len(dayForm)], text[len(dayForm)+1:]
	}
	start, err := time.Parse(dayForm, from)
	end, eerr := time.Parse(dayForm, to)
	if err != nil || eerr != nil || end.Before(start) || end.Sub(start) > longest*24*time.Hour {
		return Period{}, ErrPeriod
	}
	return Period{from, to}, nil
}

// Day is the downloads of one day.
type Day struct {
	Day   string
	Count int64
}

// Sum adds days up.
func Sum(days []Day) (n int64) {
	for _, d := range days {
		n += d.Count
	}
	return n
}

// Days are a package's downloads on each day of a period, days without any included.
func (s *Service) Days(ctx context.Context, by access.Actor, name string, p Period) ([]Day, error) {
	id, err := s.packages.Find(ctx, by, name)
	if err != nil {
		return nil, err
	}
	days, err := store{s.db}.days(ctx, id, p)
	return every(p, days), err
}

// Bulk is Days for many packages. One that the actor may not see, or that is not there, has no entry.
func (s *Service) Bulk(ctx context.Context, by access.Actor, names []string, p Period) (map[string][]Day, error) {
	if len(names) > maxBulk {
		return nil, errBulk
	}
	out := map[string][]Day{}
	for _, name := range names {
		days, err := s.Days(ctx, by, name, p)
		switch {
		case err == nil:
			out[name] = days
		case errs.Of(err).Kind != errs.NotFound:
			return nil, err
		}
	}
	return out, nil
}

// All are the downloads of all public packages together, for everybody the same and up to ten minutes old.
func (s *Service) All(ctx context.Context, by access.Actor, p Period) ([]Day, error) {
	if err := access.Check(by, access.PackageRead, access.Facts{Standing: access.Reader}, s.now()); err != nil {
		return nil, err
	}
	s.totalsMu.Lock() // also while it is being counted: others wait for the same answer
	defer s.totalsMu.Unlock()
	if t, ok := s.totals[p]; ok && s.now().Sub(t.at) < totalsFor {
		return t.days, nil
	}
	days, err := store{s.db}.allDays(ctx, p)
	if err != nil {
		return nil, err
	}
	if len(s.totals) >= maxTotals {
		clear(s.totals)
	}
	days = every(p, days)
	s.totals[p] = total{days, s.now()}
	return days, nil
}

// Versions are the downloads of each version of a package in the last seven whole days.
func (s *Service) Versions(ctx context.Context, by access.Actor, name string) (map[string]int64, error) {
	id, err := s.packages.Find(ctx, by, name)
	if err != nil {
		return nil, err
	}
	p, err := s.ParsePeriod("last-week")
	if err != nil {
		return nil, err
	}
	rows, err := store{s.db}.versions(ctx, id, p)
	out := map[string]int64{}
	for _, r := range rows {
		out[r.Version] = r.Count
	}
	return out, err
}

// Weeks are a package's downloads in each of the last 52 weeks, the oldest first. A week is seven whole days, and
// the last one ended yesterday; Day is its first day.
func (s *Service) Weeks(ctx context.Context, by access.Actor, name string) ([]Day, error) {
	const weeks = 52
	today := s.now().UTC().Truncate(24 * time.Hour)
	p := Period{today.AddDate(0, 0, -7*weeks).Format(dayForm), today.AddDate(0, 0, -1).Format(dayForm)}
	days, err := s.Days(ctx, by, name, p)
	if err != nil {
		return nil, err
	}
	out := make([]Day, 0, weeks)
	for len(days) >= 7 {
		out = append(out, Day{days[0].Day, Sum(days[:7])})
		days = days[7:]
	}
	return out, nil
}

// every fills the days in between.
func every(p Period, some []Day) []Day {
	start, err := time.Parse(dayForm, p.Start)
	if err != nil {
		return some
	}
	var out []Day
	for day := start; ; day = day.AddDate(0, 0, 1) {
		d := Day{Day: day.Format(dayForm)}
		if d.Day > p.End {
			return out
		}
		if len(some) > 0 && some[0].Day == d.Day {
			d, some = some[0], some[1:]
		}
		out = append(out, d)
	}
}
