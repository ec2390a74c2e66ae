package twofactor

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/limit"
	"latchkey/internal/secret"
)

// Purpose is what a proof is for. A key's answer is good for the purpose that it was asked for, and for no
// other.
type Purpose string

// The purposes.
const (
	ToAdd     Purpose = "add"     // make a new key
	ToSignIn  Purpose = "sign-in" // after a password
	ToEnter   Purpose = "enter"   // sign in without a password
	ToConfirm Purpose = "confirm" // still the same person
	ToApprove Purpose = "approve" // one act of a terminal
)

// Place is where a proof is given: for whom, what for, and in which browser. Bind is an id that only that
// browser leads to: of its session, of its unfinished sign-in, of a cookie.
type Place struct {
	UserID  string
	Purpose Purpose
	Bind    string
}

// maxOpen is how many challenges one browser may have open.
const maxOpen = 5

// Begin opens a ceremony with which a key of the account is used, and returns what the browser's
// navigator.credentials.get takes, as JSON.
func (s *Service) Begin(ctx context.Context, by access.Actor, at Place) ([]byte, error) {
	if err := s.mayBegin(by); err != nil {
		return nil, err
	}
	if at.Purpose == ToEnter { // nobody is known yet, so nobody's keys are named
		options, data, err := s.rp.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
		if err != nil {
			return nil, err
		}
		return s.open(ctx, at, options, data)
	}
	h, err := s.holder(ctx, s.db, at.UserID)
	if err != nil {
		return nil, err
	}
	h.keys = usable(h.keys)
	if len(h.keys) == 0 {
		return nil, ErrNoKeys
	}
	options, data, err := s.rp.BeginLogin(h, webauthn.WithUserVerification(protocol.VerificationPreferred))
	if err != nil {
		return nil, err
	}
	return s.open(ctx, at, options, data)
}

func (s *Service) mayBegin(by access.Actor) error {
	if !s.KeysWork() {
		return ErrKeysHere
	}
	return s.begins.Take(limit.Network(by.IP))
}

// usable are the keys that were not locked.
func usable(keys []keyRow) (out []keyRow) {
	for _, k := range keys {
		if k.LockedAt == nil {
			out = append(out, k)
		}
	}
	return out
}

// open writes a challenge down and returns the options for the browser.
func (s *Service) open(ctx context.Context, at Place, options any, data *webauthn.SessionData) ([]byte, error) {
	kept, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	now := s.now()
	c := ceremony{
		ChallengeHash: secret.Hash(data.Challenge), Purpose: at.Purpose, Bind: at.Bind, UserID: at.UserID, Data: string(kept),
		CreatedAt: now, ExpiresAt: now.Add(CeremonyLife),
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := (store{tx}).insertCeremony(ctx, c); err != nil {
			return err
		}
		return store{tx}.keepNewest(ctx, at.Bind, maxOpen)
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(options)
}

// take uses a challenge up, before anything is verified: whatever comes of it, it is over. The challenge is
// found by what the browser says that the key signed; that it did is verified later.
func (s *Service) take(ctx context.Context, at Place, challenge string) (data webauthn.SessionData, err error) {
	var c ceremony
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		c, err = store{tx}.takeCeremony(ctx, at, secret.Hash(challenge), s.now())
		return err
	})
	if err != nil {
		return data, err
	}
	return data, json.Unmarshal([]byte(c.Data), &data)
}

// holder returns an account with its handle and keys, giving it a handle when it has none yet.
func (s *Service) holder(ctx context.Context, q db.Q, userID string) (h holder, err error) {
	st := store{q}
	name, err := st.name(ctx, userID)
	if err != nil {
		return h, err
	}
	e, err := st.enrolment(ctx, userID)
	if err != nil && !errors.Is(err, ErrOff) {
		return h, err
	}
	h.name = name
	if h.handle, err = decode64(e.Handle); err != nil {
		return h, err
	}
	h.keys, err = st.keyRows(ctx, userID, s.rpID)
	return h, err
}
