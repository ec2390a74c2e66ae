package twofactor

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"slices"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/credential"
)

// draftLife is how long a person has to set something up.
const draftLife = 10 * time.Minute

const sealedDraft = "two-factor draft"

// draft is what a person is setting up: a key or an app, and the recovery codes they must save before
// anything is on.
type draft struct {
	ID    string      `json:"id"`
	Key   *keyRow     `json:"key,omitempty"`
	Seed  string      `json:"seed,omitempty"`
	Step  int64       `json:"step,omitempty"`
	Mode  access.Mode `json:"mode,omitempty"`
	Codes []string    `json:"codes,omitempty"`
	Saved bool        `json:"saved,omitempty"`
}

// place is where the actor sets things up: one browser, or one terminal.
func place(by access.Actor) string {
	if by.Grant != nil {
		return "token:" + by.Grant.TokenID
	}
	return "session:" + by.SessionID
}

func (s *Service) putDraft(ctx context.Context, tx *db.Tx, by access.Actor, d draft) error {
	if d.ID == "" {
		d.ID = rand.Text()
	}
	b, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return store{tx}.putDraft(ctx, place(by), by.UserID, s.box.Seal(sealedDraft, string(b)), s.now().Add(draftLife))
}

func (s *Service) draft(ctx context.Context, q db.Q, by access.Actor) (draft, error) {
	sealed, err := store{q}.draft(ctx, place(by), by.UserID, s.now())
	return s.opened(sealed, err)
}

func (s *Service) takeDraft(ctx context.Context, tx *db.Tx, by access.Actor) (draft, error) {
	sealed, err := store{tx}.takeDraft(ctx, place(by), by.UserID, s.now())
	return s.opened(sealed, err)
}

func (s *Service) opened(sealed string, err error) (d draft, _ error) {
	if err != nil {
		return d, err
	}
	text, err := s.box.Open(sealedDraft, sealed)
	if err != nil {
		return d, err
	}
	return d, json.Unmarshal([]byte(text), &d)
}

// change runs what changes the actor's own factors, if they may and are still signed in.
func (s *Service) change(ctx context.Context, by access.Actor, act access.Action, do func(ctx context.Context, tx *db.Tx) error) error {
	if err := s.self(by, act); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := credential.Holds(ctx, tx, by, s.now()); err != nil {
			return err
		}
		return do(ctx, tx)
	})
}

// Save ends what the actor was setting up: they have the recovery codes, because they downloaded them or
// typed one of them. The codes become theirs, and so does the key or the app that was set up with them.
// turnedOn says that two-factor authentication was off before: the caller sees to the account's sessions,
// in the same transaction.
func (s *Service) Save(ctx context.Context, tx *db.Tx, by access.Actor, typed string) (turnedOn bool, method string, err error) {
	if err := s.self(by, access.FactorAdd); err != nil {
		return false, "", err
	}
	if err := credential.Holds(ctx, tx, by, s.now()); err != nil {
		return false, "", err
	}
	d, err := s.takeDraft(ctx, tx, by)
	if err != nil {
		return false, "", err
	}
	if len(d.Codes) == 0 {
		return false, "", ErrNoDraft
	}
	if !d.Saved {
		code, err := plain(typed)
		if err != nil || !slices.Contains(s.macs(d.Codes), s.box.Mac(recoveryMAC, code)) {
			return false, "", ErrNotSaved
		}
	}
	return s.activate(ctx, tx, by, d)
}

// activate makes a draft the account's own.
func (s *Service) activate(ctx context.Context, tx *db.Tx, by access.Actor, d draft) (turnedOn bool, method string, err error) {
	st, now := store{tx}, s.now()
	if d.Key != nil || d.Seed != "" {
		if d.Mode == access.NoFactor {
			d.Mode = access.AuthAndWrites
		}
		if err := st.prepare(ctx, by.UserID, newHandle()); err != nil {
			return false, "", err
		}
		if turnedOn, err = st.turnOn(ctx, by.UserID, d.Mode, now); err != nil {
			return false, "", err
		}
		if method, err = s.addDrafted(ctx, tx, by, d); err != nil {
			return false, "", err
		}
	}
	if err := st.replaceCodes(ctx, by.UserID, s.macs(d.Codes), now); err != nil {
		return false, "", err
	}
	if turnedOn {
		e := audit.Entry{Event: audit.FactorOn, Detail: map[string]string{"mode": string(d.Mode)}}
		return true, method, s.note(ctx, tx, by, by.UserID, e, letter{
			"Two-factor authentication was turned on for your account",
			"From now on signing in needs a second proof. Your other browsers were signed out. Keep your recovery codes where you find them without your phone or computer.",
		})
	}
	return false, method, s.note(ctx, tx, by, by.UserID, audit.Entry{Event: audit.FactorCodesMade}, letter{
		"New recovery codes were made for your account", "The old ones do not work any more.",
	})
}

func (s *Service) addDrafted(ctx context.Context, tx *db.Tx, by access.Actor, d draft) (method string, err error) {
	if d.Key != nil {
		return MethodKey, s.addKey(ctx, tx, by, *d.Key)
	}
	return MethodApp, s.addApp(ctx, tx, by, d)
}

// notLast refuses to leave an account that has two-factor authentication on without a factor, or with less
// than it is held to.
func (s *Service) notLast(ctx context.Context, tx *db.Tx, userID string) error {
	st, err := s.state(ctx, tx, userID)
	if err == nil && st.On() && len(st.Keys) == 0 && st.App == nil {
		err = ErrLast
	}
	if err != nil {
		return err
	}
	return s.holds(ctx, tx, userID)
}

// SetMode says when the actor's second factor is asked for.
func (s *Service) SetMode(ctx context.Context, by access.Actor, mode access.Mode) error {
	if mode != access.AuthOnly && mode != access.AuthAndWrites {
		return errMode
	}
	return s.change(ctx, by, access.FactorMode, func(ctx context.Context, tx *db.Tx) error {
		changed, err := store{tx}.setMode(ctx, by.UserID, mode)
		if err != nil {
			return err
		}
		if !changed {
			if now, err := s.ModeOf(ctx, tx, by.UserID); err != nil || now == mode {
				return err
			}
			return ErrOff
		}
		what := "Your second factor is asked for when signing in and for every change"
		if mode == access.AuthOnly {
			what = "Your second factor is asked for only when signing in"
		}
		return s.note(ctx, tx, by, by.UserID, audit.Entry{Event: audit.FactorMode, Detail: map[string]string{"mode": string(mode)}}, letter{what, ""})
	})
}

// TurnOff removes the actor's factors and recovery codes.
func (s *Service) TurnOff(ctx context.Context, by access.Actor) error {
	return s.change(ctx, by, access.FactorTurnOff, func(ctx context.Context, tx *db.Tx) error {
		if err := s.turnOff(ctx, tx, by, by.UserID, "asked"); err != nil {
			return err
		}
		return s.holds(ctx, tx, by.UserID)
	})
}

// Reset removes the factors of somebody who lost them, in the transaction of an operator's decision.
func (s *Service) Reset(ctx context.Context, tx *db.Tx, by access.Actor, userID string) error {
	if err := access.Check(by, access.RecoveryDecide, access.Installation(by), s.now()); err != nil {
		return err
	}
	return s.turnOff(ctx, tx, by, userID, "recovery")
}

func (s *Service) turnOff(ctx context.Context, tx *db.Tx, by access.Actor, userID, why string) error {
	if err := only(ErrOff)(store{tx}.turnOff(ctx, userID)); err != nil {
		return err
	}
	return s.note(ctx, tx, by, userID, audit.Entry{Event: audit.FactorOff, Detail: map[string]string{"reason": why}}, letter{
		"Two-factor authentication was turned off for your account",
		"Your security keys, your authenticator app and your recovery codes were removed. The password alone opens the account now: turn it on again soon.",
	})
}
