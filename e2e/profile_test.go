package e2e

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// TestProfileInATerminal is everything that npm profile does, as somebody at a terminal does it.
func TestProfileInATerminal(t *testing.T) {
	t.Parallel()
	s := started(t)
	if err := s.account("ann"); err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(t.TempDir(), "ann")
	if err := s.home(home, ""); err != nil {
		t.Fatal(err)
	}
	npm := func(args ...string) person { return at(t, home, home, append([]string{"npm"}, args...)...) }
	state := func(key string) any {
		t.Helper()
		var m map[string]any
		if err := json.Unmarshal([]byte(run(t, home, home, "npm", "profile", "get", "--json")), &m); err != nil {
			t.Fatal(err)
		}
		return m[key]
	}
	login := npm("login", "--auth-type=legacy")
	login.types("Username:", "ann")
	login.types("Password:", password)
	login.ends(true)

	if got := run(t, home, home, "npm", "profile", "set", "fullname", "Ann Archer"); !strings.Contains(got, "Set fullname to Ann Archer") || state("fullname") != "Ann Archer" {
		t.Errorf("the full name: %s", got)
	}
	run(t, home, home, "npm", "profile", "set", "homepage", "https://ann.example.test")
	if state("homepage") != "https://ann.example.test" || state("fullname") != "Ann Archer" || state("email") != "ann@example.test" {
		t.Error("setting one changes another")
	}

	const fresh = "eleven umbrellas in the harbour"
	change := npm("profile", "set", "password")
	change.types("Current password:", "not the one that it is")
	change.types("New password:", fresh)
	change.types("Again:", fresh)
	if text := change.ends(false); !strings.Contains(text, "This is not the password of ann") {
		t.Error(text)
	}
	change = npm("profile", "set", "password")
	change.types("Current password:", password)
	change.types("New password:", fresh)
	change.types("Again:", fresh)
	if text := change.ends(true); strings.Contains(text, fresh) || state("name") != "ann" {
		t.Error("the password is shown, or the terminal is signed out")
	}

	enable := npm("profile", "enable-2fa", "auth-only")
	enable.types("npm password:", fresh)
	secret := regexp.MustCompile(`Or enter code: ([A-Z2-7]{32})`).FindStringSubmatch(enable.sees(regexp.MustCompile(`Or enter code: [A-Z2-7]{32}`)))[1]
	code := func(steps int) string { // each counts once, and later ones only
		c, err := totp.GenerateCode(secret, time.Now().Add(time.Duration(steps)*30*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if state("tfa") != nil {
		t.Error("it is on before a code was given")
	}
	enable.types("OTP code from your authenticator:", code(-1))
	if n := len(recoveryCode.FindAllString(enable.ends(true), -1)); n != 10 {
		t.Errorf("%d recovery codes are shown", n)
	}
	if got := run(t, home, home, "npm", "profile", "get"); !strings.Contains(got, "two-factor auth: auth-only") {
		t.Error(got)
	}

	mode := npm("profile", "enable-2fa", "auth-and-writes", "--auth-type=legacy")
	mode.types("npm password:", fresh)
	mode.types("Enter OTP:", code(0))
	if text := mode.ends(true); !strings.Contains(text, "mode changed to: auth-and-writes") {
		t.Error(text)
	}
	off := npm("profile", "disable-2fa", "--auth-type=legacy")
	off.types("npm password:", "not the one that it is")
	off.ends(false)
	off = npm("profile", "disable-2fa", "--auth-type=legacy")
	off.types("npm password:", fresh)
	off.types("Enter OTP:", code(1))
	off.ends(true)
	if state("tfa") != nil {
		t.Error("it is still on")
	}
}
