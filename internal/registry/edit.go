package registry

import (
	"context"
	"io"

	"latchkey/internal/access"
	"latchkey/internal/errs"
	"latchkey/internal/npm"
)

var errNoEdit = errs.New(errs.Invalid, "registry.edit", "The body changes nothing that can be changed: expected deprecated versions, a star, maintainers, or fewer versions.")

// Edit makes the change that a client asks for by sending a package's document back. Only one thing is
// taken from it, which one is told by what is there, and nothing else in it matters: what was published or
// tagged meanwhile stays. Without rev, which is then in the body, versions may be deprecated or the actor's
// star set; with rev, from the address, maintainers changed or versions unpublished. It returns whom it
// asked to maintain the package.
func (s *Service) Edit(ctx context.Context, by access.Actor, name, rev string, body io.Reader) (invited []string, err error) {
	if _, err := s.authorize(ctx, nil, by, access.PackageRead, name); err != nil {
		return nil, err
	}
	if err := access.Check(by, access.PackageStar, access.Self(by, by.UserID), s.now()); err != nil { // the least of them
		return nil, err
	}
	release, err := s.turns.take(ctx, by.UserID)
	if err != nil {
		return nil, err
	}
	e, err := npm.DecodeEdit(body)
	release()
	switch {
	case err != nil:
		return nil, err
	case rev == "" && e.Versions != nil:
		return nil, s.Deprecate(ctx, by, name, e.Rev, e.Versions)
	case rev == "" && e.Users != nil:
		return nil, s.Star(ctx, by, name, e.Users[by.Name])
	case rev != "" && e.Versions != nil:
		return nil, s.UnpublishVersions(ctx, by, name, rev, e.Versions)
	case rev != "" && e.Maintainers != nil:
		return s.SetMaintainers(ctx, by, name, rev, e.Maintainers)
	}
	return nil, errNoEdit
}
