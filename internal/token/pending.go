package token

import (
	"context"
	"errors"

	"latchkey/internal/access"
)

var errPending = errors.New("not yet")

func (s *Service) Create(ctx context.Context, by access.Actor, in NewToken) (Created, error) {
	return Created{}, errPending
}

func (s *Service) Authenticate(ctx context.Context, by access.Actor, text string) (access.Actor, error) {
	return by, errPending
}

func (s *Service) SignIn(ctx context.Context, by access.Actor, name, password string) (text string, err error) {
	return "", errPending
}

func (s *Service) Revoke(ctx context.Context, by access.Actor, text string) error { return errPending }

func (s *Service) StartWebLogin(ctx context.Context, by access.Actor) (WebLogin, error) {
	return WebLogin{}, errPending
}

func (s *Service) WebLogin(ctx context.Context, by access.Actor, id string) (WebLoginPage, error) {
	return WebLoginPage{}, errPending
}

func (s *Service) ApproveWebLogin(ctx context.Context, by access.Actor, id string) error {
	return errPending
}

func (s *Service) DenyWebLogin(ctx context.Context, by access.Actor, id string) error {
	return errPending
}

func (s *Service) PollWebLogin(ctx context.Context, by access.Actor, poll string) (text string, pending bool, err error) {
	return "", false, errPending
}

func (s *Service) Flush(ctx context.Context) error { return errPending }

func (s *Service) Sweep(ctx context.Context) error { return errPending }
