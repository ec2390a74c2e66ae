package account

import (
	"context"
	"errors"

	"latchkey/db"
	"latchkey/internal/access"
)

var errPending = errors.New("not yet")

func (s *Service) SignUp(ctx context.Context, by access.Actor, in SignUp) (Session, error) {
	return Session{}, errPending
}

func (s *Service) Create(ctx context.Context, by access.Actor, in NewAccount) (User, error) {
	return User{}, errPending
}

func (s *Service) SignIn(ctx context.Context, by access.Actor, login, password string) (Session, error) {
	return Session{}, errPending
}

func (s *Service) SignOut(ctx context.Context, by access.Actor) error { return errPending }

func (s *Service) ActorFor(ctx context.Context, by access.Actor, sessionID string) (access.Actor, error) {
	return by, errPending
}

func (s *Service) Confirm(ctx context.Context, by access.Actor, password string) error {
	return errPending
}

func (s *Service) VerifyPassword(ctx context.Context, by access.Actor, name, password string) (User, error) {
	return User{}, errPending
}

func (s *Service) ForgotPassword(ctx context.Context, by access.Actor, login string) error {
	return errPending
}

func (s *Service) ResetLink(ctx context.Context, by access.Actor, link string) (name string, err error) {
	return "", errPending
}

func (s *Service) ResetPassword(ctx context.Context, by access.Actor, link, password string) error {
	return errPending
}

func (s *Service) ChangePassword(ctx context.Context, by access.Actor, password string) error {
	return errPending
}

func (s *Service) VerifyLink(ctx context.Context, by access.Actor, link string) (address string, err error) {
	return "", errPending
}

func (s *Service) VerifyEmail(ctx context.Context, by access.Actor, link string) error {
	return errPending
}

func (s *Service) ResendVerification(ctx context.Context, by access.Actor) error { return errPending }

func (s *Service) Profile(ctx context.Context, by access.Actor) (User, error) {
	return User{}, errPending
}

func (s *Service) UpdateProfile(ctx context.Context, by access.Actor, in Profile) error {
	return errPending
}

func (s *Service) Person(ctx context.Context, by access.Actor, name string) (Person, error) {
	return Person{}, errPending
}

func (s *Service) People(ctx context.Context, by access.Actor, after string, limit int) ([]User, error) {
	return nil, errPending
}

func (s *Service) Lookup(ctx context.Context, by access.Actor, name string) (User, error) {
	return User{}, errPending
}

func (s *Service) Invite(ctx context.Context, by access.Actor, email string) error { return errPending }

func (s *Service) Invitation(ctx context.Context, by access.Actor, link string) (email string, err error) {
	return "", errPending
}

func (s *Service) SetupLink(ctx context.Context, by access.Actor) (link string, err error) {
	return "", errPending
}

func (s *Service) SetupOpen(ctx context.Context, by access.Actor, link string) error {
	return errPending
}

func (s *Service) SetUp(ctx context.Context, by access.Actor, link string, in SignUp) (Session, error) {
	return Session{}, errPending
}

func (s *Service) HasOperator(ctx context.Context, by access.Actor) (bool, error) {
	return false, errPending
}

func (s *Service) Notify(ctx context.Context, tx *db.Tx, by access.Actor, userID, template string, data map[string]string) error {
	return errPending
}

func (s *Service) Sweep(ctx context.Context) error { return errPending }
