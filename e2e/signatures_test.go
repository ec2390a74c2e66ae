package e2e

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"testing"

	"latchkey/internal/npmpack"
)

// TestEveryVersionIsSigned verifies signatures as npm audit signatures does, with what the registry
// publishes and nothing else.
func TestEveryVersionIsSigned(t *testing.T) {
	t.Parallel()
	s := started(t)
	token := s.person("ann")
	packages := []npmpack.Package{
		{Name: "signed", Version: "1.0.0"}, {Name: "signed", Version: "1.1.0-beta.1", Tag: "beta"}, {Name: "@ann/signed", Version: "0.0.1"},
	}
	for _, p := range packages {
		s.publish(t, p, token)
	}
	before := s.publicKeys(t)
	for _, p := range packages {
		for _, accept := range []string{"application/json", "application/vnd.npm.install-v1+json"} {
			verify(t, s, p, accept, before)
		}
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	if after := s.publicKeys(t); len(after) != len(before) {
		t.Errorf("%d keys before a restart and %d after it", len(before), len(after))
	}
	verify(t, s, packages[0], "", s.publicKeys(t))
}

func (s *server) publicKeys(t *testing.T) map[string]*ecdsa.PublicKey {
	t.Helper()
	var doc struct {
		Keys []struct {
			Keyid, Keytype, Scheme, Key string
			Expires                     *string
		}
	}
	if err := json.Unmarshal(s.get("/npm/-/npm/v1/keys", ""), &doc); err != nil {
		t.Fatal(err)
	}
	keys := map[string]*ecdsa.PublicKey{}
	for _, k := range doc.Keys {
		der, err := base64.StdEncoding.DecodeString(k.Key)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := x509.ParsePKIXPublicKey(der)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(der)
		if want := "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:]); k.Keyid != want {
			t.Errorf("the key %s should be named %s", k.Keyid, want)
		}
		if k.Keytype != "ecdsa-sha2-nistp256" || k.Scheme != k.Keytype || k.Expires != nil {
			t.Errorf("a key that npm does not take: %+v", k)
		}
		keys[k.Keyid] = parsed.(*ecdsa.PublicKey)
	}
	if len(keys) == 0 {
		t.Fatal("no keys are published")
	}
	return keys
}

func verify(t *testing.T, s *server, p npmpack.Package, accept string, keys map[string]*ecdsa.PublicKey) {
	t.Helper()
	a, err := s.ask(request{path: packagePath(p.Name), header: http.Header{"Accept": {accept}}})
	var doc struct{ Versions map[string]listing }
	if err == nil {
		err = json.Unmarshal(a.body, &doc)
	}
	if err != nil {
		t.Fatal(err)
	}
	dist := doc.Versions[p.Version].Dist
	if len(dist.Signatures) == 0 {
		t.Fatalf("%s@%s is not signed in %q", p.Name, p.Version, accept)
	}
	message := sha256.Sum256([]byte(p.Name + "@" + p.Version + ":" + dist.Integrity))
	for _, g := range dist.Signatures {
		sig, err := base64.StdEncoding.DecodeString(g.Sig)
		key := keys[g.Keyid]
		if err != nil || key == nil || !ecdsa.VerifyASN1(key, message[:], sig) {
			t.Errorf("%s@%s: the signature by %s does not hold (%v)", p.Name, p.Version, g.Keyid, err)
		}
	}
}
