package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestOwnerLocksHerAccountFromALetterAndRecoversIt is somebody who reads that a stranger was signed in, in
// a real browser: what she sees, what she presses, and what no longer works for the stranger and a terminal.
func TestOwnerLocksHerAccountFromALetterAndRecoversIt(t *testing.T) {
	t.Parallel()
	s := started(t)
	operator := newBrowser(t, s.url)
	ann := operator.another()
	becomeOperator(t, s, operator)
	signUpAndVerify(ann, operator)
	home := filepath.Join(t.TempDir(), "ann")
	signInTerminal(t, s, ann, home, password)

	ann.open("/settings/sessions")
	ann.says("This browser")
	ann.says("npm login on npm")
	ann.open("/settings/security-log")
	ann.says("Terminal signed in")
	ann.says("Account email verified")
	ann.follow("Browsers")
	if text := ann.text(); strings.Contains(text, "Account email verified") || !strings.Contains(text, "Signed in") {
		t.Errorf("the log is not filtered: %s", text)
	}

	stranger := operator.another()
	link := letter(operator, "A terminal was signed in", "/lock/")
	stranger.open(link)
	stranger.says("Lock the account ann?")
	stranger.press("Lock the account")
	stranger.says("The account is locked.")
	stranger.expect("status of 404")
	if status := stranger.open(link); status != 404 {
		t.Errorf("the link locks twice: %d", status)
	}
	ann.open("/settings/sessions")
	if ann.path() != "/login" {
		t.Errorf("ann is still signed in, at %s", ann.path())
	}
	if out, err := client(t.Context(), home, home, "npm", "whoami").CombinedOutput(); err == nil {
		t.Errorf("the terminal is still signed in: %s", out)
	}
	ann.expect("status of 422")
	ann.fill("login", "ann", "password", password)
	ann.press("Sign in")
	ann.says("This account is locked.")
	ann.follow("choose a new password")
	ann.fill("login", "ann")
	ann.press("Mail me a link")
	ann.open(letter(operator, "Choose a new password", "/password/reset/"))
	ann.fill("password", "eleven umbrellas in the harbour")
	ann.press("Change the password")
	ann.fill("login", "ann", "password", "eleven umbrellas in the harbour")
	ann.press("Sign in")
	ann.open("/settings/security-log")
	ann.says("Account unlocked")
}
