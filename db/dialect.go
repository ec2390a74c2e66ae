package db

import (
	"context"
	"database/sql"
	"sync"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// dialect is where the two databases differ. Nothing outside this package asks which one runs.
type dialect interface {
	rebind(query string) string
	readContext(ctx context.Context) context.Context
	txOptions() *sql.TxOptions
	// announce tells other processes, with the commit, that something was written.
	announce(ctx context.Context, t *sqlx.Tx) error
	// matching is the condition of a full-text search.
	matching(w Words) (condition, argument string)
}

type sqlite struct{}

func (sqlite) rebind(query string) string { return query }

// readContext cannot be cancelled: the driver would start a goroutine for each query to watch it, a
// third of the throughput of point reads. Queries are bounded by design instead.
func (sqlite) readContext(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// txOptions are the default: _txlock=immediate makes every transaction the only writer.
func (sqlite) txOptions() *sql.TxOptions { return nil }

// announce has nothing to do: a commit changes the file's data_version, which watch reads.
func (sqlite) announce(context.Context, *sqlx.Tx) error { return nil }

type postgres struct {
	process string // tells this process's own announcements from others'
	rebound *sync.Map
}

func newPostgres() postgres {
	return postgres{process: uuid.NewString(), rebound: new(sync.Map)}
}

func (p postgres) rebind(query string) string {
	if q, ok := p.rebound.Load(query); ok {
		return q.(string)
	}
	q := sqlx.Rebind(sqlx.DOLLAR, query)
	p.rebound.Store(query, q)
	return q
}

func (postgres) readContext(ctx context.Context) context.Context { return ctx }

func (postgres) txOptions() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelSerializable}
}

func (p postgres) announce(ctx context.Context, t *sqlx.Tx) error {
	_, err := t.ExecContext(ctx, "SELECT pg_notify('"+channel+"', $1)", p.process)
	return err
}
