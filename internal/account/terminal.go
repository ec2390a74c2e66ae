package account

import (
	"context"
	"errors"
	"strconv"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
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
	held := counts{{"confirm:" + by.Grant.TokenID, s.cfg.Limits.SignInRate}, {"confirm:terminals:" + u.ID, s.cfg.Limits.SignInRate}}
	if _, err := s.prove(ctx, by, u, held, password); errors.Is(err, ErrSignIn) {
		if err := s.doubtTerminal(ctx, by, u); err != nil {
			return by, err
		}
		return by, errs.Field("password", "This is not the password of "+u.Name+".")
	} else if err != nil {
		return by, err
	}
	by.SudoUntil = s.now().Add(access.SudoFor)
	return by, nil
}

// quietly is how many wrong passwords from terminals an owner is not written to about.
var quietly = config.Rate{N: doubtful - 1, Per: time.Hour}

// doubtTerminal writes to the owner at the third wrong password in an hour, once a day: a stolen token must not be a
// place to guess unheard.
func (s *Service) doubtTerminal(ctx context.Context, by access.Actor, u user) error {
	if err := s.limits.Take(ctx, "wrong:terminals:"+u.ID, quietly); !errors.Is(err, limit.ErrTooMany) {
		return err
	}
	if err := s.limits.Take(ctx, "wrong:told:"+u.ID, config.Rate{N: 1, Per: 24 * time.Hour}); err != nil {
		if errors.Is(err, limit.ErrTooMany) {
			return nil
		}
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return s.notify(ctx, tx, u, "confirm-failed", map[string]string{
			"Where": "terminal", "Tries": strconv.Itoa(doubtful), "Device": Device(by.Agent), "From": from(by),
		})
	})
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
