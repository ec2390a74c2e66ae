package account

import (
	"context"
	"errors"

	"latchkey/internal/access"
	"latchkey/internal/errs"
)

// ErrPassword is the answer to a wrong password that came along with a request. npm asks for it again.
var ErrPassword = errs.New(errs.Unauthenticated, "account.password", "This is not the password of the account.")

// Again proves with the password that whoever holds a terminal's token is its owner, for the one request
// that the password came with (npm token create). The tries of one token are counted by themselves.
func (s *Service) Again(ctx context.Context, by access.Actor, password string) error {
	if err := access.Check(by, access.TokenCreate, access.Self(by, by.UserID), s.now()); err != nil {
		return err
	}
	u, err := store{s.db}.byID(ctx, by.UserID)
	if err != nil {
		return err
	}
	held := counts{{"confirm:" + by.Grant.TokenID, s.cfg.Limits.SignInRate}}
	if _, err = s.prove(ctx, by, u, held, password); errors.Is(err, ErrSignIn) {
		return ErrPassword
	}
	return err
}
