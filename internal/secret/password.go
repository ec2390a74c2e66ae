package secret

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"

	"latchkey/internal/errs"
)

const (
	// queue is how many callers may wait for a free processor before the rest are turned away: each
	// hash takes 64 MiB, so a flood of sign-ins must not decide how much memory the server takes.
	queue = 32

	maxPasswordPoints = 256
	maxPasswordBytes  = 1024
)

// ErrBusy says that more passwords are waiting to be checked than the machine can check soon.
var ErrBusy = errs.New(errs.Unavailable, "secret.busy", "Many people are signing in at the moment. Try again in a few seconds.")

// Cost is what one hash costs, whoever computes it.
type Cost struct{ MemoryKiB, Passes uint32 }

// Recommended is above the floor of OWASP's Password Storage cheat sheet (19 MiB, 2 passes) and takes
// a tenth of a second.
var Recommended = Cost{MemoryKiB: 64 << 10, Passes: 2}

// Passwords hashes (Argon2id) and verifies passwords, as many at once as there are processors.
type Passwords struct {
	params  argon2id.Params
	slots   chan struct{}
	waiting atomic.Int64
	decoy   string
}

// NewPasswords returns the hasher. A process has one, because it bounds the memory of the process.
func NewPasswords(cost Cost) *Passwords {
	p := &Passwords{
		params: argon2id.Params{
			Memory: cost.MemoryKiB, Iterations: cost.Passes, Parallelism: 1, SaltLength: 16, KeyLength: 32,
		},
		slots: make(chan struct{}, runtime.NumCPU()),
	}
	p.decoy = decoy(p.params)
	return p
}

// decoy is a hash of these parameters that no password has: its digest is random.
func decoy(params argon2id.Params) string {
	b := make([]byte, params.SaltLength+params.KeyLength)
	_, _ = rand.Read(b)
	text := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", params.Memory, params.Iterations, params.Parallelism,
		text(b[:params.SaltLength]), text(b[params.SaltLength:]))
}

// Hash returns how a password is stored: a PHC string with the salt and the parameters.
func (p *Passwords) Hash(ctx context.Context, password string) (hash string, err error) {
	err = p.inTurn(ctx, func() error {
		hash, err = argon2id.CreateHash(norm.NFC.String(password), &p.params)
		return err
	})
	return hash, err
}

// Verify reports whether a password belongs to a hash, and whether that hash should be made anew
// because its parameters are out of date. An empty hash stands for an unknown account: it costs the
// same and never matches, so that time does not tell who has an account.
func (p *Passwords) Verify(ctx context.Context, password, hash string) (ok, stale bool, err error) {
	if tooLong(password) {
		return false, false, nil // nobody's password, whoever asks: nothing is told
	}
	err = p.inTurn(ctx, func() error {
		against := hash
		if against == "" {
			against = p.decoy
		}
		if err := usable(against); err != nil {
			return err
		}
		match, params, err := argon2id.CheckHash(norm.NFC.String(password), against)
		if err != nil {
			return err
		}
		ok, stale = match && hash != "", *params != p.params
		return nil
	})
	return ok, stale, err
}

// usable refuses a damaged hash that would make argon2 panic or take all memory.
func usable(hash string) error {
	params, _, key, err := argon2id.DecodeHash(hash)
	if err != nil {
		return err
	}
	if params.Iterations == 0 || params.Parallelism == 0 || params.Memory > 1<<20 || len(key) == 0 {
		return argon2id.ErrInvalidHash
	}
	return nil
}

// inTurn runs f when a processor is free.
func (p *Passwords) inTurn(ctx context.Context, f func() error) error {
	select {
	case p.slots <- struct{}{}:
	default:
		if err := p.wait(ctx); err != nil {
			return err
		}
	}
	defer func() { <-p.slots }()
	return f()
}

func (p *Passwords) wait(ctx context.Context) error {
	if p.waiting.Add(1) > queue {
		p.waiting.Add(-1)
		return ErrBusy.After(queueTime)
	}
	defer p.waiting.Add(-1)
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func tooLong(password string) bool {
	return len(password) > maxPasswordBytes || len([]rune(password)) > maxPasswordPoints
}

// CheckNew says what is wrong with a password that somebody chose, as an Invalid error about the
// field "password", or nil. words are what an attacker tries first: the person's name, the local
// part of their address, the name of the installation. Nothing is asked about the kinds of
// characters (NIST SP 800-63B 3.1.1.2).
func CheckNew(password string, minimum int, words ...string) error {
	password = norm.NFC.String(password)
	switch n := len([]rune(password)); {
	case tooLong(password):
		return errs.Field("password", "Use at most 256 characters.")
	case n == 0:
		return errs.Field("password", "Choose a password.")
	case n < minimum:
		return errs.Field("password", "Use at least "+strconv.Itoa(minimum)+" characters. A few words in a row are easy to remember.")
	case isKnown(password, words):
		return errs.Field("password", "This is your name, your address or the name of this place. Choose something that nobody can guess from those.")
	case isCommon(password):
		return errs.Field("password", "This password is on the list of those tried first. Choose one that nobody else would think of.")
	}
	return nil
}

// isKnown reports whether a password is one of the words, perhaps repeated, in any case and spelling.
func isKnown(password string, words []string) bool {
	for _, spelled := range spellings(password) {
		for _, w := range words {
			w = strings.ToLower(norm.NFC.String(w))
			if w != "" && (spelled == w || unit(spelled) == w || spelled == unleet(w, 'i')) {
				return true
			}
		}
	}
	return false
}
