package signing_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/secret"
	"latchkey/internal/signing"
)

func box(t *testing.T) *secret.Box {
	t.Helper()
	key, err := secret.KeyFile(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := secret.NewBox(key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSignaturesVerifyWithThePublishedKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := signing.New(d, time.Now, box(t))
		if err := s.Ensure(t.Context()); err != nil {
			t.Fatal(err)
		}
		id, sig, err := s.Sign(t.Context(), "@acme/widget", "1.0.0", "sha512-AAAA")
		if err != nil {
			t.Fatal(err)
		}
		keys, err := s.Keys(t.Context())
		if err != nil || len(keys) != 1 || keys[0].ID != id || keys[0].ExpiresAt != nil {
			t.Fatal(keys, err)
		}
		if !verifies(t, keys[0], "@acme/widget@1.0.0:sha512-AAAA", sig) {
			t.Error("the signature does not verify")
		}
		if verifies(t, keys[0], "@acme/widget@1.0.1:sha512-AAAA", sig) {
			t.Error("the signature verifies for another version")
		}
	})
}

func verifies(t *testing.T, k signing.Key, message, sig string) bool {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(k.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(sig)
	if err != nil {
		t.Fatal(err)
	}
	fingerprint := sha256.Sum256(der)
	if k.ID != "SHA256:"+base64.RawStdEncoding.EncodeToString(fingerprint[:]) {
		t.Error("the id is not the key's fingerprint:", k.ID)
	}
	sum := sha256.Sum256([]byte(message))
	return ecdsa.VerifyASN1(public.(*ecdsa.PublicKey), sum[:], raw)
}

func TestStartersMakeOneKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := box(t)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if err := signing.New(d, time.Now, b).Ensure(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if keys, err := signing.New(d, time.Now, b).Keys(t.Context()); err != nil || len(keys) != 1 {
			t.Error(len(keys), "keys", err)
		}
	})
}

func TestAnotherSecretKeyIsExplained(t *testing.T) {
	d := dbtest.SQLite(t).Open(t)
	if err := signing.New(d, time.Now, box(t)).Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := signing.New(d, time.Now, box(t)).Sign(t.Context(), "x", "1.0.0", "sha512-AAAA"); err == nil {
		t.Error("a key sealed by another secret key was opened")
	}
}
