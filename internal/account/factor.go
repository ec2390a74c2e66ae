package account

import (
	"context"
	"errors"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/errs"
	"latchkey/internal/secret"
	"latchkey/internal/twofactor"
)

// PendingLife is how long somebody who gave the right password has to give their second factor too.
const PendingLife = 5 * time.Minute

// What callers may tell apart.
var (
	ErrPending   = errs.New(errs.Unauthenticated, "account.pending", "This sign-in took too long. Sign in again.")
	ErrUseFactor = errs.New(errs.SecondFactor, "account.use_factor", "Confirm with your second factor.")
)

// owed writes down that somebody gave the right password of an account that has a second factor, or that is
// mailed a code, and returns the secret of their unfinished sign-in, which gives no rights; or no secret when
// nothing more is owed.
func (s *Service) owed(ctx context.Context, tx *db.Tx, by access.Actor, u user) (out Session, err error) {
	mode, err := s.factors.ModeOf(ctx, tx, u.ID)
	if err != nil {
		return out, err
	}
	pending := secret.New()
	switch {
	case mode != access.NoFactor:
		return Session{Pending: pending}, store{tx}.insertSignIn(ctx, s.begun(by, u, secret.Hash(pending), needsFactor))
	case s.mailsCodes(u):
		r := s.begun(by, u, secret.Hash(pending), needsCode)
		return Session{Pending: pending, ByMail: true}, s.mailCode(ctx, tx, as(by, u, access.ViaBrowser), u, r)
	}
	return out, nil
}

// begun is an unfinished sign-in.
func (s *Service) begun(by access.Actor, u user, hash, needs string) signIn {
	now := s.now()
	return signIn{
		IDHash: hash, UserID: u.ID, PasswordHash: u.PasswordHash, Needs: needs, IP: by.Address(), Agent: by.Agent,
		CreatedAt: now, ExpiresAt: now.Add(PendingLife),
	}
}

// Pending is an unfinished sign-in, as the page that asks for the second factor shows it.
type Pending struct {
	Name   string
	ByMail bool   // what is owed is a code that was mailed
	Mailed string // where to, masked
	Ways   twofactor.Ways
	At     twofactor.Place // where a key proves itself
}

// Pending returns the unfinished sign-in of a secret. Looking does not use it.
func (s *Service) Pending(ctx context.Context, by access.Actor, secret string) (p Pending, err error) {
	if by.SignedIn() { // in another tab, in the meantime
		return p, ErrPending
	}
	r, u, err := s.pending(ctx, s.db, secret)
	if err != nil {
		return p, err
	}
	p.Name, p.At, p.ByMail, p.Mailed = u.Name, r.place(), r.Needs == needsCode, Masked(u.Email)
	p.Ways, err = s.factors.WaysOf(ctx, u.ID)
	return p, err
}

func (r signIn) place() twofactor.Place {
	return twofactor.Place{UserID: r.UserID, Purpose: twofactor.ToSignIn, Bind: r.IDHash}
}

func (s *Service) pending(ctx context.Context, q db.Q, text string) (signIn, user, error) {
	r, err := store{q}.signIn(ctx, secret.Hash(text), s.now())
	if err != nil {
		return r, user{}, err
	}
	u, err := store{q}.byID(ctx, r.UserID)
	if err == nil && u.PasswordHash != r.PasswordHash {
		err = ErrPending
	}
	return r, u, err
}

// FinishSignIn ends an unfinished sign-in with a second factor. Of any number of tries with one proof, one
// succeeds.
func (s *Service) FinishSignIn(ctx context.Context, by access.Actor, pending string, a twofactor.Answer) (out Session, err error) {
	r, u, err := s.pending(ctx, s.db, pending)
	if err != nil {
		return Session{}, err
	}
	p, err := s.verify(ctx, by, r, a)
	if err != nil {
		return Session{}, err
	}
	known, err := s.knows(ctx, by, u)
	if err != nil {
		return Session{}, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, u, err = s.pending(ctx, tx, pending); err != nil {
			return err
		}
		if n, err := (store{tx}).takeSignIn(ctx, r.IDHash, r.CodeMAC); err != nil || n == 0 {
			return errors.Join(err, ErrPending)
		}
		out, err = s.admit(ctx, tx, by, u, p, known)
		return err
	})
	return out, err
}

func (s *Service) verify(ctx context.Context, by access.Actor, r signIn, a twofactor.Answer) (twofactor.Proof, error) {
	if r.Needs == needsCode {
		return s.verifyMailed(ctx, by, r.place(), a.Code)
	}
	return s.factors.Verify(ctx, by, r.place(), a)
}

// EnterAt is where a passkey signs somebody in whose name nobody typed. bind is what only their browser has.
func EnterAt(bind string) twofactor.Place {
	return twofactor.Place{Purpose: twofactor.ToEnter, Bind: "browser:" + secret.Hash(bind)}
}

// Enter signs a browser in with a passkey alone, which its person unlocked: two factors in one.
func (s *Service) Enter(ctx context.Context, by access.Actor, bind, answer string) (out Session, err error) {
	p, err := s.factors.Verify(ctx, by, EnterAt(bind), twofactor.Answer{Key: answer})
	if err != nil {
		return Session{}, err
	}
	u, err := store{s.db}.byID(ctx, p.UserID)
	if err != nil {
		return Session{}, err
	}
	known, err := s.knows(ctx, by, u)
	if err != nil {
		return Session{}, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if u, err = (store{tx}).byID(ctx, p.UserID); err != nil {
			return err
		}
		out, err = s.admit(ctx, tx, by, u, p, known)
		return err
	})
	return out, err
}

// admit opens a session of somebody who proved a second factor, or got the mail of an account that has none.
func (s *Service) admit(ctx context.Context, tx *db.Tx, by access.Actor, u user, p twofactor.Proof, known bool) (Session, error) {
	if p.Method == twofactor.MethodMail {
		if mode, err := s.factors.ModeOf(ctx, tx, u.ID); err != nil || mode != access.NoFactor { // it was turned on meanwhile
			return Session{}, errors.Join(err, ErrPending)
		}
		return s.enter(ctx, tx, by, u, known)
	}
	if err := s.factors.Consume(ctx, tx, as(by, u, access.ViaBrowser), p, "signing in"); err != nil {
		return Session{}, err
	}
	out, err := s.enter(ctx, tx, by, u, known)
	if err != nil {
		return Session{}, err
	}
	if p.Method == twofactor.MethodRecovery { // which a thief may have found: the owner is told, and nothing is published meanwhile
		if err := s.Hold(ctx, tx, as(by, u, access.ViaBrowser), u.ID, access.HeldAfterRecoveryCode); err != nil {
			return Session{}, err
		}
	}
	return out, store{tx}.setSessionFactor(ctx, out.ID, p.Method)
}

// ConfirmWith proves with a second factor that it is still the same person, for access.SudoFor.
func (s *Service) ConfirmWith(ctx context.Context, by access.Actor, a twofactor.Answer) error {
	if err := s.self(by, access.SessionConfirm); err != nil {
		return err
	}
	p, err := s.factors.Verify(ctx, by, ConfirmAt(by), a)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.factors.Consume(ctx, tx, by, p, "confirming"); err != nil {
			return err
		}
		if p.Method == twofactor.MethodRecovery {
			if err := s.Hold(ctx, tx, by, by.UserID, access.HeldAfterRecoveryCode); err != nil {
				return err
			}
		}
		n, err := store{tx}.confirm(ctx, by.SessionID, by.UserID, s.now())
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrSessionEnded
		}
		e := audit.Entry{Event: audit.SessionConfirmed, Subject: ownSubject(by), Detail: map[string]string{"method": p.Method}}
		return audit.Record(ctx, tx, s.now(), by, e)
	})
}

// ConfirmAt is where a signed-in person proves with a key that it is still them.
func ConfirmAt(by access.Actor) twofactor.Place {
	return twofactor.Place{UserID: by.UserID, Purpose: twofactor.ToConfirm, Bind: by.SessionID}
}

// SaveCodes ends what the actor was setting up on their two-factor page. When that turns two-factor
// authentication on, all other browsers are signed out and links to choose a new password end: they were
// made when a password was enough.
func (s *Service) SaveCodes(ctx context.Context, by access.Actor, typed string) (turnedOn bool, err error) {
	if err := s.self(by, access.FactorAdd); err != nil {
		return false, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		var method string
		if turnedOn, method, err = s.factors.Save(ctx, tx, by, typed); err != nil || !turnedOn {
			return err
		}
		st := store{tx}
		if err := st.setSessionFactor(ctx, by.SessionID, method); err != nil {
			return err
		}
		if err := st.removeLinks(ctx, toReset, by.UserID); err != nil {
			return err
		}
		n, err := st.endOtherSessions(ctx, by.UserID, by.SessionID, s.now())
		if err != nil {
			return err
		}
		return s.recordEnded(ctx, tx, by, user{Name: by.Name}, n, "factor")
	})
	return turnedOn, err
}

// codeOf verifies the one-time password that came with a name and a password from a client that has no
// browser. Where the account has no second factor, and is mailed no codes, nothing is owed.
func (s *Service) codeOf(ctx context.Context, by access.Actor, u user, code string) (p twofactor.Proof, err error) {
	w, err := s.factors.WaysOf(ctx, u.ID)
	switch {
	case err != nil:
		return p, err
	case w == (twofactor.Ways{}) && s.mailsCodes(u):
		return s.mailedCodeOf(ctx, by, u, code)
	case w == (twofactor.Ways{}):
		return p, nil
	case code == "":
		return p, access.ErrSecondFactor
	}
	return s.factors.Verify(ctx, by, twofactor.Place{UserID: u.ID, Purpose: twofactor.ToSignIn}, twofactor.Answer{Code: code})
}

// settle uses up the proof that codeOf found, in a transaction in which the account may have got a second
// factor since.
func (s *Service) settle(ctx context.Context, tx *db.Tx, by access.Actor, u user, p twofactor.Proof) error {
	mode, err := s.factors.ModeOf(ctx, tx, u.ID)
	switch {
	case err != nil:
		return err
	case mode == access.NoFactor && s.mailsCodes(u):
		return s.settleMailed(ctx, tx, u, p)
	case mode == access.NoFactor:
		return nil
	case p.UserID == "" || p.Method == twofactor.MethodMail:
		return access.ErrSecondFactor
	}
	return s.factors.Consume(ctx, tx, as(by, u, access.ViaTerminal), p, "npm login")
}
