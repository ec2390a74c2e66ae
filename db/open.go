package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
)

// sqliteFile is the database's name in the data folder.
const sqliteFile = "latchkey.db"

// Open opens and migrates the database: PostgreSQL when address is a postgres:// URL, and otherwise
// SQLite in the data folder, which must exist.
func Open(ctx context.Context, address, folder string) (*DB, error) {
	open := func() (*DB, error) { return openSQLite(ctx, folder) }
	if address != "" {
		open = func() (*DB, error) { return openPostgres(ctx, address) }
	}
	d, err := open()
	if err != nil {
		return nil, err
	}
	if err := d.watch(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// openSQLite opens one writer and a pool of readers. FULL makes each commit durable; immediate
// transactions avoid the deferred kind's "database is locked" that no waiting cures.
func openSQLite(ctx context.Context, folder string) (*DB, error) {
	unlock, err := lockFile(filepath.Join(folder, "migrate.lock"))
	if err != nil {
		return nil, err
	}
	defer unlock()
	path := filepath.Join(folder, sqliteFile)
	if err := private(path); err != nil {
		return nil, err
	}
	file := (&url.URL{Scheme: "file", Opaque: url.PathEscape(path)}).String()
	const both = "_busy_timeout=5000&_foreign_keys=on&_stmt_cache_size=256"
	w, err := sqlx.ConnectContext(ctx, driverName, file+"?"+both+"&_txlock=immediate&_journal_mode=WAL&_synchronous=FULL&_secure_delete=on")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	w.SetMaxOpenConns(1)
	w.MapperFunc(column)
	d := &DB{write: w, dialect: sqlite{}, closers: []func() error{w.Close}}
	if err := migrateSQLite(ctx, w.DB); err != nil {
		_ = d.Close()
		return nil, err
	}
	r, err := sqlx.ConnectContext(ctx, driverName, file+"?"+both+"&mode=ro&_query_only=1&_txlock=deferred")
	if err != nil {
		_ = d.Close()
		return nil, fmt.Errorf("open %s for reading: %w", path, err)
	}
	r.MapperFunc(column)
	conns := max(4, runtime.NumCPU())
	r.SetMaxOpenConns(conns)
	r.SetMaxIdleConns(conns)
	d.read = r
	d.closers = append(d.closers, r.Close)
	return d, nil
}

// private makes the file before SQLite would, for its owner alone; SQLite gives its companions the
// same mode.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// openPostgres opens one pool. Migrations have a connection of their own, because a statement that
// serves a request may take ten seconds and one that moves a table may take longer.
func openPostgres(ctx context.Context, address string) (*DB, error) {
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("--database: %w", err)
	}
	m := sqlx.NewDb(stdlib.OpenDB(*cfg), "pgx")
	err = migratePostgres(ctx, m.DB)
	if cerr := m.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	for name, value := range map[string]string{
		"statement_timeout": "10s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "15s",
	} {
		if _, set := cfg.RuntimeParams[name]; !set {
			cfg.RuntimeParams[name] = value
		}
	}
	p := sqlx.NewDb(stdlib.OpenDB(*cfg), "pgx")
	p.MapperFunc(column)
	const conns = 20
	p.SetMaxOpenConns(conns)
	p.SetMaxIdleConns(conns)
	d := &DB{write: p, read: p, dialect: newPostgres(), closers: []func() error{p.Close}}
	if d.warnings, err = unsafe(ctx, p); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// unsafe says what PostgreSQL is set up to lose. Some run it so on purpose, for tests, so it is said and
// not refused.
func unsafe(ctx context.Context, p *sqlx.DB) (warnings []string, err error) {
	for setting, lost := range map[string]string{
		"fsync":              "a power cut or a crash of its machine can damage the whole database",
		"full_page_writes":   "a power cut or a crash of its machine can damage the whole database",
		"synchronous_commit": "versions whose publisher was told that they are safe can be lost in a crash",
	} {
		var value string
		if err := p.GetContext(ctx, &value, "SELECT current_setting($1)", setting); err != nil {
			return nil, fmt.Errorf("ask PostgreSQL for %s: %w", setting, err)
		}
		if value == "off" {
			warnings = append(warnings, fmt.Sprintf("PostgreSQL runs with %s = off: %s.", setting, lost))
		}
	}
	slices.Sort(warnings)
	for _, w := range warnings {
		slog.Warn(w)
	}
	return warnings, nil
}
