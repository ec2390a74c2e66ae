package account

import (
	"context"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/credential"
)

// Profile returns the actor's own account.
func (s *Service) Profile(ctx context.Context, by access.Actor) (User, error) {
	if err := s.self(by, access.AccountView); err != nil {
		return User{}, err
	}
	u, err := store{s.db}.byID(ctx, by.UserID)
	return u.public(), err
}

// UpdateProfile sets what the actor says about themselves, all of it.
func (s *Service) UpdateProfile(ctx context.Context, by access.Actor, in Profile) error {
	if err := s.self(by, access.AccountEdit); err != nil {
		return err
	}
	fullName, badFullName := checkFullName(in.FullName)
	homepage, badHomepage := checkHomepage(in.Homepage)
	if err := every(badFullName, badHomepage); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := credential.Holds(ctx, tx, by, s.now()); err != nil {
			return err
		}
		if err := (store{tx}).setProfile(ctx, by.UserID, Profile{fullName, homepage}, s.now()); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.now(), by, audit.Entry{Event: audit.AccountProfileChanged, Subject: ownSubject(by)})
	})
}

// Person returns what everybody may know of somebody.
func (s *Service) Person(ctx context.Context, by access.Actor, name string) (Person, error) {
	if err := access.Check(by, access.PersonView, access.Facts{Standing: access.Reader}, s.now()); err != nil {
		return Person{}, err
	}
	if !nameForm.MatchString(name) {
		return Person{}, ErrNotFound
	}
	u, err := store{s.db}.byName(ctx, name)
	return Person{Name: u.Name, FullName: u.FullName, Homepage: u.Homepage, Since: u.CreatedAt}, err
}

// Lookup returns an account by name: to its owner, and to the console. To others it is not found.
func (s *Service) Lookup(ctx context.Context, by access.Actor, name string) (User, error) {
	if !nameForm.MatchString(name) {
		return User{}, ErrNotFound
	}
	u, err := store{s.db}.byName(ctx, name)
	if err != nil {
		return User{}, err
	}
	if access.Check(by, access.AccountView, access.Self(by, u.ID), s.now()) != nil {
		return User{}, ErrNotFound
	}
	return u.public(), nil
}

const mostPeople = 200

// People lists accounts by name, those after a name, for operators.
func (s *Service) People(ctx context.Context, by access.Actor, after string, limit int) ([]User, error) {
	if err := access.Check(by, access.OperatorView, access.Installation(by), s.now()); err != nil {
		return nil, err
	}
	if after != "" && !nameForm.MatchString(after) {
		return nil, ErrNotFound
	}
	us, err := store{s.db}.people(ctx, after, min(max(limit, 1), mostPeople))
	out := make([]User, len(us))
	for i, u := range us {
		out[i] = u.public()
	}
	return out, err
}

// Count says how many accounts there are, to operators.
func (s *Service) Count(ctx context.Context, by access.Actor) (int64, error) {
	if err := access.Check(by, access.OperatorView, access.Installation(by), s.now()); err != nil {
		return 0, err
	}
	return store{s.db}.countUsers(ctx)
}
