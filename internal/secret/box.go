package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const keySize = 32

// Box seals what must be stored but also read again: private signing keys, mail that waits to leave.
// AES-256-GCM; the purpose is authenticated, so a sealed value cannot be moved to another place.
type Box struct {
	aead cipher.AEAD
	key  []byte // of Mac
}

// NewBox makes a box from a 32-byte key in base64.
func NewBox(key string) (*Box, error) {
	k, err := base64.StdEncoding.DecodeString(strings.TrimSpace(key))
	if err != nil || len(k) != keySize {
		return nil, fmt.Errorf("the secret key must be %d bytes in base64 (openssl rand -base64 %d)", keySize, keySize)
	}
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &Box{aead, macOf(k, "mac")}, err
}

// KeyFile reads the key in file, making one on first use.
func KeyFile(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err == nil {
		return string(b), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	k := make([]byte, keySize)
	_, _ = rand.Read(k)
	text := base64.StdEncoding.EncodeToString(k) + "\n"
	return writeOnce(file, text)
}

// writeOnce creates file with text, durably, or returns what another process wrote first.
func writeOnce(file, text string) (string, error) {
	tmp, err := os.CreateTemp(filepath.Dir(file), ".key-*")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, werr := tmp.WriteString(text)
	if err := errors.Join(werr, tmp.Sync(), tmp.Close()); err != nil {
		return "", err
	}
	if err := os.Link(tmp.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	b, err := os.ReadFile(file)
	return string(b), err
}

// Seal encrypts text for a purpose.
func (b *Box) Seal(purpose, text string) string {
	sealed := b.aead.Seal(nil, nil, []byte(text), []byte(purpose)) //nolint:gosec // G407: this AEAD makes a random nonce itself
	return base64.StdEncoding.EncodeToString(sealed)
}

// Open decrypts what Seal made for the same purpose.
func (b *Box) Open(purpose, sealed string) (string, error) {
	c, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return "", fmt.Errorf("open sealed %s: %w", purpose, err)
	}
	p, err := b.aead.Open(nil, nil, c, []byte(purpose))
	if err != nil {
		return "", fmt.Errorf("open sealed %s (was the secret key changed?): %w", purpose, err)
	}
	return string(p), nil
}

// Mac is how a secret is stored that is too short for a plain hash, and need not be read again: who has
// the database and not the key cannot search for it. HMAC-SHA-256, in hexadecimal.
func (b *Box) Mac(purpose, text string) string {
	return hex.EncodeToString(macOf(b.key, purpose+"\x00"+text))
}

func macOf(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text)) // a hash does not fail
	return m.Sum(nil)
}
