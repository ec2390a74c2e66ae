package twofactor

import (
	"context"
	"errors"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/errs"
	"latchkey/internal/secret"
)

// The forms of what a terminal sends as a one-time password, by length: a code of an app, one that a page
// showed for typing, one that the terminal was handed itself.
const (
	typedLength  = 8
	handedLength = 26
)

// secondWrite is how long the second of two writes that belong together may take.
const secondWrite = 2 * time.Minute

// unpublish is the one command whose act is two writes: the version leaves the document, then its tarball
// goes (libnpmpublish, unpublish.js).
const unpublish = "unpublish"

// Present looks at the one-time password that came with a request, which may be "", and returns the actor
// with what it proves. A right one is used up. What was proven lately for more than one act counts too.
func (s *Service) Present(ctx context.Context, by access.Actor, t Terminal, code string) (access.Actor, error) {
	if by.Grant == nil || by.Grant.Unattended && !by.Grant.MustProve || by.Factor == access.NoFactor {
		return by, nil
	}
	hash := ""
	if code != "" {
		hash = secret.Hash(code)
	}
	d, err := s.remembered(ctx, by, t, hash)
	if err == nil {
		if by.Verified = true; d.Action != "" {
			by.Only = &d
		}
		return by, nil
	}
	if code == "" && errors.Is(err, errWrong) {
		return by, nil
	}
	if !errors.Is(err, errWrong) {
		return by, err
	}
	switch len(code) {
	case handedLength:
		return s.spend(ctx, by, t, hash, hash)
	case typedLength:
		if err := s.count(ctx, by, by.UserID); err != nil {
			return by, err
		}
		out, err := s.spend(ctx, by, t, s.box.Mac("one-time password", code), hash)
		if err == nil {
			err = s.uncount(ctx, by, by.UserID)
		}
		return out, err
	case recoveryLength, recoveryLength + 3:
		return by, errRecoveryHere
	}
	return s.spendApp(ctx, by, t, code, hash)
}

var errRecoveryHere = errs.New(errs.SecondFactor, "twofactor.recovery_here", "A recovery code is not for the terminal. Sign in with it in a browser.")

// remembered returns what was proven lately and covers the request.
func (s *Service) remembered(ctx context.Context, by access.Actor, t Terminal, hash string) (access.Deed, error) {
	r, err := store{s.db}.remembered(ctx, by, t, hash, s.now())
	if err != nil {
		return access.Deed{}, err
	}
	if r.WritesLeft > 0 {
		err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			return only(errWrong)(store{tx}.useConfirmed(ctx, r.ID))
		})
	}
	return access.Deed{Action: r.Action}, err
}

// spend uses an approved question's code up.
func (s *Service) spend(ctx context.Context, by access.Actor, t Terminal, stored, hash string) (access.Actor, error) {
	var d access.Deed
	err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		c, err := store{tx}.spend(ctx, stored, by.Grant.TokenID, s.now())
		if err != nil {
			return err
		}
		d = c.deed()
		e := audit.Entry{Event: audit.ConfirmationUsed, Subject: c.subject(), Detail: map[string]string{"action": string(c.Action), "version": c.Version}}
		if err := audit.Record(ctx, tx, s.now(), by, e); err != nil {
			return err
		}
		return s.coverSecond(ctx, tx, by, t, d.Action, hash)
	})
	if err != nil {
		return by, err
	}
	by.Verified, by.Only = true, &d
	return by, nil
}

// spendApp uses a code of an app up that was typed with the command.
func (s *Service) spendApp(ctx context.Context, by access.Actor, t Terminal, code, hash string) (access.Actor, error) {
	p, err := s.Verify(ctx, by, Place{by.UserID, ToApprove, ""}, Answer{Code: code})
	if err == nil {
		err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			if err := s.Consume(ctx, tx, by, p, "npm "+t.Command); err != nil {
				return err
			}
			return s.coverSecond(ctx, tx, by, t, "", hash)
		})
	}
	if errs.AsInvalid(err) != nil {
		err = ErrOneTime
	}
	by.Verified = err == nil
	return by, err
}

// coverSecond lets the same code cover what is one act in several writes, of the same run: the second write
// of an unpublish, and the further packages of npm publish --workspaces --otp, which has one code for all.
func (s *Service) coverSecond(ctx context.Context, tx *db.Tx, by access.Actor, t Terminal, act access.Action, hash string) error {
	r := confirmed{
		ID: db.NewID(), UserID: by.UserID, TokenID: by.Grant.TokenID, IP: by.Address(), Action: act, Command: t.Command, Run: t.Run, CodeHash: hash,
	}
	switch {
	case t.Run == "":
		return nil
	case t.Command == unpublish:
		r.Package, r.WritesLeft, r.ExpiresAt = t.Package, 1, s.now().Add(secondWrite)
	case t.Workspaces && act == "":
		r.WritesLeft, r.ExpiresAt = -1, s.now().Add(RememberFor)
	default:
		return nil
	}
	return store{tx}.insertConfirmed(ctx, r)
}
