package e2e

import (
	"context"
	"regexp"
	"testing"

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
