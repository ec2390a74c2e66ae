package registry

import (
	"context"

	"deps.dev/util/semver"
	"github.com/go-json-experiment/json"

	"latchkey/internal/access"
	"latchkey/internal/audit"
)

// means fills in by what means versions were published, as the security log has it.
func (s *Service) means(ctx context.Context, name string, versions []Version) error {
	if len(versions) == 0 {
		return nil
	}
	first, last := versions[0].PublishedAt, versions[0].PublishedAt
	for _, v := range versions {
		if v.PublishedAt.Before(first) {
			first = v.PublishedAt
		}
		if v.PublishedAt.After(last) {
			last = v.PublishedAt
		}
	}
	log, err := store{s.db}.publishes(ctx, subject(name), string(audit.PackagePublished), first, last, versionsPerPage)
	if err != nil {
		return err
	}
	via := map[string]access.Via{}
	for _, l := range log {
		var detail struct {
			Version string `json:"version"`
		}
		if err := json.Unmarshal(l.Detail, &detail); err != nil {
			return err
		}
		via[detail.Version] = access.Via(l.Via)
	}
	for i, v := range versions {
		versions[i].Via = via[v.Version]
	}
	return nil
}

// precede fills in which version each one should be compared with: the highest one that is lower, among those
// published before it. Published before is not enough, because old lines get fixes after new ones began.
func precede(versions []Version) {
	for i, v := range versions {
		best := ""
		for _, older := range versions[i+1:] {
			if semver.NPM.Compare(older.Version, v.Version) < 0 && (best == "" || semver.NPM.Compare(older.Version, best) > 0) {
				best = older.Version
			}
		}
		versions[i].Previous = best
	}
}
