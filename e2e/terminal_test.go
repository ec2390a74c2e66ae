package e2e

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
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
	for i, word := range command {
		command[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	cmd := exec.Command("script", "--quiet", "--return", "--flush", "--log-out", "/dev/null", "--command", strings.Join(command, " "))
	screen := &screen{}
	cmd.Stdout, cmd.Stderr = io.MultiWriter(os.Stdout, screen), os.Stderr
	keyboard, err := cmd.StdinPipe() // stays open: its end would be an end of input to the command
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	for line := range strings.Lines(strings.TrimSpace(string(lines))) {
		prompt, answer, ok := strings.Cut(strings.TrimSpace(line), " => ")
		if !ok {
			return fmt.Errorf("%q is not PROMPT => ANSWER", line)
		}
		if !screen.shows(prompt) {
			_ = cmd.Process.Kill()
			return fmt.Errorf("the prompt %q did not appear", prompt)
		}
		if _, err := io.WriteString(keyboard, answer+"\r"); err != nil {
			return err
		}
	}
	return cmd.Wait()
}

// screen is what the command has written and no prompt was found in yet.
type screen struct {
	mu   sync.Mutex
	text string
}

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text += string(p)
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
