package account

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/errs"
	"latchkey/internal/secret"
	"latchkey/internal/words"
)

const (
	// RecoveryWait is how long the owner of an account has to see that somebody wants to get in without its second
	// factor, before the operator may let them.
	RecoveryWait = 72 * time.Hour
	// RecoveryLife is how long a request can be decided, and the link in its letter works.
	RecoveryLife   = 30 * 24 * time.Hour
	mostReason     = 1000 // characters
	mostRecoveries = 200  // on one page
)

// RecoveryState is how far a request to get in without a second factor is.
type RecoveryState string

// The states.
const (
	RecoveryAsked     RecoveryState = "asked"   // the password was right; the letter was not answered
	RecoveryWaiting   RecoveryState = "waiting" // whoever reads the account's mail confirmed it
	RecoveryApproved  RecoveryState = "approved"
	RecoveryDenied    RecoveryState = "denied"
	RecoveryCancelled RecoveryState = "cancelled"
)

// Recovery is a request to get in without a second factor, as an operator sees it.
type Recovery struct {
	Name, Email, Reason, IP, Agent string
	CreatedAt, ReadyAt             time.Time
}

// What callers may tell apart.
var (
	ErrNoRecovery    = errs.New(errs.NotFound, "account.no_recovery", "No request of this account waits.")
	ErrRecovering    = errs.New(errs.Conflict, "account.recovering", "A request of this account waits already. Its letter says how it goes on.")
	ErrRecoveryEarly = errs.New(errs.Conflict, "account.recovery_early", "Its owner still has time to say that it was not them. Decide when the waiting time is over.")
	ErrRecoveryOld   = errs.New(errs.Conflict, "account.recovery_old", "The password, the address or the second factor of the account changed since. Deny the request; a new one can be made.")
	ErrNoAddress     = errs.New(errs.Forbidden, "account.no_address", "Nobody verified the address of this account, so nothing can be mailed there. Ask whoever runs this registry.")
)

// AskRecovery asks to be let in without a second factor, of which nothing is left. pending is the secret of an
// unfinished sign-in: the password was right. A letter goes to the account's address, where it must be confirmed.
func (s *Service) AskRecovery(ctx context.Context, by access.Actor, pending, reason string) error {
	r, u, err := s.pending(ctx, s.db, pending)
	if err != nil {
		return err
	}
	if r.Needs != needsFactor { // there is none to lose
		return ErrPending
	}
	if u.EmailVerifiedAt == nil {
		return ErrNoAddress
	}
	if n := utf8.RuneCountInString(reason); n == 0 || n > mostReason || !utf8.ValidString(reason) {
		return errs.Field("reason", "Say in a few words what happened, and how the operator can make sure that it is you: up to 1000 characters.")
	}
	mailable, err := s.mayMail(ctx, "recovery", u.ID)
	if err != nil {
		return err
	}
	if !mailable {
		return ErrRecovering
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		link := secret.New()
		opened, err := store{tx}.insertRecovery(ctx, recovery{
			ID: db.NewID(), UserID: u.ID, PasswordHash: u.PasswordHash, Email: u.Email, Reason: reason, IP: by.Address(), Agent: by.Agent, CreatedAt: s.now(),
		}, link)
		if err != nil {
			return err
		}
		if !opened {
			return ErrRecovering
		}
		if err := s.recordRecovery(ctx, tx, as(by, u, access.ViaBrowser), u, audit.AccountRecoveryAsked); err != nil {
			return err
		}
		return s.notify(ctx, tx, u, "recovery-asked", map[string]string{
			"Device": Device(by.Agent), "From": from(by), "Link": s.cfg.URL + "recovery/" + link, "Wait": words.Span(RecoveryWait),
		})
	})
}

func (s *Service) recordRecovery(ctx context.Context, tx *db.Tx, by access.Actor, u user, event audit.Event) error {
	return audit.Record(ctx, tx, s.now(), by, audit.Entry{Event: event, Account: u.ID, Subject: subject(u)})
}

// RecoveryLink tells whose request a link in a letter is about, and how far it is. Looking changes nothing.
func (s *Service) RecoveryLink(ctx context.Context, text string) (name string, state RecoveryState, err error) {
	r, u, err := s.recoveryOf(ctx, s.db, text)
	return u.Name, r.State, err
}

func (s *Service) recoveryOf(ctx context.Context, q db.Q, text string) (recovery, user, error) {
	r, err := store{q}.recoveryByLink(ctx, text, s.now().Add(-RecoveryLife))
	if err != nil {
		return r, user{}, err
	}
	u, err := store{q}.byID(ctx, r.UserID)
	return r, u, err
}

// AnswerRecovery is what whoever reads the account's mail says to a request: that it is theirs, after which it
// waits for the operator, or that it is not, which ends it.
func (s *Service) AnswerRecovery(ctx context.Context, by access.Actor, text string, mine bool) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, u, err := s.recoveryOf(ctx, tx, text)
		if err != nil {
			return err
		}
		by, st, now := as(by, u, access.ViaMail), store{tx}, s.now()
		if !mine {
			if n, err := st.decideRecovery(ctx, r.ID, RecoveryCancelled, u.Name, now); err != nil || n == 0 {
				return errors.Join(err, ErrLink)
			}
			if err := s.recordRecovery(ctx, tx, by, u, audit.AccountRecoveryCancelled); err != nil {
				return err
			}
			return s.notify(ctx, tx, u, "recovery-ended", map[string]string{"What": "ended with the link that was mailed to you", "From": from(by)})
		}
		if n, err := st.confirmRecovery(ctx, r.ID, now.Add(RecoveryWait)); err != nil || n == 0 {
			return errors.Join(err, ErrLink)
		}
		if err := s.recordRecovery(ctx, tx, by, u, audit.AccountRecoveryConfirmed); err != nil {
			return err
		}
		return s.tellOperators(ctx, tx, u, now.Add(RecoveryWait))
	})
}

// tellOperators writes to those who can decide.
func (s *Service) tellOperators(ctx context.Context, tx *db.Tx, u user, ready time.Time) error {
	all, err := store{tx}.operators(ctx)
	if err != nil {
		return err
	}
	for _, o := range all {
		if o.ID == u.ID {
			continue
		}
		err := s.notify(ctx, tx, o, "recovery-waiting", map[string]string{
			"Person": u.Name, "Ready": words.Moment(ready), "Link": s.cfg.URL + "operator/recoveries",
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Recoveries lists the requests that wait for an operator.
func (s *Service) Recoveries(ctx context.Context, by access.Actor) ([]Recovery, error) {
	if err := access.Check(by, access.OperatorView, access.Installation(by), s.now()); err != nil {
		return nil, err
	}
	return store{s.db}.recoveries(ctx, mostRecoveries)
}

// DenyRecovery refuses the request of an account.
func (s *Service) DenyRecovery(ctx context.Context, by access.Actor, name string) error {
	return s.decideRecovery(ctx, by, name, RecoveryDenied, func(ctx context.Context, tx *db.Tx, u user, _ recovery) error {
		if err := s.recordRecovery(ctx, tx, by, u, audit.AccountRecoveryDenied); err != nil {
			return err
		}
		return s.notify(ctx, tx, u, "recovery-ended", map[string]string{"What": "denied by whoever runs this registry", "From": ""})
	})
}

// ApproveRecovery takes the second factor off an account whose owner lost it, after the waiting time. All that is
// signed in as the account ends, and it is read-only for a while: who talked the operator into it must find no
// use in it.
func (s *Service) ApproveRecovery(ctx context.Context, by access.Actor, name string) error {
	return s.decideRecovery(ctx, by, name, RecoveryApproved, func(ctx context.Context, tx *db.Tx, u user, r recovery) error {
		now := s.now()
		if now.Before(*r.ReadyAt) {
			return ErrRecoveryEarly
		}
		if u.PasswordHash != r.PasswordHash || u.Email != r.Email || u.EmailVerifiedAt == nil || u.LockedAt != nil {
			return ErrRecoveryOld
		}
		if err := s.factors.Reset(ctx, tx, by, u.ID); err != nil {
			return err
		}
		if err := s.recordRecovery(ctx, tx, by, u, audit.AccountRecoveryApproved); err != nil {
			return err
		}
		n, err := store{tx}.endOtherSessions(ctx, u.ID, "", now)
		if err != nil {
			return err
		}
		if err := s.recordEnded(ctx, tx, by, u, n, "recovery"); err != nil {
			return err
		}
		if err := s.endTokens(ctx, tx, by, u.ID, true, "recovery"); err != nil {
			return err
		}
		if err := (store{tx}).removeLinks(ctx, toReset, u.ID); err != nil {
			return err
		}
		if err := s.Hold(ctx, tx, by, u.ID, access.HeldAfterRecovery); err != nil {
			return err
		}
		return s.notify(ctx, tx, u, "recovery-approved", nil)
	})
}

func (s *Service) decideRecovery(ctx context.Context, by access.Actor, name string, to RecoveryState,
	do func(ctx context.Context, tx *db.Tx, u user, r recovery) error,
) error {
	if err := access.Check(by, access.RecoveryDecide, access.Installation(by), s.now()); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		st := store{tx}
		u, err := st.byName(ctx, name)
		if err != nil {
			return err
		}
		if u.ID == by.UserID { // nobody decides about themselves
			return access.ErrForbidden
		}
		r, err := st.waitingRecovery(ctx, u.ID)
		if err != nil {
			return err
		}
		if n, err := st.decideRecovery(ctx, r.ID, to, by.Name, s.now()); err != nil || n == 0 {
			return errors.Join(err, ErrNoRecovery)
		}
		return do(ctx, tx, u, r)
	})
}
