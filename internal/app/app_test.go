package app_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/app"
	"latchkey/internal/app/apptest"
	"latchkey/internal/blob/blobtest"
	"latchkey/internal/config"
	"latchkey/internal/npmpack"
	"latchkey/internal/token"
)

func open(t *testing.T, change func(*config.Config)) (*app.App, error) {
	t.Helper()
	cfg, err := config.Default()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Data = filepath.Join(t.TempDir(), "made", "when", "missing")
	if change != nil {
		change(cfg)
	}
	return app.New(t.Context(), cfg, time.Now)
}

func TestDataFolderIsPrivate(t *testing.T) {
	a, err := open(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	err = filepath.WalkDir(a.Config.Data, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s may be read by others: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if err := a.Ready(t.Context()); err != nil {
		t.Errorf("not ready: %v", err)
	}
}

func TestWhatCannotBeOpenedIsSaidAndNothingIsLeftOpen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*config.Config){
		"make the data folder": func(c *config.Config) { c.Data = filepath.Join(file, "data") },
		"32 bytes in base64":   func(c *config.Config) { c.SecretKey = "c2hvcnQ=" },
		"--s3-url":             func(c *config.Config) { c.S3URL = "nowhere" },
		"--database":           func(c *config.Config) { c.Database = "postgres://%zz" },
	} {
		a, err := open(t, change)
		if err == nil {
			_ = a.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

// A secret key that is not the one that sealed what is stored must be noticed at the start.
func TestOtherSecretKeyIsRefused(t *testing.T) {
	a, err := open(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	cfg := *a.Config
	cfg.SecretKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	if a, err := app.New(t.Context(), &cfg, time.Now); err == nil {
		_ = a.Close()
		t.Error("it started with a key that opens nothing")
	} else if !strings.Contains(err.Error(), "secret key") {
		t.Errorf("err = %v", err)
	}
}

func TestInstallationWorksOnBothDatabasesAndOutlivesARestart(t *testing.T) {
	dbtest.EachPlace(t, func(t *testing.T, p dbtest.Place) {
		data := t.TempDir()
		w := apptest.On(t, p, func(c *config.Config) { c.Data = keep(p, data) })
		ann := w.Person("ann")
		secret := w.Token(ann, token.Automation)
		w.Publish(ann, npmpack.Package{Name: "left-pad", Version: "1.0.0"})
		w.Advance(time.Hour)

		again := apptest.On(t, p, func(c *config.Config) { c.Data = keep(p, data) })
		by, err := again.Tokens.Authenticate(t.Context(), access.Actor{}, secret)
		if err != nil || by.Name != "ann" {
			t.Fatalf("%+v, %v", by, err)
		}
		tarball, err := again.Packages.Tarball(t.Context(), by, "left-pad", "left-pad-1.0.0.tgz")
		if err != nil {
			t.Fatal(err)
		}
		_ = tarball.Content.Close()

		// What one process revokes, the other refuses.
		if err := w.Tokens.Revoke(t.Context(), by, secret); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			if _, err := again.Tokens.Authenticate(t.Context(), access.Actor{}, secret); err != nil {
				break
			}
			if time.Now().After(end) {
				t.Fatal("a revoked token still works in the other process")
			}
		}
	})
}

// keep is the folder that a restart finds again: SQLite's own, and one beside PostgreSQL.
func keep(p dbtest.Place, data string) string {
	if p.Folder != "" {
		return p.Folder
	}
	return data
}

func TestTarballsOnS3(t *testing.T) {
	s3 := blobtest.S3(t)
	w := apptest.New(t, func(c *config.Config) {
		c.S3URL, c.S3Bucket, c.S3Region, c.S3AccessKey, c.S3SecretKey = s3.URL, s3.Bucket, s3.Region, s3.AccessKey, s3.SecretKey
	})
	ann := w.Person("ann")
	w.Publish(ann, npmpack.Package{Name: "left-pad", Version: "1.0.0"})
	tarball, err := w.Packages.Tarball(t.Context(), access.Actor{}, "left-pad", "left-pad-1.0.0.tgz")
	if err != nil || tarball.Size == 0 {
		t.Fatal(err)
	}
	if err := tarball.Content.Close(); err != nil {
		t.Error(err)
	}
	if files, err := os.ReadDir(filepath.Join(w.Config.Data, "spool", "tmp")); err != nil || len(files) != 0 {
		t.Errorf("left in the spool: %v %v", files, err)
	}
}

func TestMailLeavesThroughTheQueue(t *testing.T) {
	w := apptest.New(t)
	_, err := w.Accounts.SignUp(t.Context(), access.Actor{}, account.SignUp{Name: "ann", Email: "ann@example.com", Password: apptest.Password})
	if err != nil {
		t.Fatal(err)
	}
	if link := w.Link("ann@example.com"); !strings.HasPrefix(link, w.Config.URL) {
		t.Errorf("the link is %s", link)
	}
	if m := w.Mails("bob@example.com"); len(m) != 0 {
		t.Errorf("mail for somebody else: %v", m)
	}
}

func TestSchedulesRun(t *testing.T) {
	w := apptest.New(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	for range 3 {
		time.Sleep(250 * time.Millisecond)
		w.Advance(61 * time.Minute)
	}
	stop()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("the workers do not stop")
	}
}
