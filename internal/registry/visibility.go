package registry

import (
	"context"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/errs"
	"latchkey/internal/npm"
)

// What can be wrong with a change of visibility.
var (
	ErrUnscoped   = errs.New(errs.Invalid, "registry.unscoped", "Only scoped packages can be private: this one has no scope.")
	errVisibility = errs.New(errs.Invalid, "registry.access", "Access is public or restricted (private).")
)

// Private reports whether only its maintainers may see a package.
func (s *Service) Private(ctx context.Context, by access.Actor, name string) (bool, error) {
	h, err := s.authorize(ctx, nil, by, access.PackageRead, name)
	return h.Private, err
}

// SetAccess makes a scoped package "public" or "restricted" (also "private"). The owner of its scope may,
// who answers for what is told under that name.
func (s *Service) SetAccess(ctx context.Context, by access.Actor, name, to string) error {
	private := to == "restricted" || to == "private"
	return s.change(ctx, by, access.PackageSettings, name, func(ctx context.Context, tx *db.Tx, h head) error {
		n, err := npm.ParseName(h.Name)
		if err != nil {
			return err
		}
		f, err := s.scopeFacts(ctx, tx, by, h)
		if err != nil {
			return err
		}
		if err := access.Check(by, access.PackageSetAccess, f, s.now()); err != nil {
			return err
		}
		switch {
		case !private && to != "public":
			return errVisibility
		case n.Scope == "" && private:
			return ErrUnscoped
		case private == h.Private:
			return nil
		}
		if err := (store{tx}).setPrivate(ctx, h.ID, private); err != nil {
			return err
		}
		if err := (store{tx}).touch(ctx, h.ID); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.now(), by, audit.Entry{Event: audit.PackageAccessChanged, Subject: subject(h.Name), Detail: map[string]string{"access": to}})
	})
}

// scopeFacts says what the actor is to a package where its scope's owner decides: in a person's scope that
// person, who must maintain it, and in an organization's its owners. Others who maintain it change its
// content only.
func (s *Service) scopeFacts(ctx context.Context, tx *db.Tx, by access.Actor, h head) (access.Facts, error) {
	f, err := s.facts(ctx, tx, by, access.PackageSetAccess, h)
	scope := scopeOf(h.Name)
	if err != nil || f.Standing < access.Owner || scope == "" || scope == by.Name {
		return f, err
	}
	st, err := s.inOrg(ctx, tx, standingKey{by.UserID, scope, h.ID})
	if st.OrgID == "" {
		f.Standing = access.Writer
	}
	return f, err
}
