// Package twofactor holds what people prove themselves with beside a password: security keys, an
// authenticator app, recovery codes. It decides whether a proof is good, and that it is good once.
package twofactor

import (
	"context"
	"errors"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
	"latchkey/internal/secret"
)

// What callers may tell apart. Whatever is wrong with a code or a key is one and the same error.
var (
	ErrCode         = errs.Field("code", "This code is not right, or was used already. Wait for the next one in your app, or take another recovery code.")
	ErrMailedCode   = errs.Field("code", "This code is not right, is older than ten minutes, or was tried too often. Look at the newest mail, or begin again.")
	ErrClock        = errs.Field("code", "This code is of another time: the clock of your device is wrong. Set it to automatic, then take a new code.")
	ErrKey          = errs.New(errs.Invalid, "twofactor.key", "The security key could not be used. Try again, or use another way.")
	ErrKeyTaken     = errs.New(errs.Invalid, "twofactor.key_taken", "This security key cannot be added. If it is on your list already, it works as it is.")
	ErrNoKeys       = errs.New(errs.Conflict, "twofactor.no_keys", "There is no security key to use here.")
	ErrKeysHere     = errs.New(errs.Conflict, "twofactor.keys_here", "Security keys work only where this registry has a host name: ask its operator.")
	ErrNoKey        = errs.New(errs.NotFound, "twofactor.no_key", "There is no such security key.")
	ErrTooManyKeys  = errs.New(errs.Conflict, "twofactor.too_many_keys", "You have 25 security keys. Remove one that you do not use first.")
	ErrNoDraft      = errs.New(errs.Conflict, "twofactor.no_draft", "This was not finished within ten minutes. Begin again.")
	ErrNotSaved     = errs.Field("code", "Type one of the codes above, or download them, so that we know you have them.")
	ErrOff          = errs.New(errs.Conflict, "twofactor.off", "Two-factor authentication is off.")
	ErrOn           = errs.New(errs.Conflict, "twofactor.on", "Two-factor authentication is on already.")
	ErrLast         = errs.New(errs.Conflict, "twofactor.last", "This is your only second factor. Add another one first, or turn two-factor authentication off.")
	ErrNoApp        = errs.New(errs.NotFound, "twofactor.no_app", "There is no authenticator app.")
	ErrConfirmation = errs.New(errs.NotFound, "twofactor.confirmation", "This question is over: it was answered, or it waited too long. Run the command again.")
	ErrOneTime      = errs.New(errs.SecondFactor, "twofactor.one_time", "This one-time password is not right, was used already, or is for something else. Run the command again.")
	ErrWaiting      = errs.New(errs.Unavailable, "twofactor.waiting", "Many commands wait for your second factor. Finish one of them, or try again later.")
)

// Service is the door to second factors.
type Service struct {
	db     *db.DB
	now    func() time.Time
	box    *secret.Box
	limits *limit.Service
	begins *limit.Memory
	tell   Teller
	cfg    *config.Config
	rp     *webauthn.WebAuthn // nil where the address of the portal is none that keys work for
	rpID   string
	holds  Holder
}

// Holder refuses, in the transaction of a change that left an account less to prove itself with, what
// whoever the account belongs to does not allow.
type Holder func(ctx context.Context, tx *db.Tx, userID string) error

// AskBeforeLess says who may refuse it. Organizations stand on accounts, and introduce themselves here.
func (s *Service) AskBeforeLess(h Holder) { s.holds = h }

// begun is how often one address may begin to use a key.
var begun = config.Rate{N: 60, Per: time.Minute}

// Teller writes to the owner of an account, in the transaction of what is told.
type Teller func(ctx context.Context, tx *db.Tx, userID, template string, data map[string]string) error

// TellWith says who writes letters. Accounts stand on second factors, and introduce themselves here.
func (s *Service) TellWith(tell Teller) { s.tell = tell }

// New returns the service.
func New(d *db.DB, now func() time.Time, box *secret.Box, limits *limit.Service, cfg *config.Config) (*Service, error) {
	nobody := func(context.Context, *db.Tx, string, string, map[string]string) error { return nil }
	none := func(context.Context, *db.Tx, string) error { return nil }
	s := &Service{holds: none, db: d, now: now, box: box, limits: limits, begins: limit.NewMemory(begun, now), tell: nobody, cfg: cfg}
	var err error
	s.rp, s.rpID, err = relyingParty(cfg)
	return s, err
}

// KeysWork reports whether security keys can be used at this registry's address.
func (s *Service) KeysWork() bool { return s.rp != nil }

// The ways to prove oneself.
const (
	MethodKey      = "key"
	MethodApp      = "app"
	MethodRecovery = "recovery"
	MethodMail     = "mail"
)

// State is an account's second factor as its owner sees it.
type State struct {
	Mode        access.Mode
	EnabledAt   time.Time
	Keys        []Key
	App         *App
	CodesLeft   int
	CodesMadeAt time.Time
	KeysWork    bool
}

// On reports whether the account has a second factor.
func (s State) On() bool { return s.Mode != access.NoFactor }

// Ways are the ways in which an account can prove itself.
type Ways struct {
	Key, App, Recovery bool
}

// State returns the actor's own second factor.
func (s *Service) State(ctx context.Context, by access.Actor) (State, error) {
	if err := s.self(by, access.FactorView); err != nil {
		return State{}, err
	}
	return s.state(ctx, s.db, by.UserID)
}

func (s *Service) state(ctx context.Context, q db.Q, userID string) (out State, err error) {
	st := store{q}
	r, err := st.enrolment(ctx, userID)
	if err != nil && !errors.Is(err, ErrOff) {
		return out, err
	}
	out.Mode, out.KeysWork = r.Mode, s.KeysWork()
	if r.EnabledAt != nil {
		out.EnabledAt = *r.EnabledAt
	}
	if r.CodesMadeAt != nil {
		out.CodesMadeAt = *r.CodesMadeAt
	}
	if out.Keys, err = st.keys(ctx, userID, s.rpID); err != nil {
		return out, err
	}
	if out.App, err = st.app(ctx, userID); err != nil {
		return out, err
	}
	out.CodesLeft, err = st.codesLeft(ctx, userID)
	return out, err
}

// WaysOf tells how an account can prove itself. Only whoever knows its password, or is signed in as it,
// may be told: the caller has seen to that.
func (s *Service) WaysOf(ctx context.Context, userID string) (w Ways, err error) {
	st, err := s.state(ctx, s.db, userID)
	if err != nil || !st.On() {
		return w, err
	}
	for _, k := range st.Keys {
		w.Key = w.Key || k.LockedAt == nil && s.KeysWork()
	}
	w.App = st.App != nil && st.App.LockedAt == nil
	w.Recovery = st.CodesLeft > 0
	return w, nil
}

// ModeOf says when an account's second factor is asked for, in the transaction that relies on it.
func (s *Service) ModeOf(ctx context.Context, tx *db.Tx, userID string) (access.Mode, error) {
	r, err := store{tx}.enrolment(ctx, userID)
	if errors.Is(err, ErrOff) {
		err = nil
	}
	return r.Mode, err
}

func (s *Service) self(by access.Actor, act access.Action) error {
	return access.Check(by, act, access.Self(by, by.UserID), s.now())
}

// note writes an event about the actor's own account into the security log and into a letter to them.
func (s *Service) note(ctx context.Context, tx *db.Tx, by access.Actor, userID string, e audit.Entry, l letter) error {
	name, err := store{tx}.name(ctx, userID)
	if err != nil {
		return err
	}
	e.Account, e.Subject = userID, "account:"+name
	if err := audit.Record(ctx, tx, s.now(), by, e); err != nil || l.What == "" {
		return err
	}
	return s.tell(ctx, tx, userID, "factor-changed", map[string]string{"What": l.What, "Then": l.Then, "From": from(by)})
}

// from is where somebody is, in a letter.
func from(by access.Actor) string {
	if a := by.Address(); a != "" {
		return " from " + a
	}
	return ""
}

// letter is what happened, as a sentence's subject and verb, and what follows from it.
type letter struct{ What, Then string }

// Sweep removes what has had its time.
func (s *Service) Sweep(ctx context.Context) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return store{tx}.sweep(ctx, s.now())
	})
}
