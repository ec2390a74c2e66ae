package org

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/audit"
)

// Log returns a page of the organization's log: what was done to it, its teams and the packages of its scope,
// the newest first. Owners may read it.
func (s *Service) Log(ctx context.Context, by access.Actor, name string, f audit.Filter, before string, limit int) ([]audit.Logged, error) {
	if _, err := s.authorize(ctx, s.db, by, access.OrgViewLog, name); err != nil {
		return nil, err
	}
	return audit.OfOrg(ctx, s.db, name, f, before, limit)
}

// EachLogged calls f with every entry of the organization's log that is chosen, the newest first, without
// holding more than a few in memory.
func (s *Service) EachLogged(ctx context.Context, by access.Actor, name string, filter audit.Filter, f func(audit.Logged) error) error {
	if _, err := s.authorize(ctx, s.db, by, access.OrgViewLog, name); err != nil {
		return err
	}
	return audit.EachOfOrg(ctx, s.db, name, filter, f)
}
