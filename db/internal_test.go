package db

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"
)

// What matters is read back on every connection of both pools, because the driver sets some options
// to other values than asked for.
func TestEveryConnectionHasItsPragmas(t *testing.T) {
	d, err := Open(t.Context(), "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	common := map[string]string{
		"foreign_keys": "1", "busy_timeout": "5000", "journal_mode": "wal", "trusted_schema": "0",
		"cell_size_check": "1", "journal_size_limit": "67108864", "temp_store": "2",
	}
	check := func(pool *sqlx.DB, n int, more map[string]string) {
		t.Helper()
		for i := range n {
			c, err := pool.Connx(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }() // held, so that the next one is another connection
			for _, want := range []map[string]string{common, more} {
				for name, v := range want {
					var got string
					if err := c.GetContext(t.Context(), &got, "PRAGMA "+name); err != nil || got != v {
						t.Errorf("connection %d: %s = %q, want %q (%v)", i, name, got, v, err)
					}
				}
			}
		}
	}
	check(d.write, 1, map[string]string{"synchronous": "2", "query_only": "0", "secure_delete": "1"})
	check(d.read, 3, map[string]string{"query_only": "1"}) // the fourth watches
}

func TestConnectionWithoutItsPragmasIsRefused(t *testing.T) {
	file := "file:" + t.TempDir() + "/x.db?"
	good := "_busy_timeout=5000&_foreign_keys=on&_journal_mode=WAL&_synchronous=FULL"
	for _, c := range []struct{ dsn, want string }{
		{good, ""},
		{strings.Replace(good, "FULL", "NORMAL", 1), "synchronous"},
		{strings.Replace(good, "keys=on", "keys=off", 1), "foreign_keys"},
		{strings.Replace(good, "5000", "1", 1), "busy_timeout"},
	} {
		d, err := sqlx.Connect(driverName, file+c.dsn)
		if err == nil {
			_ = d.Close()
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.dsn, err)
		}
	}
	if _, number, _ := sqlite3.Version(); number < oldestSQLite {
		t.Errorf("SQLite %d", number)
	}
}

func TestReadersCannotWrite(t *testing.T) {
	d, err := Open(t.Context(), "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if _, err := d.read.Exec("DELETE FROM jobs"); err == nil {
		t.Error("a reading connection wrote")
	}
}

func TestPairOfMigrationsStandsInForOneFile(t *testing.T) {
	files := fstest.MapFS{}
	for _, name := range []string{"0001_a.sql", "0002_b.sqlite.sql", "0002_b.postgres.sql", "0003_c.sql"} {
		files[name] = &fstest.MapFile{}
	}
	for other, want := range map[string]string{
		".postgres.sql": "[0001_a.sql 0002_b.sqlite.sql 0003_c.sql]",
		".sqlite.sql":   "[0001_a.sql 0002_b.postgres.sql 0003_c.sql]",
	} {
		got, err := fs.Glob(forDialect{files, other}, "*.sql")
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("without %s: %v, %v", other, got, err)
		}
	}
}

// A number used twice, or a pair with one half missing, would be noticed only by the database that
// lacks it.
func TestMigrationsAreNumberedOnceForBothDatabases(t *testing.T) {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	numbers := func(other string) (out []string) {
		names, err := fs.Glob(forDialect{sub, other}, "*.sql")
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			out = append(out, n[:4])
		}
		return out
	}
	a, b := numbers(".postgres.sql"), numbers(".sqlite.sql")
	if !slices.Equal(a, b) || len(slices.Compact(slices.Clone(a))) != len(a) || len(a) == 0 {
		t.Errorf("SQLite has %v, PostgreSQL %v", a, b)
	}
}

func TestColumnsAreNamedAfterFields(t *testing.T) {
	for field, want := range map[string]string{"ID": "id", "CreatedAt": "created_at", "UserID": "user_id", "LastUsedIP": "last_used_ip", "N": "n"} {
		if got := column(field); got != want {
			t.Errorf("%s: %s", field, got)
		}
	}
}
