package e2e

import (
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"
)

// recoveryCode is the form of one.
var recoveryCode = regexp.MustCompile(`[A-Z2-7]{4}(-[A-Z2-7]{4}){3}`)

// withAuthenticator plugs a security key into a browser's tab. It touches itself.
func (b *browser) withAuthenticator() (id webauthn.AuthenticatorID) {
	b.t.Helper()
	b.step("plug a key in", func(ctx context.Context) error {
		if _, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		added, err := chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
			Options: &webauthn.VirtualAuthenticatorOptions{
				Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21,
				Transport: webauthn.AuthenticatorTransportUsb, HasResidentKey: true, HasUserVerification: true, IsUserVerified: true,
				AutomaticPresenceSimulation: true,
			},
		})
		id = added.AuthenticatorID
		return err
	})
	return id
}

// rewind puts an older copy of every credential into a key: its counters go back.
func (b *browser) rewind(id webauthn.AuthenticatorID) {
	b.t.Helper()
	b.step("rewind the key", func(ctx context.Context) error {
		has, err := chromedp.Call(ctx, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: id})
		if err != nil {
			return err
		}
		for _, c := range has.Credentials {
			older := map[string]any{ // cdproto's own type always says something about CMTG keys, which no such authenticator takes
				"credentialId": c.CredentialID, "isResidentCredential": c.IsResidentCredential, "rpId": c.RpID, "privateKey": c.PrivateKey,
				"userHandle": c.UserHandle, "signCount": 0,
			}
			remove := webauthn.RemoveCredentialParams{AuthenticatorID: id, CredentialID: c.CredentialID}
			if _, err := chromedp.Call(ctx, webauthn.RemoveCredential, remove); err != nil {
				return err
			}
			add := cdp.Command[map[string]any, cdp.Empty]{Method: webauthn.CommandAddCredential}
			if _, err := chromedp.Call(ctx, add, map[string]any{"authenticatorId": id, "credential": older}); err != nil {
				return err
			}
		}
		return nil
	})
}

// withKey turns two-factor authentication on with the key that is plugged in, and returns the recovery codes.
func (b *browser) withKey(name string) (codes []string) {
	b.t.Helper()
	b.open("/settings/two-factor")
	b.says("It is off")
	b.follow("Turn it on")
	b.fill("name", name)
	b.press("Add this key")
	b.says("Save your recovery codes")
	codes = recoveryCode.FindAllString(b.text(), -1)
	b.fill("code", codes[0])
	b.press("I have saved them: turn it on")
	b.says("Two-factor authentication is on")
	return codes
}

// halfIn gives the right password of an account with a second factor.
func (b *browser) halfIn(name string) {
	b.t.Helper()
	b.open("/login")
	b.fill("login", name, "password", password)
	b.press("Sign in")
	b.says("Now prove that it is you")
}

// TestSecurityKeyInARealBrowser enrols a key, signs in with it after the password, and then without one.
func TestSecurityKeyInARealBrowser(t *testing.T) {
	t.Parallel()
	s := started(t)
	mira := newBrowser(t, s.url)
	mira.withAuthenticator()
	becomeOperator(t, s, mira)
	mira.withKey("Blue key")
	mira.says("Blue key")
	mira.says("10 of 10 left")

	mira.press("Sign out")
	mira.halfIn("mira")
	mira.press("Use a security key or passkey")
	mira.open("/settings/two-factor")
	mira.says("signing in")

	mira.press("Sign out")
	mira.open("/login?next=/settings/packages")
	mira.press("Sign in with a passkey")
	if at := mira.path(); at != "/settings/packages" {
		t.Errorf("the passkey alone leads to %s", at)
	}
	mira.says("Sign out")
}

// TestPublishAsksForATouchInTheBrowser is the heart of it: a real npm publish at a terminal, which a person
// approves with their key on the page that npm names.
func TestPublishAsksForATouchInTheBrowser(t *testing.T) {
	t.Parallel()
	s := started(t)
	mira := newBrowser(t, s.url)
	mira.withAuthenticator()
	becomeOperator(t, s, mira)
	mira.withKey("Blue key")
	token, err := s.token("mira", "publish")
	if err != nil {
		t.Fatal(err)
	}
	home, gift := filepath.Join(t.TempDir(), "mira"), filepath.Join(t.TempDir(), "gift")
	if err := s.home(home, token); err != nil {
		t.Fatal(err)
	}
	question := regexp.MustCompile(`http://\S+/auth/confirm/[A-Z2-7]{26}`)
	for _, row := range []struct {
		version string
		yes     bool
	}{{"1.0.0", false}, {"1.0.1", true}} {
		write(t, gift, map[string]string{"package.json": `{"name":"gift","version":"` + row.version + `"}`, "index.js": "module.exports = 1"})
		publish := at(t, home, gift, "npm", "publish", "--browser=false")
		mira.open(publish.sees(question))
		for _, fact := range []string{"Publish gift@" + row.version + "?", "npm publish", "sha512-", "127.0.0.1", "Your network", "npm 1", "on Linux"} {
			mira.says(fact)
		}
		if !row.yes {
			mira.press("Say no")
			mira.says("Nothing was done")
			publish.ends(false)
			continue
		}
		mira.press("Use a security key or passkey")
		mira.says("The command in your terminal goes on")
		if text := publish.ends(true); !strings.Contains(text, "+ gift@1.0.1") {
			t.Error(text)
		}
	}
	if got := run(t, home, gift, "npm", "view", "gift", "versions", "--json"); strings.Contains(got, "1.0.0") || !strings.Contains(got, "1.0.1") {
		t.Errorf("published: %s", got)
	}
	mira.open("/settings/two-factor")
	mira.says("publishing gift@1.0.1")
}

// TestCopiedKeyIsLockedAndARecoveryCodeHolds is what happens when things go wrong: a key whose counter goes back
// is locked and its owner told, and who comes in with a recovery code then finds the account read-only.
func TestCopiedKeyIsLockedAndARecoveryCodeHolds(t *testing.T) {
	t.Parallel()
	s := started(t)
	operator := newBrowser(t, s.url)
	becomeOperator(t, s, operator)
	if err := s.account("ann"); err != nil {
		t.Fatal(err)
	}
	ann := operator.another()
	key := ann.withAuthenticator()
	ann.open("/login")
	ann.fill("login", "ann", "password", password)
	ann.press("Sign in")
	codes := ann.withKey("Blue key")
	ann.press("Sign out")
	ann.halfIn("ann")
	ann.press("Use a security key or passkey")
	ann.press("Sign out")

	ann.rewind(key)
	ann.halfIn("ann")
	ann.expect("status of 422")
	ann.press("Use a security key or passkey")
	ann.says("The security key could not be used")
	told := ""
	for range 50 { // letters leave through the queue
		letter(operator, "a change of your account", "/lock/")
		if told = operator.text(); strings.Contains(told, "a copy of it may exist") {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if !strings.Contains(told, `"Blue key" was locked`) {
		t.Errorf("the owner is told\n%s", told)
	}
	ann.follow("Use a recovery code")
	ann.fill("code", strings.ToLower(codes[3]))
	ann.press("Sign in")
	ann.says("You are in, with a recovery code")
	ann.says("Your account is read-only for another 3 days")
	ann.says("Locked: a copy may exist")
	ann.says("9 of 10 left")
}

// TestAppFromEnrolmentToTurningOff turns two-factor authentication on with an app, signs in with it, and turns it
// off again, being told what that means.
func TestAppFromEnrolmentToTurningOff(t *testing.T) {
	t.Parallel()
	s := started(t)
	token := s.person("ben")
	home, gift := filepath.Join(t.TempDir(), "ben"), filepath.Join(t.TempDir(), "gift")
	if err := s.home(home, token); err != nil {
		t.Fatal(err)
	}
	write(t, gift, map[string]string{"package.json": `{"name":"gift","version":"1.0.0"}`})
	run(t, home, gift, "npm", "publish")

	ben := newBrowser(t, s.url)
	ben.open("/login?next=/settings/two-factor")
	ben.fill("login", "ben", "password", password)
	ben.press("Sign in")
	ben.follow("Turn it on")
	ben.press("Set up an app")
	secret := strings.ReplaceAll(regexp.MustCompile(`([A-Z2-7]{4} ){7}[A-Z2-7]{4}`).FindString(ben.text()), " ", "")
	code := func(steps int) string { // each counts once, and later ones only
		c, err := totp.GenerateCode(secret, time.Now().Add(time.Duration(steps)*30*time.Second))
		if err != nil {
			t.Fatalf("the secret %q: %v", secret, err)
		}
		return c
	}
	used := code(0)
	ben.fill("code", used)
	ben.press("Confirm the app")
	ben.fill("code", recoveryCode.FindString(ben.text()))
	ben.press("I have saved them: turn it on")
	ben.press("Sign out")
	ben.halfIn("ben")
	ben.expect("status of 422")
	ben.fill("code", used)
	ben.press("Sign in")
	if ben.path() != "/login/factor" {
		t.Error("a code counts twice: it leads to", ben.path())
	}
	ben.fill("code", code(1))
	ben.press("Sign in")

	ben.open("/settings/two-factor")
	ben.follow("Turn it off…")
	for _, impact := range []string{"Your authenticator app", "10 recovery codes", "You maintain 1 package."} {
		ben.says(impact)
	}
	ben.press("Turn it off")
	ben.says("It is off")
	ben.press("Sign out")
	ben.open("/login")
	ben.fill("login", "ben", "password", password)
	ben.press("Sign in")
	ben.says("Sign out")
}

// TestOperatorReviewsRecovery asks to be let in, lets the operator look, and ends the request by mail.
func TestOperatorReviewsRecovery(t *testing.T) {
	t.Parallel()
	s := started(t)
	operator := newBrowser(t, s.url)
	becomeOperator(t, s, operator)
	if err := s.account("ann"); err != nil {
		t.Fatal(err)
	}
	ann := operator.another()
	ann.withAuthenticator()
	ann.open("/login")
	ann.fill("login", "ann", "password", password)
	ann.press("Sign in")
	ann.withKey("Blue key")
	ann.press("Sign out")
	ann.halfIn("ann")
	ann.follow("Lost everything?")
	ann.fill("reason", "My bag was stolen. Call me.")
	ann.press("Ask to be let in")
	link := letter(operator, "without its second factor", "/recovery/")
	ann.open(link)
	ann.press("It was me: ask the operator")
	ann.says("The request waits")
	operator.open("/operator/recoveries")
	operator.says("My bag was stolen")
	if out, err := s.command("", "user", "recovery", "list"); err != nil || !strings.Contains(out, "ann@example.test") {
		t.Errorf("%v %s", err, out)
	}
	if _, err := s.command("", "user", "recovery", "approve", "ann"); err == nil || !strings.Contains(err.Error(), "still has time") {
		t.Errorf("before the waiting time: %v", err)
	}
	ann.press("This was not me: end it")
	ann.says("The request is over")
	operator.open("/operator/recoveries")
	operator.says("Nobody asks")
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
