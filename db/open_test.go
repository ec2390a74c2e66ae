package db_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
)

func TestSimultaneousStartersMigrateOnce(t *testing.T) {
	dbtest.EachPlace(t, func(t *testing.T, p dbtest.Place) {
		if p.Address == "" {
			p.Folder = t.TempDir() // nothing there yet
		} else {
			d := p.Open(t)
			exec(t, d, "DROP SCHEMA public CASCADE")
			exec(t, d, "CREATE SCHEMA public")
		}
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				d, err := db.Open(context.Background(), p.Address, p.Folder)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := d.Exec(context.Background(), "DELETE FROM jobs"); err != nil {
					t.Error(err)
				}
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

func TestDatabaseFileIsPrivateAndStaysInItsFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a folder with % and ? in its name")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), "", dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
		if info, err := f.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s may be read by others: %v", f.Name(), info.Mode())
		}
	}
	if !slices.Contains(names, "latchkey.db") || !slices.Contains(names, "latchkey.db-wal") {
		t.Errorf("files: %v", names)
	}
}

func TestAddressThatIsNoneIsRefused(t *testing.T) {
	_, err := db.Open(t.Context(), "postgres://%zz", "")
	if err == nil || !strings.Contains(err.Error(), "--database") {
		t.Errorf("err = %v", err)
	}
}

func TestBrowserStateIsKeptUntilItExpires(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx := d.BrowserState(), t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(s.CommitCtx(ctx, "live", []byte{0, 1, 255}, time.Now().Add(time.Hour)))
		must(s.CommitCtx(ctx, "live", []byte{2, 0, 254}, time.Now().Add(time.Hour)))
		must(s.CommitCtx(ctx, "dead", []byte("x"), time.Now().Add(-time.Second)))
		if b, found, err := s.FindCtx(ctx, "live"); err != nil || !found || !slices.Equal(b, []byte{2, 0, 254}) {
			t.Errorf("live: %v %v %v", b, found, err)
		}
		for _, token := range []string{"dead", "unknown"} {
			if _, found, err := s.FindCtx(ctx, token); err != nil || found {
				t.Errorf("%s: %v %v", token, found, err)
			}
		}
		must(s.Sweep(ctx))
		var rows int
		if err := d.Get(ctx, &rows, "SELECT COUNT(*) FROM browser_state"); err != nil || rows != 1 {
			t.Errorf("%d rows after the sweep, %v", rows, err)
		}
		must(s.DeleteCtx(ctx, "live"))
		must(s.Delete("never there"))
		if _, found, err := s.Find("live"); err != nil || found {
			t.Errorf("deleted: %v %v", found, err)
		}
		exec(t, d, "INSERT INTO browser_state (token, data, expires_at) VALUES (?, ?, ?)", "odd", "not base64!", time.Now().Add(time.Hour))
		if _, found, err := s.FindCtx(ctx, "odd"); err != nil || found {
			t.Errorf("undecodable data counts as absent: %v %v", found, err)
		}
	})
}
