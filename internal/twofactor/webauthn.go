package twofactor

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"
	"golang.org/x/net/publicsuffix"

	"latchkey/internal/config"
)

// CeremonyLife is how long a person has to touch their key (WebAuthn L3, 15.1: 5 to 10 minutes).
const CeremonyLife = 5 * time.Minute

// maxAnswer bounds what a browser sends back from a key.
const maxAnswer = 32 << 10

// algorithms are those that keys may sign with, the one that all of them know first.
var algorithms = []protocol.CredentialParameter{
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgEdDSA},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
}

// relyingParty is who keys are made for: the portal's host, from its configured address and never from a
// request. Keys cannot be made for an address in numbers or for a bare name (WebAuthn L3, 5.1.2), nor
// over plain http, where browsers have no keys but on the machine itself.
func relyingParty(cfg *config.Config) (*webauthn.WebAuthn, string, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, "", err
	}
	host := strings.ToLower(u.Hostname())
	if !keysFor(u.Scheme, host) {
		return nil, "", nil
	}
	if suffix, icann := publicsuffix.PublicSuffix(host); suffix == host && icann {
		return nil, "", fmt.Errorf("--url: %q is shared by unrelated people (a public suffix): security keys made for it would be everybody's", host)
	}
	origin := u.Scheme + "://" + strings.ToLower(u.Host)
	timeout := webauthn.TimeoutConfig{Enforce: true, Timeout: CeremonyLife, TimeoutUVD: CeremonyLife}
	rp, err := webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: cfg.Name, RPOrigins: []string{origin},
		AttestationPreference: protocol.PreferNoAttestation,
		Timeouts:              webauthn.TimeoutsConfig{Login: timeout, Registration: timeout},
	})
	return rp, host, err
}

func keysFor(scheme, host string) bool {
	if host == "localhost" {
		return true
	}
	_, err := netip.ParseAddr(host)
	return scheme == "https" && err != nil && strings.Contains(host, ".")
}

// holder is an account as the library sees it.
type holder struct {
	handle []byte
	name   string
	keys   []keyRow
}

// WebAuthnID implements webauthn.User.
func (h holder) WebAuthnID() []byte { return h.handle }

// WebAuthnName implements webauthn.User.
func (h holder) WebAuthnName() string { return h.name }

// WebAuthnDisplayName implements webauthn.User.
func (h holder) WebAuthnDisplayName() string { return h.name }

// WebAuthnCredentials implements webauthn.User.
func (h holder) WebAuthnCredentials() []webauthn.Credential {
	out := make([]webauthn.Credential, 0, len(h.keys))
	for _, k := range h.keys {
		if c, err := k.credential(); err == nil {
			out = append(out, c)
		}
	}
	return out
}

func (h holder) descriptors() []protocol.CredentialDescriptor {
	return webauthn.Credentials(h.WebAuthnCredentials()).CredentialDescriptors()
}

func (k keyRow) credential() (c webauthn.Credential, err error) {
	if c.ID, err = decode64(k.CredentialID); err != nil {
		return c, err
	}
	if c.PublicKey, err = decode64(k.PublicKey); err != nil {
		return c, err
	}
	if c.Authenticator.AAGUID, err = decode64(k.AAGUID); err != nil {
		return c, err
	}
	c.AttestationFormat = k.Attestation
	c.Authenticator.SignCount = uint32(k.SignCount)
	c.Flags = webauthn.CredentialFlags{
		UserPresent: true, UserVerified: k.UserVerified, BackupEligible: k.BackupEligible, BackupState: k.BackedUp,
	}
	for t := range strings.FieldsSeq(k.Transports) {
		c.Transport = append(c.Transport, protocol.AuthenticatorTransport(t))
	}
	return c, nil
}

// maxID is the longest id of a credential (WebAuthn L3, 4).
const maxID = 1023

// createdBy parses and verifies what a browser says of a new key. The library checks type, challenge,
// origin, presence, the attestation and that the ids agree; here is what it leaves to its caller.
func (s *Service) createdBy(h holder, data webauthn.SessionData, answer string) (c *webauthn.Credential, err error) {
	defer survive(&err)
	if err := strict(answer); err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return nil, err
	}
	if parsed.Response.CollectedClientData.CrossOrigin || parsed.Response.CollectedClientData.TopOrigin != "" {
		return nil, fmt.Errorf("made inside another site's page")
	}
	if c, err = s.rp.CreateCredential(h, data, parsed); err != nil {
		return nil, err
	}
	if len(c.ID) == 0 || len(c.ID) > maxID {
		return nil, fmt.Errorf("a credential id of %d bytes", len(c.ID))
	}
	return c, offered(c.PublicKey)
}

// offered refuses a key of an algorithm that was not asked for, or on a curve that is not its
// algorithm's (WebAuthn L3, 5.8.5).
func offered(publicKey []byte) error {
	key, err := webauthncose.ParsePublicKey(publicKey)
	if err != nil {
		return err
	}
	switch k := key.(type) {
	case webauthncose.EC2PublicKeyData:
		if k.Algorithm == int64(webauthncose.AlgES256) && k.Curve == int64(webauthncose.P256) {
			return nil
		}
	case webauthncose.OKPPublicKeyData:
		if k.Algorithm == int64(webauthncose.AlgEdDSA) && k.Curve == int64(webauthncose.Ed25519) {
			return nil
		}
	case webauthncose.RSAPublicKeyData:
		if k.Algorithm == int64(webauthncose.AlgRS256) && len(k.Modulus) >= 2048/8 {
			return nil
		}
	}
	return fmt.Errorf("a key of an algorithm that was not offered")
}

// signed is what a browser says of the use of a key.
type signed struct {
	*protocol.ParsedCredentialAssertionData
	id string // as it is stored
}

func parseSigned(answer string) (a signed, err error) {
	defer survive(&err)
	if err := strict(answer); err != nil {
		return a, err
	}
	if a.ParsedCredentialAssertionData, err = protocol.ParseCredentialRequestResponseBytes([]byte(answer)); err != nil {
		return a, err
	}
	if data := a.Response.CollectedClientData; data.CrossOrigin || data.TopOrigin != "" {
		return a, fmt.Errorf("used inside another site's page")
	}
	if id, err := decode64(a.ID); err != nil || !bytes.Equal(id, a.RawID) {
		return a, fmt.Errorf("two ids in one answer")
	}
	a.id = encode64(a.RawID)
	return a, nil
}

// usedBy verifies the use of a key of an account.
func (s *Service) usedBy(h holder, data webauthn.SessionData, a signed) (c *webauthn.Credential, err error) {
	defer survive(&err)
	if len(data.UserID) > 0 {
		return s.rp.ValidateLogin(h, data, a.ParsedCredentialAssertionData)
	}
	if !bytes.Equal(a.Response.UserHandle, h.handle) {
		return nil, fmt.Errorf("the key names another account")
	}
	_, c, err = s.rp.ValidatePasskeyLogin(func(_, _ []byte) (webauthn.User, error) { return h, nil }, data, a.ParsedCredentialAssertionData)
	return c, err
}

// strict refuses an answer that two parsers may read differently, or that is too large.
func strict(answer string) error {
	if len(answer) > maxAnswer {
		return fmt.Errorf("an answer of %d bytes", len(answer))
	}
	if v := jsontext.Value(answer); !v.IsValid() || v.Kind() != '{' {
		return fmt.Errorf("an answer that is no JSON object")
	}
	return nil
}

// survive turns a panic of the parser, which reads what strangers send, into an error.
func survive(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the answer of a key made the parser panic: %v", p)
	}
}

func encode64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decode64(text string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(text) }

// challengeOf is the challenge that a new key's answer claims to be for.
func challengeOf(answer string) (challenge string, err error) {
	defer survive(&err)
	if err := strict(answer); err != nil {
		return "", err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return "", err
	}
	return parsed.Response.CollectedClientData.Challenge, nil
}
