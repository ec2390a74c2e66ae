package account

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/errs"
	"latchkey/internal/secret"
)

const (
	maxSessions = 20
	seenEvery   = time.Minute         // how often it is written down that a session is in use
	remember    = 30 * 24 * time.Hour // how long after its end a session can still be looked up
)

// start signs a browser in. Whoever just proved who they are need not do so again for a while.
func (s *Service) start(ctx context.Context, tx *db.Tx, by access.Actor, u user) (Session, error) {
	now, st := s.now(), store{tx}
	out := Session{ID: db.NewID(), User: u.public(), Browser: by.Browser}
	if out.Browser == "" {
		out.Browser = secret.New()
	}
	b := browser{by.Address(), by.Agent, secret.Hash(out.Browser)}
	if err := st.insertSession(ctx, out.ID, u.ID, b, now, now.Add(s.cfg.Limits.SessionLife)); err != nil {
		return Session{}, err
	}
	by = as(by, u, access.ViaBrowser)
	if err := audit.Record(ctx, tx, now, by, audit.Entry{Event: audit.SessionStarted, Subject: subject(u)}); err != nil {
		return Session{}, err
	}
	ended, err := st.endOldest(ctx, u.ID, maxSessions, now)
	if err != nil {
		return Session{}, err
	}
	return out, s.recordEnded(ctx, tx, by, u, ended, "too_many")
}

// recordEnded writes to the log that sessions were ended, when any were.
func (s *Service) recordEnded(ctx context.Context, tx *db.Tx, by access.Actor, u user, n int64, why string) error {
	if n == 0 {
		return nil
	}
	detail := map[string]string{"reason": why, "sessions": strconv.FormatInt(n, 10)}
	return audit.Record(ctx, tx, s.now(), by, audit.Entry{Event: audit.SessionEnded, Subject: subject(u), Detail: detail})
}

// SignOut ends the actor's session. Without one there is nothing to do.
func (s *Service) SignOut(ctx context.Context, by access.Actor) error {
	if by.SessionID == "" {
		return nil
	}
	if err := s.self(by, access.SessionEnd); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := store{tx}.endSession(ctx, by.SessionID, by.UserID, s.now())
		if err != nil {
			return err
		}
		return s.recordEnded(ctx, tx, by, user{Name: by.Name}, n, "signed_out")
	})
}

// ActorFor returns who a session stands for: by, an anonymous actor with an address and an agent,
// completed with the user. A session that is unknown, ended or expired leaves by as it is. The row is
// the truth, read on every request: what a cookie or another request remembers brings nothing back.
func (s *Service) ActorFor(ctx context.Context, by access.Actor, sessionID string) (access.Actor, error) {
	if sessionID == "" {
		return by, nil
	}
	v, err := store{s.db}.session(ctx, sessionID)
	if errors.Is(err, ErrNotFound) {
		return by, nil
	}
	if err != nil {
		return by, err
	}
	now := s.now()
	if !now.Before(v.DeadlineAt) || now.Sub(v.SeenAt) >= s.cfg.Limits.SessionIdle {
		return by, nil
	}
	if now.Sub(v.SeenAt) >= seenEvery {
		if err := (store{s.db}).touch(ctx, v.ID, now); err != nil { // a full disk must not sign people out
			slog.WarnContext(ctx, "cannot note that a session is in use", "error", err)
		}
	}
	by.UserID, by.Name, by.Via, by.SessionID = v.UserID, v.Name, access.ViaBrowser, v.ID
	by.Operator, by.EmailVerified = v.Operator, v.EmailVerified
	by.Locked, by.Hold = v.Locked, HoldOf(v.HeldUntil, v.HeldFor)
	by.Factor, by.Verified = v.Mode, v.Factor != ""
	by.SudoUntil = v.ConfirmedAt.Add(access.SudoFor)
	return by, nil
}

// Confirm proves with the password that it is still the same person, for access.SudoFor. Where the account
// has a second factor, a password is not enough: see ConfirmWith. A wrong
// password is an Invalid error about the field "password". The tries of one session are counted apart: those
// who try to sign in as somebody do not keep them from confirming.
func (s *Service) Confirm(ctx context.Context, by access.Actor, password string) error {
	if err := s.self(by, access.SessionConfirm); err != nil {
		return err
	}
	if by.Factor != access.NoFactor {
		return ErrUseFactor
	}
	u, err := store{s.db}.byID(ctx, by.UserID)
	if err != nil {
		return err
	}
	held := counts{{"confirm:" + by.SessionID, s.cfg.Limits.SignInRate}}
	if _, err := s.prove(ctx, by, u, held, password); errors.Is(err, ErrSignIn) {
		if err := s.doubt(ctx, by, u); err != nil {
			return err
		}
		return errs.Field("password", "This is not the password of "+u.Name+".")
	} else if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := store{tx}.confirm(ctx, by.SessionID, by.UserID, s.now())
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrSessionEnded
		}
		return audit.Record(ctx, tx, s.now(), by, audit.Entry{Event: audit.SessionConfirmed, Subject: subject(u)})
	})
}

// doubtful is how many wrong passwords in a session its owner is told of.
const doubtful = 3

// doubt counts a wrong password in a session, which may be in somebody else's hands.
func (s *Service) doubt(ctx context.Context, by access.Actor, u user) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := store{tx}.countWrong(ctx, by.SessionID)
		if err != nil || n != doubtful {
			return err
		}
		return s.notify(ctx, tx, u, "confirm-failed", map[string]string{
			"Where": "browser", "Tries": strconv.Itoa(doubtful), "Device": Device(by.Agent), "From": from(by),
		})
	})
}

// Sweep removes what has had its time: links that expired and sessions that ended long ago.
func (s *Service) Sweep(ctx context.Context) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now, st := s.now(), store{tx}
		return errors.Join(st.sweepLinks(ctx, now), st.sweepSignIns(ctx, now), st.sweepRecoveries(ctx, now.Add(-RecoveryLife)), st.sweepSessions(ctx, now.Add(-remember)))
	})
}
