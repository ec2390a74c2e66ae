package e2e

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestFromFirstOperatorToInstall is the product in one walk: the first operator, somebody who signs up,
// forgets her password, signs in her terminal, publishes, and somebody else who installs.
func TestFromFirstOperatorToInstall(t *testing.T) {
	t.Parallel()
	s := started(t)
	operator := newBrowser(t, s.url)
	ann := operator.another()

	becomeOperator(t, s, operator)
	signUpAndVerify(ann, operator)
	signInAndOut(ann)
	fresh := forgetPassword(ann, operator)
	home := filepath.Join(t.TempDir(), "ann")
	signInTerminal(t, s, ann, home, fresh)
	publishAndInstall(t, s, home)

	operator.open("/package/@ann/gift")
	operator.says("@ann/gift")
	operator.says("What is in the parcel")
	operator.says("npm i @ann/gift")
	operator.open("/~ann")
	operator.says("Ann Archer")
	operator.says("@ann/gift")
}

// TestOnlyInvitedPeopleGetIn is an installation that is not open to everybody.
func TestOnlyInvitedPeopleGetIn(t *testing.T) {
	t.Parallel()
	s := started(t, "LATCHKEY_SIGN_UP=invitation")
	operator := newBrowser(t, s.url)
	becomeOperator(t, s, operator)
	ben := operator.another()
	ben.expect("status of 4")
	ben.open("/signup")
	if text := ben.text(); strings.Contains(text, "Make my account") {
		t.Fatalf("a stranger can sign up: %s", text)
	}

	operator.open("/operator/people")
	operator.fill("email", "ben@example.test")
	operator.click("Send the invitation")
	ben.open(letter(operator, "You are invited", "/invitations/"))
	ben.fill("name", "ben", "password", password)
	ben.press("Make my account")
	ben.open("/settings/emails")
	ben.says("ben@example.test")
	ben.says("Verified")
	operator.open("/operator/people")
	operator.says("ben@example.test")
}

var setupLink = regexp.MustCompile(`http://\S+/setup/\S+`)

func becomeOperator(t *testing.T, s *server, operator *browser) {
	log, err := os.ReadFile(s.log)
	if err != nil {
		t.Fatal(err)
	}
	link := setupLink.Find(log)
	if link == nil {
		t.Fatalf("no link for the first operator in\n%s", log)
	}
	operator.open(string(link))
	operator.fill("name", "mira", "email", "mira@example.test", "password", password)
	operator.press("Make the operator's account")
	operator.open("/operator")
	operator.says("Operator")

	// The link works once.
	other := operator.another()
	other.expect("status of 404")
	if status := other.open(string(link)); status != 404 {
		t.Errorf("the link for the first operator answers %d the second time", status)
	}
}

func signUpAndVerify(ann, operator *browser) {
	ann.open("/")
	ann.follow("Sign up")
	ann.expect("status of 422")
	ann.fill("name", "mira", "email", "ann@example.test", "password", "short")
	if status := ann.press("Make my account"); status != 422 {
		ann.t.Errorf("a short password is answered with %d", status)
	}
	ann.says("at least 15 characters")
	ann.fill("name", "ann", "full_name", "Ann Archer", "password", password)
	ann.press("Make my account")
	ann.open("/settings/emails")
	ann.says("ann@example.test")

	ann.open(letter(operator, "Verify", "/verify/"))
	ann.says("Is this your address?")
	ann.press("Verify this address")
	ann.open("/settings/emails")
	ann.says("Verified")
}

// letter returns the link in the newest captured letter with a subject.
func letter(operator *browser, subject, part string) string {
	for range 50 { // it leaves through the queue
		operator.open("/operator/mail")
		if newest := operator.text(); strings.Contains(newest, subject) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	operator.leave(`//main//a[contains(normalize-space(), "` + subject + `")]`)
	return operator.link(part)
}

func signInAndOut(ann *browser) {
	ann.press("Sign out")
	ann.expect("status of 404")
	if status := ann.open("/operator"); status == 200 && ann.path() == "/operator" {
		ann.t.Error("a stranger sees the operator's page")
	}
	ann.open("/login")
	ann.fill("login", "ann", "password", "not the password at all")
	ann.expect("status of 401")
	if status := ann.press("Sign in"); status == 200 {
		ann.t.Error("a wrong password is answered with 200")
	}
	ann.fill("login", "ann@example.test", "password", password)
	ann.press("Sign in")
	ann.says("Sign out")
	if status := ann.open("/operator"); status != 404 {
		ann.t.Errorf("the operator's page answers %d to somebody else", status)
	}
}

// forgetPassword returns the new password.
func forgetPassword(ann, operator *browser) string {
	const fresh = "eleven umbrellas in the harbour"
	ann.open("/settings/profile")
	ann.press("Sign out")
	ann.open("/login")
	ann.follow("Forgot it?")
	ann.fill("login", "ann")
	ann.press("Mail me a link")
	link := letter(operator, "Choose a new password", "/password/reset/")
	ann.open(link)
	ann.fill("password", fresh)
	ann.press("Change the password")
	if status := ann.open(link); status != 404 {
		ann.t.Errorf("the link to choose a password answers %d the second time", status)
	}
	ann.open("/login")
	if ann.path() == "/login" {
		ann.fill("login", "ann", "password", password)
		if status := ann.press("Sign in"); status == 200 {
			ann.t.Error("the forgotten password still works")
		}
		ann.fill("login", "ann", "password", fresh)
		ann.press("Sign in")
	}
	ann.says("Sign out")
	return fresh
}

// signInTerminal runs npm login, which prints an address and waits for a browser.
func signInTerminal(t *testing.T, s *server, ann *browser, home, password string) {
	if err := s.home(home, ""); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	login := client(ctx, home, home, "npm", "login")
	out, err := login.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	login.Stderr = login.Stdout
	if err := login.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	var said strings.Builder
	address := ""
	for address == "" && lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		address = regexp.MustCompile(`http://\S+/auth/login/\S+`).FindString(lines.Text())
	}
	if address == "" {
		t.Fatalf("npm login printed no address: %s", said.String())
	}
	ann.open(address)
	ann.says("Sign in a terminal?")
	ann.says("Your network")
	ann.press("Sign the terminal in")
	if ann.path() == "/sudo" {
		ann.fill("password", password)
		ann.press("Go on")
		if strings.Contains(ann.text(), "Sign in a terminal?") {
			ann.press("Sign the terminal in")
		}
	}
	ann.says("The terminal is signed in")
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
	}
	if err := login.Wait(); err != nil {
		t.Fatalf("npm login: %v\n%s", err, said.String())
	}
	if got := run(t, home, home, "npm", "whoami"); strings.TrimSpace(got) != "ann" {
		t.Fatalf("npm whoami says %q", got)
	}
}

func publishAndInstall(t *testing.T, s *server, home string) {
	gift := filepath.Join(filepath.Dir(home), "gift")
	write(t, gift, map[string]string{
		"package.json": `{"name":"@ann/gift","version":"1.0.0","description":"A present"}`,
		"index.js":     `module.exports = "surprise"`,
		"README.md":    "# Gift\n\nWhat is in the parcel? Untie it:\n\n```js\nrequire('@ann/gift')\n```\n",
	})
	run(t, home, gift, "npm", "publish")

	ben, app := filepath.Join(t.TempDir(), "ben"), filepath.Join(t.TempDir(), "app")
	if err := s.home(ben, ""); err != nil {
		t.Fatal(err)
	}
	write(t, app, map[string]string{"package.json": `{"name":"app","private":true}`})
	run(t, ben, app, "npm", "install", "@ann/gift")
	if got := run(t, ben, app, "node", "-p", `require('@ann/gift')`); strings.TrimSpace(got) != "surprise" {
		t.Errorf("the installed package says %q", got)
	}
}

// client is a command as a person runs it in a folder.
func client(ctx context.Context, home, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, clientEnv(home)
	cmd.WaitDelay = time.Second
	return cmd
}

// run is client for what must succeed. It returns the standard output.
func run(t *testing.T, home, dir, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := client(ctx, home, dir, name, args...)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, complaint.String())
	}
	return string(out)
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
