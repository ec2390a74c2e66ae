package twofactor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
	"latchkey/internal/words"
)

// Answer is what a person gives to prove themselves: a code as they typed it, or what their browser got
// from a key.
type Answer struct{ Code, Key string }

// Proof is an answer that was found right. It proves nothing until Consume has used it up.
type Proof struct {
	UserID, Method string
	KeyName        string
	Mailed         string // what is kept of the code that was mailed, for the sign-in that it belongs to

	purpose  Purpose
	step     int64
	mac      string
	key      keyRow
	count    int64
	verified bool
	backedUp bool
}

// Wrong codes that an account and a network may try, everywhere together: with three codes of a million
// right at a time, guessing all day finds one with a chance of 1.5 in 10,000. A key cannot be guessed, so
// its failures do not use up the owner's tries. The limits are Warehouse's.
var (
	codesOfAccount = []config.Rate{{N: 5, Per: 5 * time.Minute}, {N: 20, Per: time.Hour}, {N: 50, Per: 24 * time.Hour}}
	codesOfNetwork = []config.Rate{{N: 10, Per: 5 * time.Minute}, {N: 50, Per: time.Hour}}
)

// mostFailures is how many wrong codes in a row lock an app (NIST SP 800-63B, 3.2.2).
const mostFailures = 100

var errWrong = errors.New("wrong")

// errNoCommand refuses a recovery code for a command: whoever found one may sign in with it, after which the account
// is read-only, and must not publish first.
var errNoCommand = errs.Field("code", "A recovery code does not confirm commands. Sign in with it: the account is read-only for 72 hours then.")

// Verify finds out whether an answer is right. Wrong ones are counted before they are looked at, or
// parallel ones would all see the old count.
func (s *Service) Verify(ctx context.Context, by access.Actor, at Place, a Answer) (Proof, error) {
	if a.Key != "" {
		return s.verifyKey(ctx, by, at, a.Key)
	}
	return s.verifyCode(ctx, by, at, a.Code)
}

// Consume uses a proof up, in the transaction of what it is for: of any number of transactions one gets
// through, and the others get the error of a wrong answer.
func (s *Service) Consume(ctx context.Context, tx *db.Tx, by access.Actor, p Proof, what string) error {
	st, now := store{tx}, s.now()
	u := use{now, what, by.Address()}
	switch p.Method {
	case MethodApp:
		return only(ErrCode)(st.useStep(ctx, p.UserID, p.step, u))
	case MethodRecovery:
		if err := only(ErrCode)(st.useCode(ctx, p.UserID, p.mac, now)); err != nil {
			return err
		}
		return s.recoveryUsed(ctx, tx, by, p)
	case MethodKey:
		if err := only(ErrKey)(st.useKey(ctx, p.key.ID, p.count, p.verified && p.purpose == ToSignIn, p.backedUp, u)); err != nil {
			return err
		}
		if p.backedUp == p.key.BackedUp {
			return nil
		}
		detail := map[string]string{"key": p.key.Name, "backed_up": words.YesNo(p.backedUp)}
		return s.note(ctx, tx, by, p.UserID, audit.Entry{Event: audit.FactorKeyBackup, Detail: detail}, letter{})
	}
	return ErrKey // what was mailed is used up with the sign-in that it was mailed for
}

// only turns a statement's "not I" into an error.
func only(lost error) func(bool, error) error {
	return func(won bool, err error) error {
		if err == nil && !won {
			err = lost
		}
		return err
	}
}

// verifyCode tells by its form what a code is. An account without an app, or without codes, takes the same
// steps as one with.
func (s *Service) verifyCode(ctx context.Context, by access.Actor, at Place, typed string) (Proof, error) {
	code, err := plain(typed)
	if err != nil {
		return Proof{}, err
	}
	if len(code) == recoveryLength && at.Purpose == ToApprove {
		return Proof{}, errNoCommand
	}
	if err := s.count(ctx, by, at.UserID); err != nil {
		return Proof{}, err
	}
	p := Proof{UserID: at.UserID, Method: MethodApp, purpose: at.Purpose}
	if len(code) == recoveryLength {
		p.Method = MethodRecovery
		p.mac, err = s.matchRecovery(ctx, at.UserID, code)
	} else {
		p.step, err = s.matchApp(ctx, at.UserID, code)
	}
	switch {
	case errors.Is(err, errWrong), errors.Is(err, ErrClock):
		if err := s.failed(ctx, by, at, p.Method, ""); err != nil {
			return Proof{}, err
		}
		if errors.Is(err, errWrong) {
			err = ErrCode
		}
		return Proof{}, err
	case err != nil:
		return Proof{}, err
	}
	return p, s.uncount(ctx, by, at.UserID)
}

// plain is a code without what people put between its parts.
func plain(typed string) (string, error) {
	if len(typed) > 64 {
		return "", errs.Field("code", "A code has six digits, a recovery code has sixteen letters and digits.")
	}
	code := strings.ToUpper(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, strings.TrimSpace(typed)))
	if code == "" {
		return "", errs.Field("code", "Type a code.")
	}
	return code, nil
}

func (s *Service) count(ctx context.Context, by access.Actor, userID string) error {
	for _, r := range codesOfNetwork {
		if err := s.limits.Take(ctx, "code:from:"+r.Per.String()+":"+limit.Network(by.IP), r); err != nil {
			return err
		}
	}
	for _, r := range codesOfAccount {
		if err := s.limits.Take(ctx, "code:user:"+r.Per.String()+":"+userID, r); err != nil {
			return err
		}
	}
	return nil
}

// uncount takes one try back: the failures before it stay.
func (s *Service) uncount(ctx context.Context, by access.Actor, userID string) error {
	var all []error
	for _, r := range codesOfNetwork {
		all = append(all, s.limits.GiveBack(ctx, "code:from:"+r.Per.String()+":"+limit.Network(by.IP), r))
	}
	for _, r := range codesOfAccount {
		all = append(all, s.limits.GiveBack(ctx, "code:user:"+r.Per.String()+":"+userID, r))
	}
	return errors.Join(all...)
}

// failed writes a wrong answer down. After a right password it also warns the owner, once a day: whoever
// got so far knows it.
func (s *Service) failed(ctx context.Context, by access.Actor, at Place, method, key string) error {
	warn := false
	if at.Purpose == ToSignIn {
		err := s.limits.Take(ctx, "code:warned:"+at.UserID, config.Rate{N: 1, Per: 24 * time.Hour})
		if err != nil && !errors.Is(err, limit.ErrTooMany) {
			return err
		}
		warn = err == nil
	}
	detail := map[string]string{"method": method, "for": string(at.Purpose)}
	if key != "" {
		detail["key"] = key
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.note(ctx, tx, by, at.UserID, audit.Entry{Event: audit.FactorFailed, Detail: detail}, letter{}); err != nil {
			return err
		}
		if method == MethodApp {
			locked, err := store{tx}.failApp(ctx, at.UserID, mostFailures, s.now())
			if err != nil {
				return err
			}
			if locked {
				err = s.note(ctx, tx, by, at.UserID, audit.Entry{Event: audit.FactorAppLocked}, letter{
					"Your authenticator app was locked, after 100 wrong codes in a row", "Sign in with a security key or a recovery code, then unlock it or set it up again.",
				})
			}
			if err != nil {
				return err
			}
		}
		if !warn {
			return nil
		}
		return s.tell(ctx, tx, at.UserID, "factor-failed", map[string]string{"From": from(by)})
	})
}

// verifyKey checks what a browser got from a key. The challenge is gone whatever comes of it.
func (s *Service) verifyKey(ctx context.Context, by access.Actor, at Place, answer string) (Proof, error) {
	if !s.KeysWork() {
		return Proof{}, ErrKeysHere
	}
	if err := s.begins.Take("finish:" + limit.Network(by.IP)); err != nil {
		return Proof{}, err
	}
	a, err := parseSigned(answer)
	if err != nil {
		return Proof{}, ErrKey.With(err)
	}
	data, err := s.take(ctx, at, a.Response.CollectedClientData.Challenge)
	if err != nil {
		return Proof{}, err
	}
	h, err := s.signer(ctx, at, a)
	if err != nil {
		return Proof{}, err
	}
	i := slices.IndexFunc(h.keys, func(k keyRow) bool { return k.CredentialID == a.id })
	c, err := s.usedBy(h, data, a)
	if err != nil || i < 0 {
		return Proof{}, s.refuse(ctx, by, at, h, i, err)
	}
	p := Proof{
		UserID: h.keys[i].UserID, Method: MethodKey, KeyName: h.keys[i].Name, purpose: at.Purpose, key: h.keys[i], count: int64(c.Authenticator.SignCount),
		verified: a.Response.AuthenticatorData.Flags.HasUserVerified(), backedUp: c.Flags.BackupState,
	}
	if at.Purpose == ToEnter && (!p.verified || !p.key.UserVerified) { // presence alone replaces no password
		return Proof{}, s.refuse(ctx, by, at, h, i, errors.New("user verification was never seen"))
	}
	if c.Authenticator.CloneWarning {
		return Proof{}, errors.Join(ErrKey.With(errors.New("the counter went back")), s.cloned(ctx, by, p))
	}
	return p, nil
}

// signer returns whose keys may have signed: the account that is known by now, or the one that the passkey
// names itself. A locked key signs for nobody.
func (s *Service) signer(ctx context.Context, at Place, a signed) (h holder, err error) {
	userID := at.UserID
	if at.Purpose == ToEnter {
		e, err := store{s.db}.byHandle(ctx, encode64(a.Response.UserHandle))
		if err != nil || e.EnabledAt == nil {
			return h, ErrKey.With(errors.Join(err, errors.New("nobody has this handle")))
		}
		userID = e.UserID
	}
	h, err = s.holder(ctx, s.db, userID)
	h.keys = usable(h.keys)
	return h, err
}

// refuse writes down that a key was refused, when it is known whose it should have been.
func (s *Service) refuse(ctx context.Context, by access.Actor, at Place, h holder, i int, cause error) error {
	if at.UserID != "" {
		name := ""
		if i >= 0 {
			name = h.keys[i].Name
		}
		if err := s.failed(ctx, by, at, MethodKey, name); err != nil {
			return err
		}
	}
	return ErrKey.With(cause)
}

// cloned locks a key whose counter did not grow: a copy of it may exist (WebAuthn L3, 6.1.1).
func (s *Service) cloned(ctx context.Context, by access.Actor, p Proof) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		locked, err := store{tx}.lockKey(ctx, p.key.ID, s.now())
		if err != nil || !locked {
			return err
		}
		return s.note(ctx, tx, by, p.UserID, audit.Entry{Event: audit.FactorKeyLocked, Detail: map[string]string{"key": p.key.Name}}, letter{
			`Your security key "` + p.key.Name + `" was locked, because a copy of it may exist`,
			"Its counter went back, which happens when a key was copied. It cannot be used until you unlock it with another factor. If you do not know why this happened, remove it.",
		})
	})
}
