package registry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/blob"
	"latchkey/internal/config"
	"latchkey/internal/jobs"
	"latchkey/internal/limit"
	"latchkey/internal/mail"
	"latchkey/internal/npmpack"
	"latchkey/internal/outbox"
	"latchkey/internal/registry"
	"latchkey/internal/secret"
	"latchkey/internal/signing"
)

// world is one registry with the people ann and bob.
type world struct {
	*registry.Service
	t        testing.TB
	db       *db.DB
	cfg      *config.Config
	blobs    blob.Store
	ann, bob access.Actor
	clock    time.Time
	jobs     *jobs.Service
	out      *outbox.Service
}

// each runs a test on both databases.
func each(t *testing.T, f func(w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { f(newWorld(t, d, config.Limits{})) })
}

func newWorld(t testing.TB, d *db.DB, limits config.Limits) *world {
	t.Helper()
	defaults := config.Limits{MaxTarball: 1 << 20, MaxUnpacked: 8 << 20, MaxManifest: 1 << 20, MaxVersions: 100, MaxDocument: 1 << 20, CacheBytes: 1 << 20, PublishesAtOnce: 4, ReadmeBytes: 1 << 10}
	if limits != (config.Limits{}) {
		defaults = limits
	}
	w := &world{t: t, db: d, clock: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), cfg: &config.Config{
		Name: "Example", URL: "https://example.test/", RegistryURL: "https://npm.example.test/", DefaultAccess: "public", Limits: defaults,
	}}
	now := func() time.Time { return w.clock }
	key, err := secret.KeyFile(t.TempDir() + "/key")
	if err != nil {
		t.Fatal(err)
	}
	box, err := secret.NewBox(key)
	if err != nil {
		t.Fatal(err)
	}
	keys := signing.New(d, now, box)
	if err := keys.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.blobs, err = blob.OpenDir(t.TempDir(), w.clock); err != nil {
		t.Fatal(err)
	}
	letters, err := mail.NewCapture(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w.out = outbox.New(now, box, letters, w.cfg)
	w.jobs = jobs.New(d, now)
	w.jobs.Handle(outbox.Kind, w.out.Deliver)
	w.Service = registry.New(d, now, w.blobs, keys, limit.New(d, now), w.out, w.cfg)
	w.ann, w.bob = person(t, d, "ann"), person(t, d, "bob")
	return w
}

func person(t testing.TB, d *db.DB, name string) access.Actor {
	t.Helper()
	now := time.Now()
	err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO names (name, kind, created_at) VALUES (?, 'person', ?)`, name, now); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO users (id, name, email, email_key, email_verified_at, password_hash, password_changed_at, created_at, updated_at)
			VALUES (?, ?, ?, ?, ?, '', ?, ?, ?)`, "id-"+name, name, name+"@example.test", name+"@example.test", now, now, now, now)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO tokens (id, user_id, name, kind, secret_hash, hint, created_at) VALUES (?, ?, '', 'automation', ?, '', ?)`,
			"token-"+name, "id-"+name, name, now)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return access.Actor{UserID: "id-" + name, Name: name, Via: access.ViaToken, EmailVerified: true, Grant: &access.Grant{TokenID: "token-" + name}}
}

func (w *world) publish(by access.Actor, p npmpack.Package) (registry.Published, error) {
	w.t.Helper()
	w.clock = w.clock.Add(time.Second)
	return w.Publish(w.t.Context(), by, p.Name, bytes.NewReader(p.PublishBody()))
}

func (w *world) mustPublish(by access.Actor, p npmpack.Package) registry.Published {
	w.t.Helper()
	out, err := w.publish(by, p)
	if err != nil {
		w.t.Fatalf("publish %s@%s: %v", p.Name, p.Version, err)
	}
	return out
}

// document reads a package's document as text.
func (w *world) document(by access.Actor, name string, form registry.Form) string {
	w.t.Helper()
	d, err := w.Document(w.t.Context(), by, name, form)
	if err != nil {
		w.t.Fatal(err)
	}
	b, r, size, err := d.Body(w.t.Context(), registry.Plain)
	if err != nil {
		w.t.Fatal(err)
	}
	if r != nil {
		if b, err = io.ReadAll(r); err != nil {
			w.t.Fatal(err)
		}
	}
	if len(b) != size {
		w.t.Errorf("%d bytes where %d were announced", len(b), size)
	}
	return string(b)
}

// tarball reads a tarball, or returns the error's text.
func (w *world) tarball(by access.Actor, name, file string) string {
	w.t.Helper()
	t, err := w.Tarball(w.t.Context(), by, name, file)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = t.Content.Close() }()
	b, err := io.ReadAll(t.Content)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

func leftPad(version string) npmpack.Package {
	return npmpack.Package{Name: "left-pad", Version: version, Readme: "# left-pad " + version, Manifest: map[string]any{"description": "pads " + version, "license": "MIT"}}
}

var anonymous = access.Actor{}

// rows counts the rows of a table.
func (w *world) rows(table string) (n int) {
	w.t.Helper()
	if err := w.db.Get(w.t.Context(), &n, `SELECT COUNT(*) FROM `+table); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// stored counts the tarballs that are kept.
func (w *world) stored() (n int) {
	w.t.Helper()
	for _, err := range w.blobs.Keys(w.t.Context()) {
		if err != nil {
			w.t.Fatal(err)
		}
		n++
	}
	return n
}

func mustContain(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q is not in %.2000s", p, text)
		}
	}
}

// mails are the subjects of the mail that has left for somebody, newest first.
func (w *world) mails(name string) (subjects []string) {
	w.t.Helper()
	for w.jobs.Step(w.t.Context()) {
	}
	all, err := w.out.Captured(w.t.Context(), access.Console())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, m := range all {
		if m.To == name+"@example.test" {
			subjects = append(subjects, m.Subject)
		}
	}
	return subjects
}

// events are what the security log says of a package, oldest first.
func (w *world) events(name string) string {
	w.t.Helper()
	var all []string
	if err := w.db.Select(w.t.Context(), &all, `SELECT event FROM audit_log WHERE subject = ? ORDER BY id`, "package:"+name); err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(all, " ")
}

// rev is a package's revision, as npm reads it.
func (w *world) rev(name string) string {
	w.t.Helper()
	var doc struct {
		Rev string `json:"_rev"`
	}
	if err := json.Unmarshal([]byte(w.document(w.ann, name, registry.Full)), &doc); err != nil {
		w.t.Fatal(err)
	}
	return doc.Rev
}
