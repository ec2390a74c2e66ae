package registry

import (
	"context"
	"errors"
	"strings"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/org"
)

// standingFacts is how many people's standings to packages are remembered between writes.
const standingFacts = 50_000

type standingKey struct{ userID, scope, packageID string }

// scopeOf is the scope of a package's name, or "".
func scopeOf(name string) string {
	scope, _, scoped := strings.Cut(strings.TrimPrefix(name, "@"), "/")
	if !scoped {
		return ""
	}
	return scope
}

// inOrg is what somebody is to the organization that owns a scope and, by their teams, to a package. Its
// OrgID is empty when the scope is a person's or nobody's. In a transaction it is read again.
func (s *Service) inOrg(ctx context.Context, tx *db.Tx, k standingKey) (org.Standing, error) {
	read := func(ctx context.Context, q db.Q) (org.Held, error) {
		h, err := org.StandingOf(ctx, q, k.userID, k.scope, k.packageID)
		if errors.Is(err, org.ErrNotFound) {
			return org.Held{}, nil
		}
		return h, err
	}
	var h org.Held
	var err error
	if tx != nil {
		h, err = read(ctx, tx)
	} else {
		h, err = s.standings.Get(ctx, k, func(ctx context.Context) (org.Held, error) { return read(ctx, s.db) })
	}
	return h.At(s.now()), err
}

// facts says what the actor is to a package. Maintainers own it, but in the scope of an organization its
// roles and teams decide, and a maintainer is one who may write as long as they belong to it. Reading what
// is public asks for nothing.
func (s *Service) facts(ctx context.Context, tx *db.Tx, by access.Actor, act access.Action, h head) (access.Facts, error) {
	f := h.facts(by)
	scope := scopeOf(h.Name)
	if scope == "" || scope == by.Name || !by.SignedIn() || act == access.PackageRead && !h.Private {
		return f, nil
	}
	st, err := s.inOrg(ctx, tx, standingKey{by.UserID, scope, h.ID})
	if err != nil || st.OrgID == "" {
		return f, err
	}
	maintainer := f.Standing == access.Owner
	f.Standing, f.Attended = st.Package(maintainer), st.PeopleOnly
	if !h.Private {
		f.Standing = max(f.Standing, access.Reader)
	}
	return f, nil
}

// mayCreate says what the actor is to a new name in a scope, which is theirs to take in their own scope and
// in that of an organization to which they belong.
func (s *Service) mayCreate(ctx context.Context, tx *db.Tx, by access.Actor, scope string) (access.Facts, error) {
	f := access.Facts{Standing: access.Owner}
	if scope == "" || scope == by.Name {
		return f, nil
	}
	if !by.SignedIn() {
		return access.Facts{}, nil
	}
	st, err := s.inOrg(ctx, tx, standingKey{by.UserID, scope, ""})
	if f.Attended = st.PeopleOnly; st.Role == "" {
		f.Standing = access.None
	}
	return f, err
}

// adopt gives a new package in an organization's scope to the teams that get new ones.
func (s *Service) adopt(ctx context.Context, tx *db.Tx, by access.Actor, h head) error {
	scope := scopeOf(h.Name)
	if scope == "" || scope == by.Name {
		return nil
	}
	st, err := s.inOrg(ctx, tx, standingKey{by.UserID, scope, ""})
	if err != nil || st.OrgID == "" {
		return err
	}
	return org.Adopt(ctx, tx, st.OrgID, h.ID)
}

// viewer is whose private packages a list may show, and when: what an organization requires may begin at any moment.
type viewer struct {
	userID string
	at     time.Time
}

func (s *Service) viewer(by access.Actor) viewer { return viewer{by.Viewer(), s.now()} }
