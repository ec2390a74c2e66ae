package mail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Kept is how many captured messages stay.
const Kept = 200

// Capture keeps mail as files and writes it to the log, links and all: what an installation without a
// mail server does, so that its operator can follow the links.
type Capture struct{ folder string }

// Captured is a message that was kept.
type Captured struct {
	Message
	At time.Time
}

// ErrNoMessage means that no message with the id is kept.
var ErrNoMessage = errors.New("no such message")

// NewCapture keeps messages in a folder, which is made when missing.
func NewCapture(folder string) (*Capture, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	return &Capture{folder}, nil
}

// Send keeps a message. Sending it again, as after a crash, keeps it once.
func (c *Capture) Send(ctx context.Context, m Message) error {
	id, _, err := identify(m.ID)
	if err != nil {
		return err
	}
	m.ID = id
	msg, err := build(m, &mail.Address{Name: "Latchkey", Address: "latchkey@localhost"}, "localhost")
	if err != nil {
		return err
	}
	if err := c.keep(id, msg); err != nil {
		return fmt.Errorf("keep a message: %w", err)
	}
	slog.InfoContext(ctx, "mail was captured, because no mail server is set", "to", m.To, "subject", m.Subject, "body", m.Body)
	return c.prune()
}

// keep writes the file under another name first, so that a reader never sees half of it.
func (c *Capture) keep(id string, msg io.WriterTo) error {
	tmp, err := os.CreateTemp(c.folder, ".mail-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, werr := msg.WriteTo(tmp)
	if err := errors.Join(werr, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), c.file(id))
}

func (c *Capture) prune() error {
	ids, err := c.ids()
	if err != nil {
		return err
	}
	for _, id := range ids[min(Kept, len(ids)):] {
		if err := os.Remove(c.file(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// ids lists what is kept, newest first: a UUIDv7 sorts by time.
func (c *Capture) ids() ([]string, error) {
	entries, err := os.ReadDir(c.folder)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range slices.Backward(entries) {
		if id, ok := strings.CutSuffix(e.Name(), ".eml"); ok && uuid.Validate(id) == nil {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func (c *Capture) file(id string) string { return filepath.Join(c.folder, id+".eml") }

// List returns what is kept, newest first.
func (c *Capture) List() ([]Captured, error) {
	ids, err := c.ids()
	if err != nil {
		return nil, err
	}
	all := make([]Captured, 0, len(ids))
	for _, id := range ids {
		m, err := c.Read(id)
		if errors.Is(err, ErrNoMessage) {
			continue // pruned since the folder was read
		}
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// Read returns one message.
func (c *Capture) Read(id string) (Captured, error) {
	if uuid.Validate(id) != nil || len(id) != 36 { // an id from a URL must not become a path
		return Captured{}, ErrNoMessage
	}
	f, err := os.Open(c.file(id))
	if errors.Is(err, fs.ErrNotExist) {
		return Captured{}, ErrNoMessage
	}
	if err != nil {
		return Captured{}, err
	}
	defer func() { _ = f.Close() }()
	m, err := parse(f)
	if err != nil {
		return Captured{}, fmt.Errorf("read message %s: %w", id, err)
	}
	m.ID = id
	return m, nil
}

func parse(r io.Reader) (Captured, error) {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return Captured{}, err
	}
	to, err := mail.ParseAddress(m.Header.Get("To"))
	if err != nil {
		return Captured{}, err
	}
	at, err := m.Header.Date()
	if err != nil {
		return Captured{}, err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return Captured{}, err
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	text := strings.ReplaceAll(string(body), "\r\n", "\n")
	return Captured{Message{To: to.Address, Subject: subject, Body: text}, at.UTC()}, err
}
