package db

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// forDialect shows one dialect's view of the migrations: NAME.sql is for both databases unless
// NAME.sqlite.sql and NAME.postgres.sql stand in for it.
type forDialect struct {
	fs.FS
	other string // ending of the other dialect's files: ".postgres.sql"
}

// ReadDir implements fs.ReadDirFS.
func (f forDialect) ReadDir(name string) ([]fs.DirEntry, error) {
	all, err := fs.ReadDir(f.FS, name)
	if err != nil {
		return nil, err
	}
	var mine []fs.DirEntry
	for _, e := range all {
		if !strings.HasSuffix(e.Name(), f.other) {
			mine = append(mine, e)
		}
	}
	return mine, nil
}

func migrateSQLite(ctx context.Context, d *sql.DB) error {
	return migrate(ctx, d, goose.DialectSQLite3, ".postgres.sql")
}

// migratePostgres lets one process migrate at a time. The locker polls; its numbers are seconds and
// tries, and its default period of five seconds would make simultaneous starters wait.
func migratePostgres(ctx context.Context, d *sql.DB) error {
	l, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return err
	}
	return migrate(ctx, d, goose.DialectPostgres, ".sqlite.sql", goose.WithSessionLocker(l))
}

func migrate(ctx context.Context, d *sql.DB, dl goose.Dialect, other string, opts ...goose.ProviderOption) error {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dl, d, forDialect{sub, other}, append(opts, goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
