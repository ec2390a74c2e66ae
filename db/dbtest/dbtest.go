// Package dbtest gives each test a fresh, migrated database: on SQLite a copied file, on PostgreSQL a
// database of a private cluster. A test that passes says that it holds on both.
package dbtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jmoiron/sqlx"

	"latchkey/db"
	"latchkey/internal/throwaway"
)

// Place is where a database is, in the words of db.Open. A test opens a place twice to be two
// processes, or again to be a restart.
type Place struct{ Address, Folder string }

// Open opens the database until the test ends.
func (p Place) Open(t testing.TB) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), p.Address, p.Folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error("close the database:", err)
		}
	})
	return d
}

// Each runs a test on a fresh database of either kind, as subtests sqlite and postgres.
func Each(t *testing.T, f func(t *testing.T, d *db.DB)) {
	t.Helper()
	EachPlace(t, func(t *testing.T, p Place) { f(t, p.Open(t)) })
}

// EachPlace is Each for tests that open the database themselves.
func EachPlace(t *testing.T, f func(t *testing.T, p Place)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, Postgres(t)) })
}

// SQLite returns a folder with a migrated file, for tests of what does not depend on the database.
func SQLite(t testing.TB) Place {
	t.Helper()
	file, err := sqliteTemplate()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "latchkey.db"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	return Place{Folder: dir}
}

// sqliteTemplate is a migrated file, made once per test binary.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "latchkey-template-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	d, err := db.Open(context.Background(), "", dir)
	if err != nil {
		return nil, err
	}
	if err := d.Close(); err != nil { // also folds the write-ahead log into the file
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "latchkey.db"))
})

// Postgres returns a migrated database of its own, in the cluster that TEST_POSTGRES names or, without
// one, in a cluster that is started for this test binary and ends with it.
func Postgres(t testing.TB) Place {
	t.Helper()
	c, err := postgresTemplate()
	if err != nil {
		t.Fatal("PostgreSQL for tests: ", err)
	}
	name := c.newName()
	if err := c.exec("CREATE DATABASE " + name + " TEMPLATE " + c.template + " STRATEGY file_copy"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // registered first, so it runs after the test has closed what it opened
		if err := c.exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return Place{Address: c.database(name)}
}

// cluster makes databases.
type cluster struct {
	admin    *sqlx.DB
	address  url.URL
	template string
	made     atomic.Int64
}

var postgresTemplate = sync.OnceValues(func() (*cluster, error) {
	address := os.Getenv("TEST_POSTGRES")
	if address == "" {
		var err error
		if address, err = throwaway.Start("postgres"); err != nil {
			return nil, err
		}
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("TEST_POSTGRES: %w", err)
	}
	admin, err := sqlx.Connect("pgx", address)
	if err != nil {
		return nil, err
	}
	admin.SetMaxOpenConns(2)
	c := &cluster{admin: admin, address: *u}
	c.template = c.newName()
	if err := c.exec("CREATE DATABASE " + c.template); err != nil {
		return nil, err
	}
	d, err := db.Open(context.Background(), c.database(c.template), "")
	if err != nil {
		return nil, err
	}
	return c, d.Close()
})

// newName is unique among the test binaries that share a cluster.
func (c *cluster) newName() string { return fmt.Sprintf("test_%d_%d", os.Getpid(), c.made.Add(1)) }

func (c *cluster) database(name string) string {
	u := c.address
	u.Path = "/" + name
	return u.String()
}

func (c *cluster) exec(statement string) error {
	_, err := c.admin.Exec(statement)
	return err
}
