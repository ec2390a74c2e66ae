// Package secret makes, hashes and recognises secrets, and seals what must be stored readable.
package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"math/big"
	"strings"
)

// tokenPrefix begins every access token. npm masks npm_ followed by 36 letters and digits in
// everything it prints and logs, and "lk" tells ours from other registries'.
const tokenPrefix = "npm_lk"

const (
	tokenRandom   = 28 // base62 digits: 166 bits
	tokenChecksum = 6
	base62        = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// New returns 130 random bits as text, for links and one-time ids. It is not a UUID, because npm
// masks UUIDs in what it prints.
func New() string { return rand.Text() }

// NewToken returns a new access token: prefix, random digits and a checksum, 40 characters in all.
func NewToken() string {
	var b strings.Builder
	b.WriteString(tokenPrefix)
	for range tokenRandom {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(base62))))
		if err != nil {
			panic(err) // crypto/rand does not fail on supported systems
		}
		b.WriteByte(base62[n.Int64()])
	}
	return b.String() + checksum(b.String())
}

// IsToken reports whether text has the form and the checksum of an access token, without asking the
// database.
func IsToken(text string) bool {
	if len(text) != len(tokenPrefix)+tokenRandom+tokenChecksum || !strings.HasPrefix(text, tokenPrefix) {
		return false
	}
	body := text[:len(text)-tokenChecksum]
	return checksum(body) == text[len(body):]
}

func checksum(body string) string {
	n := crc32.ChecksumIEEE([]byte(body))
	var out [tokenChecksum]byte
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = base62[n%62]
		n /= 62
	}
	return string(out[:])
}

// Hint is what may be shown of a token: enough to recognise it, not enough to use it.
func Hint(token string) string { return token[:10] + "…" + token[len(token)-4:] }

// Hash is how a random secret is stored and looked up. It has more than 112 bits, so a plain SHA-256
// cannot be searched (NIST SP 800-63B).
func Hash(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:])
}
