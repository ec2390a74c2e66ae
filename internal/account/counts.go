package account

import (
	"context"
	"errors"
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
	"latchkey/internal/secret"
)

// ErrStopped answers tries to sign in with a login at which too many wrong passwords were aimed.
var ErrStopped = errs.New(errs.RateLimited, "account.sign_in_stopped",
	"Too many wrong passwords were tried for this login. Sign in in a browser that you used before, or choose a new password by mail.")

// count is one limit that a try is held against.
type count struct {
	key  string
	rate config.Rate
}

// counts are all of them, in the order in which they are asked.
type counts []count

// signInCounts are what a sign-in is held against: the tries from one place, whoever they are aimed at,
// and the tries at one login, wherever they come from. The second one is by the text that was typed,
// known or not, so that its answers tell neither that an account exists nor which address is whose.
// Nobody can shut an owner out with it: a browser that was signed in as the account before is a place of
// its own, and is not held against what others aim at the login.
func (s *Service) signInCounts(ctx context.Context, by access.Actor, login string, u user) (counts, error) {
	seen, err := store{s.db}.browsers(ctx, u.ID) // nobody has none, and costs the same question
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(seen, func(b browser) bool { return b.is(by) }) {
		return counts{{"signin:from:" + secret.Hash(by.Browser), s.cfg.Limits.SignInRate}}, nil
	}
	return counts{
		{"signin:from:" + limit.Network(by.IP), s.cfg.Limits.SignInRate},
		{signInTo(login), s.cfg.Limits.SignInStop},
	}, nil
}

// signInTo is the key of the tries at a login. What was typed may be a password, typed into the wrong
// field, so it is hashed.
func signInTo(login string) string { return "signin:to:" + secret.Hash(login) }

// take counts a try.
func (s *Service) take(ctx context.Context, held counts) error {
	for i, c := range held {
		err := s.limits.Take(ctx, c.key, c.rate)
		if i > 0 && errors.Is(err, limit.ErrTooMany) {
			err = ErrStopped.After(errs.Of(err).RetryAfter)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// giveBack takes a try back, after it succeeded or could not be made.
func (s *Service) giveBack(ctx context.Context, held counts) error {
	var all []error
	for _, c := range held {
		all = append(all, s.limits.GiveBack(ctx, c.key, c.rate))
	}
	return errors.Join(all...)
}

// strangers is from how many places, each at its whole rate, letters to verify an address may be asked for
// before nobody else's request for one is heard.
const strangers = 5

// mayVerify counts a letter to the address that an account claims: by the account, by where it is asked
// for, and last and widely by the address. So an address is not flooded, and those who claim it from
// elsewhere do not use up the letters of the person whose it is.
func (s *Service) mayVerify(ctx context.Context, by access.Actor, u user) (bool, error) {
	const letters = "mail:" + string(toVerify) + ":"
	rate := s.cfg.Limits.MailRate
	wide := rate
	wide.N *= strangers
	return s.mailable(ctx, counts{{letters + u.ID, rate}, {letters + limit.Network(by.IP) + ":" + u.EmailKey, rate}, {letters + u.EmailKey, wide}})
}

// mayMail counts a letter that a form causes, whoever fills it in: an address must not be flooded.
func (s *Service) mayMail(ctx context.Context, p purpose, key string) (bool, error) {
	return s.mailable(ctx, counts{{"mail:" + string(p) + ":" + key, s.cfg.Limits.MailRate}})
}

// mailable counts a letter. Over a limit the form answers as always, and sends nothing.
func (s *Service) mailable(ctx context.Context, held counts) (bool, error) {
	for _, c := range held {
		if err := s.limits.Take(ctx, c.key, c.rate); errors.Is(err, limit.ErrTooMany) {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
	return true, nil
}
