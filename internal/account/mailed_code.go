package account

import (
	"context"
	"errors"
	"strings"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/secret"
	"latchkey/internal/twofactor"
	"latchkey/internal/words"
)

const (
	// CodeLife is how long a mailed code finishes a sign-in.
	CodeLife  = 10 * time.Minute
	codeTries = 5 // at one mailed code
)

// codesMailed is how many codes one account is sent: more than anybody needs, and no flood from whoever
// learned its password.
var codesMailed = config.Rate{N: 20, Per: time.Hour}

// ErrCodeMailed answers a terminal whose person has to type what they were just mailed.
var ErrCodeMailed = errs.New(errs.SecondFactor, "account.code_mailed",
	"A code was mailed to the address of this account. Type its eight digits as the one-time password.")

// mailsCodes reports whether an account without a second factor is mailed a code at each sign-in. An address
// that nobody verified may be a stranger's, who would get the codes; such an account may publish nothing.
func (s *Service) mailsCodes(u user) bool {
	return s.cfg.MailsSignInCodes() && u.EmailVerifiedAt != nil
}

// mayMailCode counts a code that is about to be mailed. Whoever gets this far gave the right password, and may
// be told that there were too many.
func (s *Service) mayMailCode(ctx context.Context, u user) error {
	if !s.mailsCodes(u) {
		return nil
	}
	if w, err := s.factors.WaysOf(ctx, u.ID); err != nil || w != (twofactor.Ways{}) {
		return err
	}
	return s.limits.Take(ctx, "mail:code:"+u.ID, codesMailed)
}

// mailCode makes the code of an unfinished sign-in and mails it.
func (s *Service) mailCode(ctx context.Context, tx *db.Tx, by access.Actor, u user, r signIn) error {
	code, kept, err := s.factors.MailedCode(r.place())
	if err != nil {
		return err
	}
	r.CodeMAC, r.ExpiresAt = kept, s.now().Add(CodeLife)
	if err := (store{tx}).insertSignIn(ctx, r); err != nil {
		return err
	}
	e := audit.Entry{Event: audit.SessionCodeMailed, Account: u.ID, Subject: subject(u)}
	if err := audit.Record(ctx, tx, s.now(), by, e); err != nil {
		return err
	}
	return s.notify(ctx, tx, u, "sign-in-code", map[string]string{
		"Code": code, "Device": Device(by.Agent), "From": from(by), "Life": words.Span(CodeLife),
	})
}

// verifyMailed finds out whether a code is the one that was mailed for an unfinished sign-in. A try is counted
// before it is looked at, at this code and at all codes of the account together.
func (s *Service) verifyMailed(ctx context.Context, by access.Actor, at twofactor.Place, code string) (twofactor.Proof, error) {
	return s.factors.VerifyMailed(ctx, by, at, code, func(ctx context.Context) (kept string, err error) {
		err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			kept, err = store{tx}.tryCode(ctx, at.Bind, codeTries, s.now())
			return err
		})
		if errors.Is(err, ErrPending) { // there is none, or it was tried too often: as any wrong one
			return "", nil
		}
		return kept, err
	})
}

// terminalPlace is where the code proves something that was mailed for a terminal. npm repeats its whole
// request with the code, so that there is one such place for an account, and the newest code is the one.
func terminalPlace(u user) twofactor.Place {
	return twofactor.Place{UserID: u.ID, Purpose: twofactor.ToSignIn, Bind: secret.Hash("terminal:" + u.ID)}
}

// mailedCodeOf verifies the mailed code that came with a name and a password from a terminal, or mails one.
func (s *Service) mailedCodeOf(ctx context.Context, by access.Actor, u user, code string) (p twofactor.Proof, err error) {
	at := terminalPlace(u)
	if code != "" {
		return s.verifyMailed(ctx, by, at, code)
	}
	if err := s.mayMailCode(ctx, u); err != nil {
		return p, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.still(ctx, tx, u); err != nil {
			return err
		}
		if mode, err := s.factors.ModeOf(ctx, tx, u.ID); err != nil || mode != access.NoFactor {
			return errors.Join(err, access.ErrSecondFactor)
		}
		return s.mailCode(ctx, tx, as(by, u, access.ViaTerminal), u, s.begun(by, u, at.Bind, needsTerminal))
	})
	if err == nil {
		err = ErrCodeMailed
	}
	return p, err
}

// settleMailed uses up a mailed code that a terminal sent.
func (s *Service) settleMailed(ctx context.Context, tx *db.Tx, u user, p twofactor.Proof) error {
	if p.Method != twofactor.MethodMail {
		return access.ErrSecondFactor
	}
	n, err := store{tx}.takeSignIn(ctx, terminalPlace(u).Bind, p.Mailed)
	if err == nil && n == 0 {
		err = twofactor.ErrMailedCode
	}
	return err
}

// Masked is an address as its owner recognises it and nobody else reads it: "a•••@example.com".
func Masked(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return ""
	}
	return address[:1] + "•••" + address[at:]
}
