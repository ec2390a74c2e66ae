package outbox_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/jobs"
	"latchkey/internal/mail"
	"latchkey/internal/outbox"
	"latchkey/internal/secret"
)

// sink is a mail server's answer, and what it was handed.
type sink struct {
	got  []mail.Message
	fail error
}

func (s *sink) Send(_ context.Context, m mail.Message) error {
	s.got = append(s.got, m)
	return s.fail
}

type world struct {
	db   *db.DB
	out  *outbox.Service
	jobs *jobs.Service
	sink *sink
	at   time.Time
}

func (w *world) now() time.Time { return w.at }

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	w := &world{db: d, sink: &sink{}, at: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	w.out = outbox.New(w.now, box(t, 'k'), w.sink, &config.Config{Name: "Example", URL: "https://registry.example.com/"})
	w.jobs = jobs.New(d, w.now)
	w.jobs.Handle(outbox.Kind, w.out.Deliver)
	return w
}

func box(t *testing.T, b byte) *secret.Box {
	t.Helper()
	box, err := secret.NewBox(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return box
}

var letter = mail.Letter{
	To: "ann@example.com", Template: "verify",
	Data: map[string]string{"Name": "ann", "Link": "https://registry.example.com/verify/ONETIMESECRET", "Life": "24 hours"},
}

func (w *world) enqueue(t *testing.T, then error) {
	t.Helper()
	err := w.db.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		if err := w.out.Enqueue(ctx, tx, w.at, letter); err != nil {
			return err
		}
		return then
	})
	if !errors.Is(err, then) {
		t.Fatal(err)
	}
}

func (w *world) work(t *testing.T) {
	t.Helper()
	for w.jobs.Step(t.Context()) {
	}
}

func TestLetterLeavesAfterItsCommitOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.enqueue(t, errors.New("changed my mind"))
		w.work(t)
		if len(w.sink.got) != 0 {
			t.Fatalf("sent without a commit: %+v", w.sink.got)
		}
		w.enqueue(t, nil)
		w.work(t)
		w.work(t)
		if len(w.sink.got) != 1 {
			t.Fatalf("sent %d", len(w.sink.got))
		}
		m := w.sink.got[0]
		if m.To != "ann@example.com" || !strings.Contains(m.Subject, "Example") || !strings.Contains(m.Body, "ONETIMESECRET") {
			t.Errorf("sent %+v", m)
		}
	})
}

func TestWaitingLetterShowsNeitherItsLinkNorItsAddress(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.enqueue(t, nil)
		var payload string
		if err := d.Get(t.Context(), &payload, `SELECT payload FROM jobs`); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"ONETIMESECRET", "ann", "verify"} {
			if strings.Contains(payload, secret) {
				t.Errorf("the job shows %q: %s", secret, payload)
			}
		}
		w.work(t)
		var left int
		if err := d.Get(t.Context(), &left, `SELECT COUNT(*) FROM jobs`); err != nil || left != 0 {
			t.Errorf("%d jobs left, %v", left, err)
		}
	})
}

func TestLetterIsSentAgainAsTheSameMessageUntilItLeaves(t *testing.T) {
	d := dbtest.SQLite(t).Open(t)
	w := newWorld(t, d)
	w.sink.fail = errors.New("connection refused")
	w.enqueue(t, nil)
	w.work(t)
	w.at = w.at.Add(time.Minute)
	w.work(t)
	w.sink.fail = nil
	w.at = w.at.Add(time.Minute)
	w.work(t)
	if len(w.sink.got) != 3 || w.sink.got[0].ID == "" || w.sink.got[0] != w.sink.got[2] {
		t.Errorf("sent %+v", w.sink.got)
	}
	w.enqueue(t, nil)
	w.work(t)
	if w.sink.got[3].ID == w.sink.got[0].ID {
		t.Error("two letters have one id")
	}
}

func TestLetterThatIsRefusedForGoodIsGivenUpAndSaidInTheLog(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	w := newWorld(t, dbtest.SQLite(t).Open(t))
	w.sink.fail = mail.ErrRefused
	w.enqueue(t, nil)
	w.work(t)
	w.at = w.at.Add(24 * time.Hour)
	w.work(t)
	if len(w.sink.got) != 1 {
		t.Errorf("tried %d times", len(w.sink.got))
	}
	if !strings.Contains(log.String(), "ann@example.com") || strings.Contains(log.String(), "ONETIMESECRET") {
		t.Errorf("log: %s", log.String())
	}
}

func TestLetterOfAnotherKeyOrShapeIsAnError(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t).Open(t))
	sealed := func(b byte, purpose, text string) string {
		return `{"At":"2030-01-02T03:04:05Z","Sealed":"` + box(t, b).Seal(purpose, text) + `"}`
	}
	for name, payload := range map[string]string{
		"not JSON":       "x",
		"not sealed":     `{"At":"2030-01-02T03:04:05Z","Sealed":"plain"}`,
		"another key":    sealed('x', "mail", `{}`),
		"other purpose":  sealed('k', "signing", `{}`),
		"not a letter":   sealed('k', "mail", `[]`),
		"other template": sealed('k', "mail", `{"Letter":{"template":"nonsense"}}`),
		"another shape":  `"plain"`,
	} {
		if err := w.out.Deliver(t.Context(), payload); err == nil {
			t.Errorf("%s was delivered", name)
		}
	}
	if len(w.sink.got) != 0 {
		t.Errorf("sent %+v", w.sink.got)
	}
}

func TestLetterThatDoesNotLeaveWithinADayIsGivenUp(t *testing.T) {
	for name, payload := range map[string]string{"mail server": "", "another key": "changed"} {
		t.Run(name, func(t *testing.T) {
			d := dbtest.SQLite(t).Open(t)
			w := newWorld(t, d)
			w.sink.fail = errors.New("connection refused")
			w.enqueue(t, nil)
			if payload != "" {
				w.out = outbox.New(w.now, box(t, 'x'), w.sink, &config.Config{})
				w.jobs = jobs.New(d, w.now)
				w.jobs.Handle(outbox.Kind, w.out.Deliver)
			}
			left := func() (n int) {
				t.Helper()
				w.work(t)
				if err := d.Get(t.Context(), &n, `SELECT COUNT(*) FROM jobs`); err != nil {
					t.Fatal(err)
				}
				return n
			}
			start := w.at
			for w.at = start; w.at.Sub(start) < 24*time.Hour; w.at = w.at.Add(time.Hour) {
				if left() != 1 {
					t.Fatalf("given up after %v", w.at.Sub(start))
				}
			}
			w.at = start.Add(26 * time.Hour)
			if left() != 0 {
				t.Error("still tried after a day")
			}
		})
	}
}

func TestCapturedMailIsForOperators(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t).Open(t))
	c, err := mail.NewCapture(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	operator := access.Actor{UserID: "op", Via: access.ViaBrowser, Operator: true}
	if _, err := w.out.Captured(t.Context(), operator); errs.Of(err).Kind != errs.NotFound || w.out.Captures() {
		t.Errorf("with a mail server: %v", err)
	}
	w.out = outbox.New(w.now, box(t, 'k'), c, &config.Config{Name: "Example", URL: "https://registry.example.com/"})
	w.jobs = jobs.New(w.db, w.now)
	w.jobs.Handle(outbox.Kind, w.out.Deliver)
	w.enqueue(t, nil)
	w.work(t)
	all, err := w.out.Captured(t.Context(), operator)
	if err != nil || len(all) != 1 || !w.out.Captures() {
		t.Fatalf("%+v, %v", all, err)
	}
	if m, err := w.out.Letter(t.Context(), access.Console(), all[0].ID); err != nil || !strings.Contains(m.Body, "ONETIMESECRET") {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := w.out.Letter(t.Context(), operator, "../secret.key"); errs.Of(err).Kind != errs.NotFound {
		t.Error(err)
	}
	byToken := operator
	byToken.Grant = &access.Grant{}
	for name, by := range map[string]access.Actor{"nobody": {}, "somebody": {UserID: "ann", Via: access.ViaBrowser}, "token": byToken} {
		all, err := w.out.Captured(t.Context(), by)
		if err == nil || all != nil {
			t.Errorf("%s sees %+v", name, all)
		}
		if m, err := w.out.Letter(t.Context(), by, "x"); err == nil || m.Body != "" {
			t.Errorf("%s reads %+v", name, m)
		}
	}
}
