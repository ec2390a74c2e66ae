package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"io"
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

var update = flag.Bool("update", false, "rewrite the golden files")

// asProgram makes the test binary be the program, so that its exit codes and output are the real ones.
const asProgram = "TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// program is the command with some arguments and variables, and nothing of the tester's own.
func program(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append([]string{asProgram + "=1", "HOME=" + t.TempDir()}, env...)
	cmd.Dir = t.TempDir()
	return cmd
}

// result runs the program to its end.
func result(t *testing.T, cmd *exec.Cmd) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what the program says (go test ./cmd/latchkey -update writes it anew):\n%s", file, got)
	}
}

func TestHelpAndRoutes(t *testing.T) {
	for name, args := range map[string][]string{
		"help.golden": {"--help"}, "help_serve.golden": {"serve", "--help"}, "routes.golden": {"routes"},
	} {
		out, complaint, code := result(t, program(t, nil, args...))
		if code != 0 || complaint != "" {
			t.Errorf("%v: exit code %d, %s", args, code, complaint)
		}
		golden(t, name, out)
	}
}

func TestWhatIsNotAnOptionRefusesToStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "options.json")
	write := func(text string) []string {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return []string{"--config", file, "version"}
	}
	for _, c := range []struct {
		name string
		env  []string
		args func() []string
		want string
	}{
		{"variable", []string{"LATCHKEY_SIGNUP=closed"}, nil, "LATCHKEY_SIGNUP is not an option"},
		{"flag", nil, func() []string { return []string{"version", "--sing-up=closed"} }, "unknown flag --sing-up"},
		{"key", nil, func() []string { return write(`{"sign_up": "closed"}`) }, `the key "sign_up", which is not an option`},
		{"file that is none", nil, func() []string { return write(`sign-up: closed`) }, "not a JSON object"},
		{"value of a variable", []string{"LATCHKEY_SIGN_UP=perhaps"}, nil, "sign-up"},
		{"value in a file", nil, func() []string { return write(`{"sign-in-rate": "often"}`) }, "not a rate"},
		{"address", []string{"LATCHKEY_URL=registry.example.com"}, nil, "--url"},
		{"address with a path", []string{"LATCHKEY_URL=https://example.com/x"}, nil, "needs the root"},
		{"one address for both", []string{"LATCHKEY_REGISTRY_URL=http://localhost:4873"}, nil, "--registry-url"},
		{"secret said twice", []string{"LATCHKEY_DATABASE=postgres://x", "LATCHKEY_DATABASE_FILE=" + file}, nil, "twice"},
		{"no command", nil, func() []string { return []string{} }, "expected one of"},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := []string{"version"}
			if c.args != nil {
				args = c.args()
			}
			out, complaint, code := result(t, program(t, c.env, args...))
			if code == 0 || out != "" || !strings.Contains(complaint, c.want) || strings.Count(complaint, "\n") != 1 {
				t.Errorf("exit code %d, output %q, complaint %q", code, out, complaint)
			}
		})
	}
}

func TestConfigShowsEveryOptionAndNoSecret(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("hunter2hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "options.json")
	text := `{"sign-up": "closed", "publish-rate": "7/1m", "max-tarball": 1000, "trusted-proxies": ["10.0.0.0/8", "fd00::/8"], "log-level": "warn"}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, complaint, code := result(t, program(t, []string{
		"LATCHKEY_CONFIG=" + file, "LATCHKEY_LOG_LEVEL=error", "LATCHKEY_SMTP_PASSWORD_FILE=" + secret,
		"LATCHKEY_S3_SECRET_KEY=hunter2hunter2", "LATCHKEY_DATABASE=postgres://hunter2hunter2@db/x",
	}, "config", "--max-tarball=2000"))
	if code != 0 || complaint != "" || strings.Contains(out, "hunter2") {
		t.Fatalf("exit code %d, %s\n%s", code, complaint, out)
	}
	values := map[string]string{}
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		values[f[0]] = strings.Join(f[1:len(f)-1], " ")
		if want := "LATCHKEY_" + strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(f[0], "--"), "-", "_")); f[len(f)-1] != want {
			t.Errorf("%s has the variable %s", f[0], f[len(f)-1])
		}
	}
	for flag, want := range map[string]string{
		"--sign-up": "closed", "--publish-rate": "7/1m0s", "--max-tarball": "2000", "--trusted-proxies": "[10.0.0.0/8 fd00::/8]",
		"--log-level": "error", "--url": "http://localhost:4873/", "--registry-url": "http://localhost:4873/npm/",
		"--s3-secret-key": "(set, hidden)", "--smtp-password": "(set, hidden)", "--database": "(set, hidden)", "--secret-key": "",
	} {
		if got, ok := values[flag]; !ok || got != want {
			t.Errorf("%s is %q, want %q", flag, got, want)
		}
	}
}

// running is a server that was started.
type running struct {
	*exec.Cmd
	url, setup string
	output     *bytes.Buffer
	ended      chan error
}

// start serves on a free port until the test ends.
func start(t *testing.T, data string, more ...string) *running {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := &running{url: "http://" + address, output: new(bytes.Buffer), ended: make(chan error, 1)}
	s.Cmd = program(t, nil, append([]string{"serve", "--data", data, "--listen", address, "--url", s.url}, more...)...)
	s.Stderr = s.output
	out, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if l := strings.TrimSpace(lines.Text()); strings.HasPrefix(l, s.url+"/setup/") {
			s.setup = l
		} else if l == "" && s.setup != "" {
			break
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out); s.ended <- s.Wait() }()
	t.Cleanup(func() { _ = s.Process.Kill() })
	return s
}

func status(t *testing.T, url string) int {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	return r.StatusCode
}

func TestServerSaysHowToBeginAndStopsWhenAsked(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := start(t, data, "--metrics-listen", "127.0.0.1:0")
	if s.setup == "" {
		t.Fatalf("no link to begin with: %s", s.output)
	}
	for path, want := range map[string]int{
		"/healthz": 200, "/readyz": 200, "/": 200, "/npm/-/ping": 200, "/-/ping": 200, "/npm/nothing-there": 404, "/metrics": 404,
		"/debug/pprof/": 404, "/debug/vars": 404, strings.TrimPrefix(s.setup, s.url): 200, "/setup/other": 404, "/" + strings.Repeat("x", 9000): 414,
	} {
		if got := status(t, s.url+path); got != want {
			t.Errorf("%.60s: %d, want %d", path, got, want)
		}
	}

	if r, err := http.Post(s.url+"/healthz", "text/plain", nil); err != nil || r.StatusCode != http.StatusNotFound {
		t.Errorf("health was asked for with POST: %v %v", r, err)
	} else {
		_ = r.Body.Close()
	}

	second := program(t, nil, "serve", "--data", data, "--listen", "127.0.0.1:0")
	if out, complaint, code := result(t, second); code != 1 || out != "" || !strings.Contains(complaint, "another latchkey serves the data folder") {
		t.Errorf("a second server: %d %q %q", code, out, complaint)
	}
	taken := program(t, nil, "serve", "--data", t.TempDir(), "--listen", strings.TrimPrefix(s.url, "http://"))
	if _, complaint, code := result(t, taken); code != 1 || !strings.Contains(complaint, "cannot listen on") {
		t.Errorf("a port that is taken: %d %q", code, complaint)
	}

	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-s.ended:
		if err != nil {
			t.Errorf("%v: %s", err, s.output)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it does not stop")
	}
	if info, err := os.Stat(data); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data folder: %v %v", info.Mode(), err)
	}
	again := start(t, data)
	if again.setup == "" || again.setup == s.setup {
		t.Errorf("the link after a restart is %q", again.setup)
	}
	if got := status(t, again.url+strings.TrimPrefix(s.setup, s.url)); got != 404 {
		t.Errorf("the old link still works: %d", got)
	}
}

// The administration's output is for scripts: a secret alone, a sentence on the other stream.
func TestAdministrationBesideARunningServer(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := start(t, data)
	create := program(t, nil, "user", "create", "ann", "--email", "ann@example.com", "--password-stdin", "--operator", "--data", data)
	create.Stdin = strings.NewReader("correct horse battery staple\n")
	if out, complaint, code := result(t, create); code != 0 || !strings.Contains(out, "ann") {
		t.Fatalf("%d %q %q", code, out, complaint)
	}
	secret, complaint, code := result(t, program(t, nil, "token", "create", "--user", "ann", "--name", "ci", "--data", data))
	if code != 0 || !strings.HasPrefix(secret, "npm_") || len(secret) != 41 {
		t.Fatalf("%d %q %q", code, secret, complaint)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/npm/-/whoami", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(secret))
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	if body, err := io.ReadAll(a.Body); err != nil || a.StatusCode != 200 || !strings.Contains(string(body), `"ann"`) {
		t.Errorf("%d %s %v", a.StatusCode, body, err)
	}
	hint := strings.TrimSpace(secret)[:10] + "..." + strings.TrimSpace(secret)[36:]
	revoke := []string{"token", "revoke", "--user", "ann", "--hint", hint, "--data", data}
	list := func() string {
		t.Helper()
		out, complaint, code := result(t, program(t, nil, "token", "list", "--user", "ann", "--data", data))
		if code != 0 || complaint != "" || !strings.HasPrefix(out, "HINT") {
			t.Fatalf("list: %d %q %q", code, out, complaint)
		}
		return out
	}
	if out := list(); !strings.Contains(out, strings.Replace(hint, "...", "…", 1)+"  ci    automation  20") || strings.Contains(out, secret) {
		t.Errorf("list: %s", out)
	}
	if out, complaint, code := result(t, program(t, nil, revoke...)); code != 0 || !strings.HasPrefix(out, "Revoked npm_lk") {
		t.Errorf("revoke: %d %q %q", code, out, complaint)
	}
	if out := list(); strings.Count(out, "\n") != 1 {
		t.Errorf("list: %s", out)
	}
	if out, complaint, code := result(t, program(t, nil, revoke...)); code == 0 || out != "" || !strings.Contains(complaint, "no working token") {
		t.Errorf("revoke again: %d %q %q", code, out, complaint)
	}
	for want, args := range map[string][]string{
		"--hint": {"token", "revoke", "--user", "ann"},
		"--id":   {"token", "revoke", "--user", "ann", "--hint", "x", "--id", "y"},
		"nobody": {"token", "create", "--user", "nobody", "--name", "x"},
		"kind":   {"token", "create", "--user", "ann", "--name", "x", "--kind", "session"},
		"email":  {"user", "create", "bob", "--password-stdin"},
	} {
		out, complaint, code := result(t, program(t, nil, append(args, "--data", data)...))
		if code == 0 || out != "" || !strings.Contains(complaint, want) {
			t.Errorf("%v: %d %q %q", args, code, out, complaint)
		}
	}
	empty := program(t, nil, "user", "create", "bob", "--email", "bob@example.com", "--password-stdin", "--data", data)
	empty.Stdin = strings.NewReader("")
	if _, complaint, code := result(t, empty); code == 0 || !strings.Contains(complaint, "password") {
		t.Errorf("no password: %d %q", code, complaint)
	}
}
