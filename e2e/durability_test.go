package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/internal/npmpack"
)

// TestPublishIsOnDiskBeforeItIsAnswered looks at the system calls of one publish, because killing the
// process cannot show what a power cut would take: the kernel keeps what the process has written.
func TestPublishIsOnDiskBeforeItIsAnswered(t *testing.T) {
	t.Parallel()
	trace := filepath.Join(t.TempDir(), "trace")
	s := newServer(t)
	token := s.person("ann")
	err := s.startUnder([]string{
		"strace", "-f", "-y", "-qq", "-s", "24", "-o", trace,
		"-e", "trace=fsync,fdatasync,rename,renameat,renameat2,link,linkat,mkdirat,write,writev,pwrite64,sendto",
	})
	if err != nil {
		t.Fatal(err)
	}
	s.publish(t, npmpack.Package{Name: "first", Version: "1.0.0"}, token) // also makes folders and the log's file
	settle(t, trace)
	before := len(traced(t, trace, 1))
	s.publish(t, npmpack.Package{Name: "second", Version: "1.0.0"}, token)
	calls := traced(t, trace, 2)[before:]

	// In this order: the draft's bytes, its name, the name's folder, the database, the answer.
	inOrder := []struct{ what, pattern string }{
		{"the tarball's bytes are synced", `^f(data)?sync\(\d+<[^>]*/blobs/tmp/`},
		{"they get their name", `^(link|rename)(at2?)?\(.*blobs/tmp.*sha512/`},
		{"the name's folder is synced", `^f(data)?sync\(\d+<[^>]*/blobs/sha512/[^>]*>`},
		{"the database's log is synced", `^f(data)?sync\(\d+<[^>]*/latchkey\.db-wal>`},
		{"the publisher is answered", `^(write|sendto|writev)\(.*"HTTP/1\.1 201`},
	}
	var done []call
	for _, step := range inOrder {
		c, ok := next(calls, step.pattern, done)
		if !ok {
			t.Fatalf("not after the steps before it: %s\n%s", step.what, show(calls))
		}
		done = append(done, c)
	}
	synced, answered := done[3], done[4]
	for _, c := range calls {
		if c.begun > synced.done && c.begun < answered.begun && matches(c, `^p?write(v|64)?\(\d+<[^>]*/latchkey\.db`) {
			t.Errorf("written to the database between its sync and the answer: %s\n%s", c.text, show(calls))
		}
	}
}

// settle waits until the letters are sent and the log is sealed, which is written down by itself: for longer than the
// clock takes between two seals, nothing is written to the database.
func settle(t *testing.T, file string) {
	t.Helper()
	written, since := 0, time.Now()
	for end := since.Add(patience); time.Since(since) < 3*time.Second; time.Sleep(50 * time.Millisecond) {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(b, []byte("latchkey.db-wal>")); n != written {
			written, since = n, time.Now()
		}
		if time.Now().After(end) {
			t.Fatal("the server writes to its database without end")
		}
	}
}

// call is a system call, with the lines of the trace on which it began and was done.
type call struct {
	text        string
	begun, done int
}

var traceLine = regexp.MustCompile(`^(\d+) +(?:<\.\.\. \w+ resumed>)?(.*)$`)

// traced reads the trace once it has so many answers to publishes.
func traced(t *testing.T, file string, answers int) []call {
	t.Helper()
	var text string
	for range 500 {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text = string(b)
		if strings.Count(text, `"HTTP/1.1 201`) >= answers && strings.HasSuffix(text, "\n") {
			return parse(text)
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("the trace shows no answer to a publish: %s", text[max(0, len(text)-2000):])
	return nil
}

// parse joins calls that other threads' calls interrupt in the trace.
func parse(text string) (calls []call) {
	open := map[string]int{} // by thread: the call that is not done
	for n, line := range strings.Split(text, "\n") {
		m := traceLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		thread, rest := m[1], m[2]
		if i, ok := open[thread]; ok && strings.Contains(line, "resumed>") {
			calls[i].done = n
			delete(open, thread)
			continue
		}
		calls = append(calls, call{rest, n, n})
		if strings.HasSuffix(rest, "<unfinished ...>") {
			open[thread] = len(calls) - 1
		}
	}
	return calls
}

func matches(c call, pattern string) bool { return regexp.MustCompile(pattern).MatchString(c.text) }

// next finds the first call of a kind that began when the last of those before was done.
func next(calls []call, pattern string, before []call) (found call, ok bool) {
	for _, c := range calls {
		if (len(before) == 0 || c.begun > before[len(before)-1].done) && matches(c, pattern) {
			return c, true
		}
	}
	return call{}, false
}

func show(calls []call) string {
	var b strings.Builder
	for _, c := range calls {
		_, _ = fmt.Fprintf(&b, "%d-%d %s\n", c.begun, c.done, c.text)
	}
	return b.String()
}
