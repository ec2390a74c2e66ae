package account

import (
	"context"
	"errors"

	"latchkey/internal/access"
	"latchkey/internal/errs"
	"latchkey/internal/twofactor"
)

// Prove returns the actor of a terminal's request with the proof that the account's password came with it. The
// tries of one token are counted apart, as those of one browser are. A wrong password is an Invalid error.
func (s *Service) Prove(ctx context.Context, by access.Actor, password string) (access.Actor, error) {
	if err := s.self(by, access.SessionConfirm); err != nil {
		return by, err
	}
	if by.Grant == nil {
		return by, access.ErrForbidden
	}
	u, err := store{s.db}.byID(ctx, by.UserID)
	if err != nil {
		return by, err
	}
	held := counts{{"confirm:" + by.Grant.TokenID, s.cfg.Limits.SignInRate}}
	if _, err := s.prove(ctx, by, u, held, password); errors.Is(err, ErrSignIn) {
		return by, errs.Field("password", "This is not the password of "+u.Name+".")
	} else if err != nil {
		return by, err
	}
	by.SudoUntil = s.now().Add(access.SudoFor)
	return by, nil
}

// FinishApp turns two-factor authentication on with the app that the actor's terminal is setting up, and returns
// the recovery codes. npm prints them and asks for none of them back, so having sent them counts as saved.
func (s *Service) FinishApp(ctx context.Context, by access.Actor, code string) ([]string, error) {
	id, err := s.factors.Drafted(ctx, by)
	if err != nil {
		return nil, err
	}
	by.SudoUntil = s.now().Add(access.SudoFor) // the password came with the request that began it
	needsCodes, err := s.factors.ConfirmApp(ctx, by, id, code)
	if err == nil && !needsCodes {
		err = twofactor.ErrOn
	}
	if err != nil {
		return nil, err
	}
	made, err := s.factors.NewCodesOf(ctx, by)
	if err != nil {
		return nil, err
	}
	if err := s.factors.Downloaded(ctx, by); err != nil {
		return nil, err
	}
	_, err = s.SaveCodes(ctx, by, "")
	return made.Codes, err
}
