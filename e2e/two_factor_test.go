package e2e

import (
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// recoveryCode is the form of one.
var recoveryCode = regexp.MustCompile(`[A-Z2-7]{4}(-[A-Z2-7]{4}){3}`)

// withAuthenticator plugs a security key into a browser's tab. It touches itself.
func (b *browser) withAuthenticator() {
	b.t.Helper()
	b.step("plug a key in", func(ctx context.Context) error {
		if _, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		_, err := chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
			Options: &webauthn.VirtualAuthenticatorOptions{
				Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21,
				Transport: webauthn.AuthenticatorTransportUsb, HasResidentKey: true, HasUserVerification: true, IsUserVerified: true,
				AutomaticPresenceSimulation: true,
			},
		})
		return err
	})
}

// TestSecurityKeyInARealBrowser enrols a key, signs in with it after the password, and then without one.
func TestSecurityKeyInARealBrowser(t *testing.T) {
	t.Parallel()
	s := started(t)
	mira := newBrowser(t, s.url)
	mira.withAuthenticator()
	becomeOperator(t, s, mira)
	mira.open("/settings/two-factor")
	mira.says("It is off")
	mira.follow("Turn it on")
	mira.fill("name", "Blue key")
	mira.press("Add this key")
	mira.says("Save your recovery codes")
	code := mira.text()
	at := recoveryCode.FindString(code)
	mira.fill("code", at)
	mira.press("I have saved them: turn it on")
	mira.says("Two-factor authentication is on")
	mira.says("Blue key")
	mira.says("10 of 10 left")

	mira.press("Sign out")
	mira.open("/login")
	mira.fill("login", "mira", "password", password)
	mira.press("Sign in")
	mira.says("Now prove that it is you")
	mira.press("Use a security key or passkey")
	mira.open("/settings/two-factor")
	mira.says("signing in")
}

var mailedDigits = regexp.MustCompile(`(?m)^\s*([0-9]{8})\s*$`)

// mailedCode returns the code in the newest letter, other than one that was used before.
func mailedCode(operator *browser, before string) string {
	operator.t.Helper()
	for range 50 { // it leaves through the queue
		letter(operator, "Your code to sign in", "/lock/")
		if code := strings.TrimSpace(mailedDigits.FindString(operator.text())); code != before {
			return code
		}
		time.Sleep(100 * time.Millisecond)
	}
	operator.t.Fatal("no further code was mailed")
	return ""
}

// TestMailedCodesInBrowserAndTerminal signs somebody without a second factor in, in both.
func TestMailedCodesInBrowserAndTerminal(t *testing.T) {
	t.Parallel()
	s := started(t, "LATCHKEY_SIGN_IN_CODES=always")
	operator := newBrowser(t, s.url)
	becomeOperator(t, s, operator)
	if err := s.account("ann"); err != nil {
		t.Fatal(err)
	}
	ann := operator.another()
	ann.open("/login?next=/settings/profile")
	ann.fill("login", "ann", "password", password)
	ann.press("Sign in")
	ann.says("We mailed a code to a•••@example.test")
	ann.expect("status of 422")
	ann.fill("code", "00000000")
	ann.press("Sign in")
	ann.says("This code is not right")
	web := mailedCode(operator, "")
	ann.fill("code", web)
	ann.press("Sign in")
	if at := ann.path(); at != "/settings/profile" {
		t.Errorf("signed in to %s", at)
	}

	home := filepath.Join(t.TempDir(), "ann")
	if err := s.home(home, ""); err != nil {
		t.Fatal(err)
	}
	npm := at(t, home, home, "npm", "login", "--auth-type=legacy")
	npm.types("Username:", "ann")
	npm.types("Password:", password)
	npm.sees(regexp.MustCompile("A code was mailed to the address of this account"))
	prompted := mailedCode(operator, web)
	npm.types("one-time password", prompted)
	npm.ends(true)
	if got := run(t, home, home, "npm", "whoami"); strings.TrimSpace(got) != "ann" {
		t.Errorf("npm whoami says %q", got)
	}
	run(t, home, home, "npm", "logout")

	// A code may be given beforehand, once.
	npm = at(t, home, home, "npm", "login", "--auth-type=legacy")
	npm.types("Username:", "ann")
	npm.types("Password:", password)
	ahead := mailedCode(operator, prompted)
	npm.types("one-time password", "00000000")
	npm.ends(false)
	for _, well := range []bool{true, false} {
		npm = at(t, home, home, "npm", "login", "--auth-type=legacy", "--otp="+ahead)
		npm.types("Username:", "ann")
		npm.types("Password:", password)
		if !well {
			npm.types("one-time password", ahead)
		}
		npm.ends(well)
	}
}
