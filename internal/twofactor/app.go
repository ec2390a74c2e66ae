package twofactor

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"net/url"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
)

// How codes are made. Every app knows these numbers, and several ignore any others (RFC 6238).
const (
	stepSeconds = 30
	codeLength  = 6
	seedBytes   = 20 // RFC 4226, 4: 160 bits
	outOfSync   = 10 // steps within which a wrong clock is recognised
)

// sealedSeed is the purpose under which secrets of apps are sealed.
const sealedSeed = "authenticator app"

func newSeed() string {
	b := make([]byte, seedBytes)
	_, _ = rand.Read(b) // does not fail
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b)
}

func (s *Service) step() int64 { return s.now().Unix() / stepSeconds }

func codeAt(seed string, step int64) (string, error) {
	return hotp.GenerateCodeCustom(seed, uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
}

// near finds the step, at most so many away from now, that a code is of. It takes the same time
// wherever the code is. None is 0.
func (s *Service) near(seed, code string, steps int64) (found int64, err error) {
	now := s.step()
	for d := -steps; d <= steps; d++ {
		want, err := codeAt(seed, now+d)
		if err != nil {
			return 0, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			found = now + d
		}
	}
	return found, nil
}

func digits(code string) bool {
	for _, r := range code {
		if r < '0' || r > '9' {
			return false
		}
	}
	return len(code) == codeLength
}

// matchApp returns the step of a right code that was not used. The code before and the one after count
// too, for clocks that differ a little and for people who type slowly.
func (s *Service) matchApp(ctx context.Context, userID, code string) (int64, error) {
	if !digits(code) {
		return 0, errWrong
	}
	r, err := store{s.db}.seed(ctx, userID)
	if err != nil {
		return 0, err
	}
	secret, err := s.box.Open(sealedSeed, r.SealedSecret)
	if err != nil {
		return 0, err
	}
	step, err := s.near(secret, code, 1)
	if err != nil {
		return 0, err
	}
	if step > r.LastStep && r.LockedAt == nil {
		return step, nil
	}
	if step == 0 && r.LockedAt == nil {
		if other, err := s.near(secret, code, outOfSync); err != nil || other > r.LastStep {
			return 0, orClock(err)
		}
	}
	return 0, errWrong
}

func orClock(err error) error {
	if err != nil {
		return err
	}
	return ErrClock
}

// AppDraft is an app that is being set up.
type AppDraft struct {
	ID      string
	Secret  string // for typing in
	URL     string // for scanning: otpauth://…
	Replace bool   // there is another one, which this one will replace
}

// BeginApp makes the secret of an app for the actor, which nothing knows of until a code has proved that
// the app has it. Where two-factor authentication is off, mode is when it will be asked for.
func (s *Service) BeginApp(ctx context.Context, by access.Actor, mode access.Mode) error {
	if err := s.self(by, access.FactorAdd); err != nil {
		return err
	}
	if mode != access.AuthOnly && mode != access.AuthAndWrites {
		return errMode
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return s.putDraft(ctx, tx, by, draft{Seed: newSeed(), Mode: mode})
	})
}

// Drafted returns the id of the app that is being set up where the actor is. Whoever has one proved to be the
// account's owner when they began.
func (s *Service) Drafted(ctx context.Context, by access.Actor) (id string, err error) {
	if err := s.self(by, access.FactorView); err != nil {
		return "", err
	}
	d, err := s.draft(ctx, s.db, by)
	if err == nil && d.Seed == "" {
		err = ErrNoDraft
	}
	return d.ID, err
}

// AppDraft returns the app that is being set up in the actor's browser.
func (s *Service) AppDraft(ctx context.Context, by access.Actor) (AppDraft, error) {
	if err := s.self(by, access.FactorAdd); err != nil {
		return AppDraft{}, err
	}
	d, err := s.draft(ctx, s.db, by)
	if err == nil && d.Seed == "" {
		err = ErrNoDraft
	}
	if err != nil {
		return AppDraft{}, err
	}
	a, err := store{s.db}.app(ctx, by.UserID)
	return AppDraft{ID: d.ID, Secret: d.Seed, URL: s.otpauth(by.Name, d.Seed), Replace: a != nil}, err
}

// otpauth is what an app scans.
func (s *Service) otpauth(name, secret string) string {
	q := url.Values{"secret": {secret}, "issuer": {s.cfg.Name}}
	return "otpauth://totp/" + url.PathEscape(s.cfg.Name+":"+name) + "?" + q.Encode()
}

// ConfirmApp proves with a code that the app has the secret. id is of the draft that the person was shown.
// Where two-factor authentication is on, the app is added, or replaces the one before; else the recovery
// codes come next, and saved says so.
func (s *Service) ConfirmApp(ctx context.Context, by access.Actor, id, typed string) (needsCodes bool, err error) {
	if err := s.self(by, access.FactorAdd); err != nil {
		return false, err
	}
	code, err := plain(typed)
	if err != nil {
		return false, err
	}
	if err := s.count(ctx, by, by.UserID); err != nil {
		return false, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d, err := s.takeDraft(ctx, tx, by)
		if err != nil {
			return err
		}
		if d.Seed == "" || d.ID != id {
			return ErrNoDraft
		}
		if d.Step, err = s.prove(d.Seed, code); err != nil {
			return err
		}
		mode, err := s.ModeOf(ctx, tx, by.UserID)
		if err != nil {
			return err
		}
		if needsCodes = mode == access.NoFactor; needsCodes {
			d.Codes = newCodes()
			return s.putDraft(ctx, tx, by, d)
		}
		return s.addApp(ctx, tx, by, d)
	})
	if err != nil {
		return false, err
	}
	return needsCodes, s.uncount(ctx, by, by.UserID)
}

// prove returns the step of the first code of an app that is being set up.
func (s *Service) prove(secret, code string) (int64, error) {
	if !digits(code) {
		return 0, ErrCode
	}
	step, err := s.near(secret, code, 1)
	if err != nil || step != 0 {
		return step, err
	}
	if other, err := s.near(secret, code, outOfSync); err != nil || other != 0 {
		return 0, orClock(err)
	}
	return 0, ErrCode
}

func (s *Service) addApp(ctx context.Context, tx *db.Tx, by access.Actor, d draft) error {
	st := store{tx}
	old, err := st.app(ctx, by.UserID)
	if err != nil {
		return err
	}
	if err := st.setApp(ctx, by.UserID, s.box.Seal(sealedSeed, d.Seed), d.Step, s.now()); err != nil {
		return err
	}
	if err := s.holds(ctx, tx, by.UserID); err != nil { // where keys alone are required, an app is less
		return err
	}
	event, what := audit.FactorAppAdded, "An authenticator app was added to your account"
	if old != nil {
		event, what = audit.FactorAppReplaced, "The authenticator app of your account was replaced"
	}
	return s.note(ctx, tx, by, by.UserID, audit.Entry{Event: event}, letter{what, "Codes of an app that was there before do not work any more."})
}

// RemoveApp removes the actor's app, unless it is their only factor.
func (s *Service) RemoveApp(ctx context.Context, by access.Actor) error {
	return s.change(ctx, by, access.FactorRemove, func(ctx context.Context, tx *db.Tx) error {
		if err := only(ErrNoApp)(store{tx}.removeApp(ctx, by.UserID)); err != nil {
			return err
		}
		if err := s.notLast(ctx, tx, by.UserID); err != nil {
			return err
		}
		return s.note(ctx, tx, by, by.UserID, audit.Entry{Event: audit.FactorAppRemoved}, letter{
			"The authenticator app was removed from your account", "Its codes do not work any more.",
		})
	})
}

// UnlockApp lets codes of the actor's app count again, after they proved themselves in another way.
func (s *Service) UnlockApp(ctx context.Context, by access.Actor) error {
	return s.change(ctx, by, access.FactorRemove, func(ctx context.Context, tx *db.Tx) error {
		if err := only(ErrNoApp)(store{tx}.unlockApp(ctx, by.UserID)); err != nil {
			return err
		}
		return s.note(ctx, tx, by, by.UserID, audit.Entry{Event: audit.FactorAppUnlocked}, letter{})
	})
}
