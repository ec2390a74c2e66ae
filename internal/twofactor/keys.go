package twofactor

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"golang.org/x/text/unicode/norm"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/errs"
	"latchkey/internal/words"
)

const (
	maxKeys    = 25
	maxKeyName = 64
)

var errMode = errs.Field("mode", "Choose when to ask: signing in and every change, or signing in only.")

// newHandle is a WebAuthn user handle: 64 random bytes, which say nothing about the account.
func newHandle() string {
	b := make([]byte, 64)
	_, _ = rand.Read(b) // does not fail
	return encode64(b)
}

// BeginKey opens the ceremony that makes a new key of the actor's, and returns what the browser's
// navigator.credentials.create takes, as JSON. A key that is known already is not made again.
func (s *Service) BeginKey(ctx context.Context, by access.Actor) ([]byte, error) {
	if err := s.self(by, access.FactorAdd); err != nil {
		return nil, err
	}
	if err := s.mayBegin(by); err != nil {
		return nil, err
	}
	var h holder
	err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		err := store{tx}.prepare(ctx, by.UserID, newHandle())
		if err == nil {
			h, err = s.holder(ctx, tx, by.UserID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(h.keys) >= maxKeys {
		return nil, ErrTooManyKeys
	}
	options, data, err := s.rp.BeginRegistration(h,
		webauthn.WithExclusions(h.descriptors()),
		webauthn.WithCredentialParameters(algorithms),
		webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationPreferred,
		}),
		webauthn.WithConveyancePreference(protocol.PreferNoAttestation),
		webauthn.WithExtensions(webauthn.WithExtensionCredProps()))
	if err != nil {
		return nil, err
	}
	return s.open(ctx, addPlace(by), options, data)
}

func addPlace(by access.Actor) Place { return Place{by.UserID, ToAdd, place(by)} }

// FinishKey verifies what a browser made. Where two-factor authentication is on, the key is added; else the
// recovery codes come next. A name that is empty is made up.
func (s *Service) FinishKey(ctx context.Context, by access.Actor, name, answer string) (needsCodes bool, err error) {
	if err := s.self(by, access.FactorAdd); err != nil {
		return false, err
	}
	if name, err = keyName(name); err != nil {
		return false, err
	}
	k, err := s.made(ctx, by, answer)
	if err != nil {
		return false, err
	}
	k.Name = name
	err = s.change(ctx, by, access.FactorAdd, func(ctx context.Context, tx *db.Tx) error {
		mode, err := s.ModeOf(ctx, tx, by.UserID)
		if err != nil {
			return err
		}
		if needsCodes = mode == access.NoFactor; !needsCodes {
			return s.addKey(ctx, tx, by, k)
		}
		if taken, err := (store{tx}).known(ctx, k.Host, k.CredentialID); err != nil || taken {
			return orTaken(err)
		}
		return s.putDraft(ctx, tx, by, draft{Key: &k, Codes: newCodes()})
	})
	return needsCodes, err
}

func orTaken(err error) error {
	if err != nil {
		return err
	}
	return ErrKeyTaken
}

// made verifies a registration and returns what is kept of it.
func (s *Service) made(ctx context.Context, by access.Actor, answer string) (k keyRow, err error) {
	if !s.KeysWork() {
		return k, ErrKeysHere
	}
	challenge, err := challengeOf(answer)
	if err != nil {
		return k, ErrKey.With(err)
	}
	data, err := s.take(ctx, addPlace(by), challenge)
	if err != nil {
		return k, err
	}
	h, err := s.holder(ctx, s.db, by.UserID)
	if err != nil {
		return k, err
	}
	c, err := s.createdBy(h, data, answer)
	if err != nil {
		return k, ErrKey.With(err)
	}
	transports := make([]string, 0, len(c.Transport))
	for _, t := range c.Transport {
		if known := string(t); slices.Contains([]string{"usb", "nfc", "ble", "smart-card", "hybrid", "internal"}, known) {
			transports = append(transports, known)
		}
	}
	return keyRow{
		ID: db.NewID(), UserID: by.UserID, Host: s.rpID, CredentialID: encode64(c.ID), PublicKey: encode64(c.PublicKey),
		AAGUID: encode64(c.Authenticator.AAGUID), Attestation: c.AttestationFormat, Transports: strings.Join(transports, " "),
		Platform:     c.Authenticator.Attachment == protocol.Platform,
		Discoverable: c.Extensions.RK != nil && *c.Extensions.RK,
		UserVerified: c.Flags.UserVerified, BackupEligible: c.Flags.BackupEligible, BackedUp: c.Flags.BackupState,
		SignCount: int64(c.Authenticator.SignCount), CreatedAt: s.now(),
	}, nil
}

func (s *Service) addKey(ctx context.Context, tx *db.Tx, by access.Actor, k keyRow) error {
	st := store{tx}
	if taken, err := st.known(ctx, k.Host, k.CredentialID); err != nil || taken {
		return orTaken(err)
	}
	others, err := st.keys(ctx, by.UserID, s.rpID)
	if err != nil {
		return err
	}
	if len(others) >= maxKeys {
		return ErrTooManyKeys
	}
	if k.Name, err = distinct(k, others); err != nil {
		return err
	}
	if err := st.insertKey(ctx, k); err != nil {
		return err
	}
	detail := map[string]string{"key": k.Name, "backed_up": words.YesNo(k.BackedUp)}
	return s.note(ctx, tx, by, by.UserID, audit.Entry{Event: audit.FactorKeyAdded, Detail: detail}, letter{
		`The security key "` + k.Name + `" was added to your account`, "It can sign in and confirm changes.",
	})
}

// distinct makes a name up when there is none, and refuses one that another key has.
func distinct(k keyRow, others []Key) (string, error) {
	has := func(name string) bool {
		return slices.ContainsFunc(others, func(o Key) bool { return strings.EqualFold(o.Name, name) && o.ID != k.ID })
	}
	if k.Name != "" {
		if has(k.Name) {
			return "", errs.Field("name", "Another of your keys has this name.")
		}
		return k.Name, nil
	}
	base := "Security key"
	if k.Platform || k.BackupEligible {
		base = "Passkey"
	}
	for i := 1; ; i++ {
		if name := fmt.Sprintf("%s %d", base, i); !has(name) {
			return name, nil
		}
	}
}

// keyName checks a name that a person gave.
func keyName(name string) (string, error) {
	name = norm.NFC.String(strings.TrimSpace(name))
	if utf8.RuneCountInString(name) > maxKeyName {
		return "", errs.Field("name", "Use at most 64 characters.")
	}
	if !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", errs.Field("name", "This holds characters that cannot be seen. Type it again.")
	}
	return name, nil
}

// RenameKey gives one of the actor's keys another name.
func (s *Service) RenameKey(ctx context.Context, by access.Actor, id, name string) error {
	name, err := keyName(name)
	if err == nil && name == "" {
		err = errs.Field("name", "Give the key a name by which you know it.")
	}
	if err != nil {
		return err
	}
	return s.change(ctx, by, access.FactorRename, func(ctx context.Context, tx *db.Tx) error {
		st := store{tx}
		old, err := st.key(ctx, by.UserID, id)
		if err != nil {
			return err
		}
		others, err := st.keys(ctx, by.UserID, s.rpID)
		if err != nil {
			return err
		}
		if _, err := distinct(keyRow{ID: id, Name: name}, others); err != nil {
			return err
		}
		if err := only(ErrNoKey)(st.renameKey(ctx, by.UserID, id, name)); err != nil {
			return err
		}
		detail := map[string]string{"from": old.Name, "to": name}
		return s.note(ctx, tx, by, by.UserID, audit.Entry{Event: audit.FactorKeyRenamed, Detail: detail}, letter{})
	})
}

// RemoveKey removes one of the actor's keys, unless it is their only factor.
func (s *Service) RemoveKey(ctx context.Context, by access.Actor, id string) error {
	return s.change(ctx, by, access.FactorRemove, func(ctx context.Context, tx *db.Tx) error {
		name, err := store{tx}.removeKey(ctx, by.UserID, id)
		if err != nil {
			return err
		}
		if err := s.notLast(ctx, tx, by.UserID); err != nil {
			return err
		}
		return s.note(ctx, tx, by, by.UserID, audit.Entry{Event: audit.FactorKeyRemoved, Detail: map[string]string{"key": name}}, letter{
			`The security key "` + name + `" was removed from your account`, "It does not work any more.",
		})
	})
}

// UnlockKey lets one of the actor's keys be used again, after its owner has proved themselves in another
// way and knows why its counter went back.
func (s *Service) UnlockKey(ctx context.Context, by access.Actor, id string) error {
	return s.change(ctx, by, access.FactorRemove, func(ctx context.Context, tx *db.Tx) error {
		k, err := store{tx}.key(ctx, by.UserID, id)
		if err != nil {
			return err
		}
		if err := only(ErrNoKey)(store{tx}.unlockKey(ctx, by.UserID, id)); err != nil {
			return err
		}
		return s.note(ctx, tx, by, by.UserID, audit.Entry{Event: audit.FactorKeyUnlocked, Detail: map[string]string{"key": k.Name}}, letter{
			`Your security key "` + k.Name + `" was unlocked`, "",
		})
	})
}
