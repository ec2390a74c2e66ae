package secret_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"latchkey/internal/secret"
)

func TestTokensAreRecognised(t *testing.T) {
	// npm masks this pattern in what it prints and logs.
	masked := regexp.MustCompile(`^npm_[A-Za-z0-9]{36,48}$`)
	seen := map[string]bool{}
	for range 1000 {
		token := secret.NewToken()
		if !masked.MatchString(token) || !secret.IsToken(token) || seen[token] {
			t.Fatal(token)
		}
		seen[token] = true
	}
}

func TestMistypedTokensAreNotLookedUp(t *testing.T) {
	token := secret.NewToken()
	for i := range token {
		for _, c := range []byte("aB0_") {
			if token[i] == c {
				continue
			}
			if wrong := token[:i] + string(c) + token[i+1:]; secret.IsToken(wrong) {
				t.Errorf("%s passes for %s", wrong, token)
			}
		}
	}
	for _, wrong := range []string{"", "npm_", token[1:], token + "0", " " + token, strings.ToUpper(token), strings.Repeat("x", 40)} {
		if secret.IsToken(wrong) {
			t.Errorf("%q", wrong)
		}
	}
}

func TestHintsDoNotGiveTheTokenAway(t *testing.T) {
	token := secret.NewToken()
	if h := secret.Hint(token); len(h) > 20 || !strings.HasPrefix(token, h[:10]) || secret.IsToken(h) {
		t.Error(h)
	}
}

func TestBoxOpensOnlyWhatItSealedForThat(t *testing.T) {
	box, other := newBox(t), newBox(t)
	sealed := box.Seal("mail", "a one-time link")
	if strings.Contains(sealed, "link") || sealed == box.Seal("mail", "a one-time link") {
		t.Error("sealed text can be recognised:", sealed)
	}
	if got, err := box.Open("mail", sealed); err != nil || got != "a one-time link" {
		t.Error(got, err)
	}
	for what, err := range map[string]error{
		"another purpose": second(box.Open("signing-key", sealed)),
		"another key":     second(other.Open("mail", sealed)),
		"changed":         second(box.Open("mail", sealed[:len(sealed)-8]+"AAAAAAA=")),
		"not sealed":      second(box.Open("mail", "hello")),
		"empty":           second(box.Open("mail", "")),
	} {
		if err == nil {
			t.Errorf("%s was opened", what)
		}
	}
}

func second(_ string, err error) error { return err }

func newBox(t *testing.T) *secret.Box {
	t.Helper()
	key, err := secret.KeyFile(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	box, err := secret.NewBox(key)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func TestKeyFileIsMadeOnceAndKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	keys := make([]string, 20)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			k, err := secret.KeyFile(file)
			if err != nil {
				t.Error(err)
			}
			keys[i] = k
		})
	}
	wg.Wait()
	for _, k := range keys {
		if k != keys[0] || k == "" {
			t.Fatal("processes that start together have different keys")
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".key-*")); len(left) != 0 {
		t.Error("left behind:", left)
	}
}

func TestBadKeysAreExplained(t *testing.T) {
	for _, key := range []string{"", "short", "c2hvcnQ=", strings.Repeat("A", 64)} {
		if _, err := secret.NewBox(key); err == nil || !strings.Contains(err.Error(), "32 bytes") {
			t.Errorf("%q: %v", key, err)
		}
	}
}

// A short secret is stored so that nobody without the key can search for it.
func TestMacDependsOnKeyPurposeAndText(t *testing.T) {
	box := func(b byte) *secret.Box {
		x, err := secret.NewBox(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)))
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	one, other := box(1), box(2)
	want := one.Mac("recovery code", "ABCD")
	if want != one.Mac("recovery code", "ABCD") || len(want) != 64 {
		t.Errorf("the same is not the same: %s", want)
	}
	for what, got := range map[string]string{
		"key": other.Mac("recovery code", "ABCD"), "purpose": one.Mac("one-time password", "ABCD"), "text": one.Mac("recovery code", "ABCE"),
		"border": one.Mac("recovery codeA", "BCD"),
	} {
		if got == want {
			t.Errorf("another %s gives the same", what)
		}
	}
}
