package mail

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func newCapture(t *testing.T) *Capture {
	t.Helper()
	c, err := NewCapture(filepath.Join(t.TempDir(), "mail"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func list(t *testing.T, c *Capture) []Captured {
	t.Helper()
	l, err := c.List()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestCapturedMailIsListedReadAndLoggedWithItsLink(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	c := newCapture(t)
	for i, to := range []string{"ann@example.com", "bob@example.com"} {
		body := fmt.Sprintf("Grüße %d\n\nhttps://registry.example.com/verify/SECRET%d\n", i, i)
		if err := c.Send(t.Context(), Message{To: to, Subject: "Prüfen", Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	l := list(t, c)
	if len(l) != 2 || l[0].To != "bob@example.com" || l[1].Subject != "Prüfen" || time.Since(l[0].At) > time.Minute {
		t.Fatalf("listed %+v", l)
	}
	m, err := c.Read(l[1].ID)
	if err != nil || m.Body != "Grüße 0\n\nhttps://registry.example.com/verify/SECRET0\n" {
		t.Errorf("read %+v, %v", m, err)
	}
	for _, want := range []string{"ann@example.com", "Prüfen", "SECRET1"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}

func TestMessageCapturedTwiceIsKeptOnce(t *testing.T) {
	c := newCapture(t)
	for range 2 {
		if err := c.Send(t.Context(), hello); err != nil {
			t.Fatal(err)
		}
	}
	if l := list(t, c); len(l) != 1 || l[0].ID != hello.ID {
		t.Errorf("listed %+v", l)
	}
}

func TestNewestMessagesAreKept(t *testing.T) {
	c := newCapture(t)
	for i := range Kept + 5 {
		if err := c.Send(t.Context(), Message{To: "ann@example.com", Subject: fmt.Sprint(i), Body: "b"}); err != nil {
			t.Fatal(err)
		}
	}
	l := list(t, c)
	if len(l) != Kept || l[0].Subject != fmt.Sprint(Kept+4) || l[Kept-1].Subject != "5" {
		t.Errorf("%d kept, from %s to %s", len(l), l[len(l)-1].Subject, l[0].Subject)
	}
}

func TestMessageIdNeverBecomesAPath(t *testing.T) {
	c := newCapture(t)
	if err := os.WriteFile(filepath.Join(c.folder, "..", "secret.eml"), []byte("To: a@example.com\r\n\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"../secret", "..%2fsecret", "", ".", "{" + uuid.NewString() + "}", "urn:uuid:" + uuid.NewString(), uuid.NewString()} {
		if _, err := c.Read(id); !errors.Is(err, ErrNoMessage) {
			t.Errorf("Read(%q): %v", id, err)
		}
	}
}

func TestOtherFilesInTheFolderAreLeftAlone(t *testing.T) {
	c := newCapture(t)
	other := filepath.Join(c.folder, "notes.eml")
	if err := os.WriteFile(other, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Send(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	if l := list(t, c); len(l) != 1 {
		t.Errorf("listed %+v", l)
	}
	if _, err := os.Stat(other); err != nil {
		t.Error(err)
	}
}

func TestCapturedMailIsForItsOwnerOnly(t *testing.T) {
	c := newCapture(t)
	if err := c.Send(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{c.folder: 0o700, c.file(hello.ID): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode().Perm(), err)
		}
	}
}

func TestDamagedMessageIsAnErrorThatNamesIt(t *testing.T) {
	c := newCapture(t)
	id := uuid.Must(uuid.NewV7()).String()
	if err := os.WriteFile(c.file(id), []byte("not a message"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(id); err == nil || !strings.Contains(err.Error(), id) {
		t.Errorf("got %v", err)
	}
}
