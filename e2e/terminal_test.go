package e2e

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// terminal runs a command in a terminal and answers its prompts, for clients that ask only a person:
//
//	terminal FILE COMMAND [ARGUMENT…]
//
// Each line of FILE is "PROMPT => ANSWER". An answer is typed when its prompt has appeared.
func terminal() {
	if err := converse(os.Args[1], os.Args[2:]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "terminal:", err)
		os.Exit(1)
	}
}

func converse(file string, command []string) error {
	lines, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	c, err := talk(command, func(cmd *exec.Cmd, screen io.Writer) {
		cmd.Stdout, cmd.Stderr = io.MultiWriter(os.Stdout, screen), os.Stderr
	})
	if err != nil {
		return err
	}
	for line := range strings.Lines(strings.TrimSpace(string(lines))) {
		prompt, answer, ok := strings.Cut(strings.TrimSpace(line), " => ")
		if !ok {
			return fmt.Errorf("%q is not PROMPT => ANSWER", line)
		}
		if err := c.answer(prompt, answer); err != nil {
			return err
		}
	}
	return c.cmd.Wait()
}

// conversation is a command in a terminal, and the person at its keyboard.
type conversation struct {
	cmd      *exec.Cmd
	screen   *screen
	keyboard io.Writer
}

// talk starts a command in a terminal of its own, after prepare has seen it.
func talk(command []string, prepare func(cmd *exec.Cmd, screen io.Writer)) (*conversation, error) {
	var words []string
	for _, word := range command {
		words = append(words, "'"+strings.ReplaceAll(word, "'", `'\''`)+"'")
	}
	c := &conversation{screen: &screen{}}
	c.cmd = exec.Command("script", "--quiet", "--return", "--flush", "--log-out", "/dev/null", "--command", strings.Join(words, " "))
	prepare(c.cmd, c.screen)
	var err error
	if c.keyboard, err = c.cmd.StdinPipe(); err != nil { // stays open: its end would be an end of input to the command
		return nil, err
	}
	return c, c.cmd.Start()
}

// answer types an answer when its prompt has appeared.
func (c *conversation) answer(prompt, answer string) error {
	if !c.screen.shows(prompt) {
		_ = c.cmd.Process.Kill()
		return fmt.Errorf("the prompt %q did not appear", prompt)
	}
	_, err := io.WriteString(c.keyboard, answer+"\r")
	return err
}

// screen is what the command has written and no prompt was found in yet.
type screen struct {
	mu   sync.Mutex
	text string
	all  string
}

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text += string(p)
	s.all += string(p)
	return len(p), nil
}

// shows waits for a prompt and takes it off the screen.
func (s *screen) shows(prompt string) bool {
	for range 600 {
		s.mu.Lock()
		_, rest, ok := strings.Cut(s.text, prompt)
		if ok {
			s.text = rest
		}
		s.mu.Unlock()
		if ok {
			time.Sleep(100 * time.Millisecond) // the prompt is written before the answer is listened for
			return true
		}
		time.Sleep(50 * time.Millisecond)
	}
	return false
}

// everything is all that the command has written.
func (s *screen) everything() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}

// person is somebody at a terminal in a test.
type person struct {
	t *testing.T
	*conversation
}

// at starts a command in a terminal of somebody with a home, in a folder.
func at(t *testing.T, home, dir string, command ...string) person {
	t.Helper()
	c, err := talk(command, func(cmd *exec.Cmd, screen io.Writer) {
		cmd.Dir, cmd.Env = dir, append(clientEnv(home), "TERM=dumb")
		cmd.Stdout, cmd.Stderr = screen, screen
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	return person{t, c}
}

// types answers a prompt.
func (p person) types(prompt, answer string) {
	p.t.Helper()
	if err := p.answer(prompt, answer); err != nil {
		p.t.Fatalf("%v; the terminal shows\n%s", err, p.screen.everything())
	}
}

// sees waits for something on the screen.
func (p person) sees(form *regexp.Regexp) string {
	p.t.Helper()
	for range 600 {
		if found := form.FindString(p.screen.everything()); found != "" {
			return found
		}
		time.Sleep(50 * time.Millisecond)
	}
	p.t.Fatalf("%s did not appear; the terminal shows\n%s", form, p.screen.everything())
	return ""
}

// ends waits for the end of the command, which must be a good one or not, and returns what it wrote.
func (p person) ends(well bool) string {
	p.t.Helper()
	err := p.cmd.Wait()
	if text := p.screen.everything(); (err == nil) != well {
		p.t.Fatalf("it ended with %v; the terminal shows\n%s", err, text)
	}
	return p.screen.everything()
}
