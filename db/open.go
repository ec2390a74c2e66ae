package db

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/jmoiron/sqlx"
	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"
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
		_ = d.Close()
		return nil, err
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
	file := (&url.URL{Scheme: "file", Opaque: url.PathEscape(filepath.Join(folder, sqliteFile))}).String()
	const both = "_busy_timeout=5000&_foreign_keys=on&_stmt_cache_size=256"
	w, err := sqlx.ConnectContext(ctx, "sqlite3", file+"?"+both+"&_txlock=immediate&_journal_mode=WAL&_synchronous=FULL&_secure_delete=on")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", filepath.Join(folder, sqliteFile), err)
	}
	w.SetMaxOpenConns(1)
	w.MapperFunc(column)
	d := &DB{write: w, dialect: sqlite{}, closers: []func() error{w.Close}}
	if err := migrateSQLite(ctx, w.DB); err != nil {
		_ = d.Close()
		return nil, err
	}
	r, err := sqlx.ConnectContext(ctx, "sqlite3", file+"?"+both+"&mode=ro&_query_only=1&_txlock=deferred")
	if err != nil {
		_ = d.Close()
		return nil, fmt.Errorf("open %s for reading: %w", filepath.Join(folder, sqliteFile), err)
	}
	r.MapperFunc(column)
	conns := max(4, runtime.NumCPU())
	r.SetMaxOpenConns(conns)
	r.SetMaxIdleConns(conns)
	d.read = r
	d.closers = append(d.closers, r.Close)
	return d, nil
}

func openPostgres(ctx context.Context, address string) (*DB, error) {
	p, err := sqlx.ConnectContext(ctx, "pgx", address)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	p.MapperFunc(column)
	const conns = 20
	p.SetMaxOpenConns(conns)
	p.SetMaxIdleConns(conns)
	d := &DB{write: p, read: p, dialect: newPostgres(), closers: []func() error{p.Close}}
	if err := migratePostgres(ctx, p.DB); err != nil {
		_ = d.Close()
		return nil, err
	}
	return d, nil
}
