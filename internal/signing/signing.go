// Package signing signs every version at publish, so that no unsigned version ever exists, and
// publishes the keys that verify it (npm audit signatures).
package signing

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"latchkey/db"
	"latchkey/internal/secret"
)

// purpose binds a sealed private key to its place.
const purpose = "signing-key"

// Key is a public key as npm reads it from /-/npm/v1/keys.
type Key struct {
	ID        string     // SHA256:{base64 of the SHA-256 of the key}
	PublicKey string     // base64 of the DER SubjectPublicKeyInfo
	ExpiresAt *time.Time // nil while it signs
}

// Service signs with the newest key that has not expired.
type Service struct {
	db   *db.DB
	now  func() time.Time
	box  *secret.Box
	keys *db.Cache[string, signer]
}

type signer struct {
	id  string
	key *ecdsa.PrivateKey
}

// New returns the service.
func New(d *db.DB, now func() time.Time, box *secret.Box) *Service {
	return &Service{db: d, now: now, box: box, keys: db.NewCache[string, signer](d, 1)}
}

// Ensure makes the first key, and fails when the current one cannot be opened. Processes that start
// together make one.
func (s *Service) Ensure(ctx context.Context) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := store{tx}.current(ctx, s.now())
		if !errors.Is(err, db.ErrNoRows) {
			return err
		}
		r, err := s.newKey()
		if err != nil {
			return err
		}
		return store{tx}.insert(ctx, r)
	})
	if err == nil {
		_, err = s.load(ctx)
	}
	return err
}

func (s *Service) newKey() (r row, err error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return r, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return r, err
	}
	public, err := x509.MarshalPKIXPublicKey(k.Public())
	if err != nil {
		return r, err
	}
	sum := sha256.Sum256(public)
	return row{
		ID:               "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:]),
		PublicKey:        base64.StdEncoding.EncodeToString(public),
		SealedPrivateKey: s.box.Seal(purpose, string(private)),
		CreatedAt:        s.now(),
	}, nil
}

// Sign returns the key's id and the signature over "name@version:integrity", base64 of ASN.1 DER,
// which is what npm verifies in dist.signatures.
func (s *Service) Sign(ctx context.Context, name, version, integrity string) (keyID, signature string, err error) {
	k, err := s.keys.Get(ctx, "", s.load)
	if err != nil {
		return "", "", err
	}
	sum := sha256.Sum256([]byte(name + "@" + version + ":" + integrity))
	sig, err := ecdsa.SignASN1(rand.Reader, k.key, sum[:])
	if err != nil {
		return "", "", err
	}
	return k.id, base64.StdEncoding.EncodeToString(sig), nil
}

func (s *Service) load(ctx context.Context) (signer, error) {
	r, err := store{s.db}.current(ctx, s.now())
	if err != nil {
		return signer{}, fmt.Errorf("read the signing key: %w", err)
	}
	der, err := s.box.Open(purpose, r.SealedPrivateKey)
	if err != nil {
		return signer{}, err
	}
	k, err := x509.ParsePKCS8PrivateKey([]byte(der))
	if err != nil {
		return signer{}, fmt.Errorf("read the signing key: %w", err)
	}
	ec, ok := k.(*ecdsa.PrivateKey)
	if !ok {
		return signer{}, errors.New("the signing key is not an ECDSA key")
	}
	return signer{r.ID, ec}, nil
}

// Keys lists all public keys, the expired ones too: versions they signed must still verify. They are
// for everybody, so there is no actor.
func (s *Service) Keys(ctx context.Context) ([]Key, error) { return store{s.db}.all(ctx) }
