package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// password is every person's.
const password = "seven herrings on a bicycle"

// server is one installation, and the process that serves it while it runs.
type server struct {
	t              testing.TB
	data, url, log string
	listen         string
	env            []string
	cmd            *exec.Cmd
	exited         chan error
}

// newServer makes an installation with a data folder and a port of its own. It does not start it. env is
// more variables, such as LATCHKEY_DATABASE=…
func newServer(t testing.TB, env ...string) *server {
	t.Helper()
	dir := t.TempDir()
	listen := freePort(t)
	_, port, _ := net.SplitHostPort(listen)
	s := &server{t: t, data: filepath.Join(dir, "data"), listen: listen, url: "http://localhost:" + port, log: filepath.Join(dir, "server.log")}
	s.env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir,
		"LATCHKEY_DATA=" + s.data, "LATCHKEY_LISTEN=" + listen, "LATCHKEY_URL=" + s.url,
	}, env...)
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			if b, err := os.ReadFile(s.log); err == nil {
				t.Logf("the server said:\n%s", b[max(0, len(b)-16<<10):])
			}
		}
	})
	return s
}

// started is newServer for tests that only need one that runs.
func started(t testing.TB, env ...string) *server {
	t.Helper()
	s := newServer(t, env...)
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// freePort asks for a port. Nothing reserves it, but the kernel does not give it out again soon.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// registry is the address that clients are given.
func (s *server) registry() string { return s.url + "/npm/" }

// start starts the server and waits until it is ready. For a moment somebody's connection may have the
// port.
func (s *server) start(args ...string) (err error) {
	for range 5 {
		if err = s.startUnder(nil, args...); err == nil || !strings.Contains(err.Error(), "address already in use") {
			return err
		}
		time.Sleep(time.Second)
	}
	return err
}

// startUnder is start with another program in front, such as strace.
func (s *server) startUnder(tracer []string, args ...string) error {
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	line := append(append(tracer, filepath.Join(tools, "latchkey"), "serve"), args...)
	s.cmd = exec.Command(line[0], line[1:]...)
	s.cmd.Env, s.cmd.Stdout, s.cmd.Stderr = s.env, log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	exited := make(chan error, 1)
	s.exited = exited
	go func(cmd *exec.Cmd) { exited <- cmd.Wait() }(s.cmd)
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		select {
		case err := <-exited:
			s.cmd = nil
			b, _ := os.ReadFile(s.log)
			return fmt.Errorf("the server ended before it was ready: %w\n%s", err, b)
		default:
		}
		if res, err := http.Get(s.url + "/readyz"); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
	}
	s.kill()
	b, _ := os.ReadFile(s.log)
	return fmt.Errorf("the server was not ready in time\n%s", b)
}

// stop asks the server to stop and returns how it ended.
func (s *server) stop() error {
	if s.cmd == nil {
		return errors.New("the server does not run")
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-s.exited:
		s.cmd = nil
		return err
	case <-time.After(30 * time.Second):
		s.kill()
		return errors.New("the server did not stop in time")
	}
}

// kill ends the server and whatever it runs under, at once, without a word to it.
func (s *server) kill() {
	if s.cmd == nil {
		return
	}
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
	if err := <-s.exited; err == nil {
		s.t.Log("the server had ended by itself before it was killed")
	}
	s.cmd = nil
}

// command runs the program on the installation and returns what it prints.
func (s *server) command(stdin string, args ...string) (stdout string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(tools, "latchkey"), args...)
	var out, complaint bytes.Buffer
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = s.env, strings.NewReader(stdin), &out, &complaint
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("latchkey %s: %w\n%s%s", strings.Join(args, " "), err, &out, &complaint)
	}
	return out.String(), nil
}

// account makes an account.
func (s *server) account(name string, more ...string) error {
	args := append([]string{"user", "create", name, "--email", name + "@example.test", "--password-stdin"}, more...)
	_, err := s.command(password+"\n", args...)
	return err
}

// token makes a token.
func (s *server) token(name, kind string) (string, error) {
	out, err := s.command("", "token", "create", "--user", name, "--name", "e2e", "--kind", kind)
	return strings.TrimSpace(out), err
}

// person makes an account with a token to publish with.
func (s *server) person(name string) (token string) {
	s.t.Helper()
	err := s.account(name)
	if err == nil {
		token, err = s.token(name, "automation")
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// home makes a home folder whose clients know this registry and no other. An empty token makes the home
// of somebody who is not signed in.
func (s *server) home(dir, token string) error {
	bare := strings.TrimPrefix(s.registry(), "http:")
	npmrc := "registry=" + s.registry() + "\nfund=false\naudit=false\nupdate-notifier=false\nfetch-retries=0\n"
	yarnrc := "npmRegistryServer: " + strings.TrimSuffix(s.registry(), "/") + "\nunsafeHttpWhitelist: [localhost]\n" +
		"enableTelemetry: false\nenableGlobalCache: true\nnodeLinker: node-modules\nenableImmutableInstalls: false\nhttpRetry: 0\nnpmMinimalAgeGate: 0\n"
	if token != "" {
		npmrc += bare + ":_authToken=" + token + "\n"
		yarnrc += "npmAuthToken: " + token + "\n"
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, ".npmrc"), []byte(npmrc), 0o600),
		os.WriteFile(filepath.Join(dir, ".yarnrc.yml"), []byte(yarnrc), 0o600),
	)
}

// clientEnv is the environment of a client with a home folder: whatever leads to another registry leads
// to a closed door.
func clientEnv(home string) []string {
	const closed = "http://127.0.0.1:9"
	return []string{
		"HOME=" + home, "PATH=" + tools + string(filepath.ListSeparator) + os.Getenv("PATH"), "TMPDIR=" + home,
		"HTTP_PROXY=" + closed, "HTTPS_PROXY=" + closed, "http_proxy=" + closed, "https_proxy=" + closed,
		"NO_PROXY=localhost,127.0.0.1", "no_proxy=localhost,127.0.0.1", "NO_COLOR=1", "LC_ALL=C.UTF-8",
		"BROWSER=none", "NO_UPDATE_NOTIFIER=1",
	}
}
