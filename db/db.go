// Package db is all that knows the database: connections, transactions, migrations and the two
// dialects. Nouns write one SQL text; db makes it mean the same on SQLite and on PostgreSQL.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
)

// ErrNoRows is returned by Get when the query found nothing.
var ErrNoRows = sql.ErrNoRows

// errInTx guards against using the pool inside a transaction, which on SQLite would wait for itself.
var errInTx = errors.New("db: the pool was used inside a transaction")

// writerWait bounds how long a transaction waits for its turn.
const writerWait = 5 * time.Second

// How a PostgreSQL transaction is repeated after a serialization failure. It is bounded by time, not
// by a number: PostgreSQL also fails transactions that only look as if they met, and under load one
// can lose many times in a row. The pauses grow and are random, so that those that met part.
const (
	retryFor   = 10 * time.Second
	firstPause = 4 * time.Millisecond
	maxPause   = 250 * time.Millisecond
)

// Q runs statements, on the pool or inside a transaction. Placeholders are "?"; a slice argument is
// expanded for IN (?); times are stored in UTC with microseconds.
type Q interface {
	Get(ctx context.Context, dst any, query string, args ...any) error
	Select(ctx context.Context, dst any, query string, args ...any) error
	Exec(ctx context.Context, query string, args ...any) (rows int64, err error)
}

// DB is an open database. On SQLite it has one writing connection and a pool of reading ones; on
// PostgreSQL both are the same pool.
type DB struct {
	write, read *sqlx.DB
	dialect     dialect
	generation  atomic.Uint64
	warnings    []string
	blind       atomic.Bool // other processes' writes cannot be seen at the moment
	peek        *peek       // SQLite only
	closers     []func() error
}

// Tx is a transaction handed out by InTx.
type Tx struct {
	tx      *sqlx.Tx
	dialect dialect
}

type txMarker struct{}

// Get reads one row into dst and returns ErrNoRows when there is none.
func (d *DB) Get(ctx context.Context, dst any, query string, args ...any) error {
	if ctx.Value(txMarker{}) != nil {
		return errInTx
	}
	return classify(get(ctx, d.read, d.dialect, dst, query, args))
}

// Select reads all rows into the slice dst.
func (d *DB) Select(ctx context.Context, dst any, query string, args ...any) error {
	if ctx.Value(txMarker{}) != nil {
		return errInTx
	}
	return classify(sel(ctx, d.read, d.dialect, dst, query, args))
}

// Exec runs one writing statement in a transaction of its own and returns how many rows it touched.
func (d *DB) Exec(ctx context.Context, query string, args ...any) (rows int64, err error) {
	err = d.InTx(ctx, func(ctx context.Context, tx *Tx) error {
		rows, err = tx.Exec(ctx, query, args...)
		return err
	})
	return rows, err
}

// InTx runs fn in a serializable transaction and commits when it returns nil. fn may run more than
// once, so it must change nothing but the database. A transaction that has begun is not cancelled
// with ctx: a request that goes away during the commit would leave its outcome unknown.
func (d *DB) InTx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	if ctx.Value(txMarker{}) != nil {
		return errInTx
	}
	started := time.Now()
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		err := d.once(ctx, fn)
		switch {
		case err == nil:
			d.generation.Add(1)
			return nil
		case !retryable(err):
			return classify(err)
		case time.Since(started) > retryFor:
			return errBusy.With(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(pause)):
		}
	}
}

func (d *DB) once(ctx context.Context, fn func(context.Context, *Tx) error) (err error) {
	c, err := d.writer(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	ctx = context.WithoutCancel(ctx)
	t, err := c.BeginTxx(ctx, d.dialect.txOptions())
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	committed := false
	defer func() {
		if !committed {
			_ = t.Rollback()
		}
	}()
	if err := fn(context.WithValue(ctx, txMarker{}, true), &Tx{t, d.dialect}); err != nil {
		return err
	}
	if err := d.dialect.announce(ctx, t); err != nil {
		return err
	}
	if err := t.Commit(); err != nil {
		if !retryable(err) {
			d.generation.Add(1) // it may have happened: a connection can break after the server has committed
		}
		return fmt.Errorf("commit: %w", err)
	}
	committed = true
	return nil
}

// writer waits for a connection to write on: not for ever, and not for a request that has gone.
func (d *DB) writer(ctx context.Context) (*sqlx.Conn, error) {
	wait, cancel := context.WithTimeout(ctx, writerWait)
	defer cancel()
	c, err := d.write.Connx(wait)
	if err == nil || ctx.Err() == nil && wait.Err() == nil {
		return c, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, errBusy.With(err)
}

// Get reads one row into dst and returns ErrNoRows when there is none.
func (t *Tx) Get(ctx context.Context, dst any, query string, args ...any) error {
	return get(ctx, t.tx, t.dialect, dst, query, args)
}

// Select reads all rows into the slice dst.
func (t *Tx) Select(ctx context.Context, dst any, query string, args ...any) error {
	return sel(ctx, t.tx, t.dialect, dst, query, args)
}

// Exec runs a writing statement and returns how many rows it touched.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	q, a, err := bind(t.dialect, query, args)
	if err != nil {
		return 0, err
	}
	res, err := t.tx.ExecContext(ctx, q, a...)
	if err != nil {
		return 0, fmt.Errorf("%w in %s", err, query)
	}
	return res.RowsAffected()
}

func get(ctx context.Context, on sqlx.ExtContext, dl dialect, dst any, query string, args []any) error {
	q, a, err := bind(dl, query, args)
	if err != nil {
		return err
	}
	err = sqlx.GetContext(dl.readContext(ctx), on, dst, q, a...)
	if errors.Is(err, sql.ErrNoRows) {
		reflect.ValueOf(dst).Elem().SetZero() // sqlx makes the pointers in it before it looks for a row
		return err
	}
	if err != nil {
		return fmt.Errorf("%w in %s", err, query)
	}
	return nil
}

// One reads one row, and returns the zero value and the error absent when there is none.
func One[T any](ctx context.Context, q Q, absent error, query string, args ...any) (T, error) {
	var v T
	err := q.Get(ctx, &v, query, args...)
	if errors.Is(err, ErrNoRows) {
		err = absent
	}
	return v, err
}

func sel(ctx context.Context, on sqlx.ExtContext, dl dialect, dst any, query string, args []any) error {
	q, a, err := bind(dl, query, args)
	if err != nil {
		return err
	}
	if err := sqlx.SelectContext(dl.readContext(ctx), on, dst, q, a...); err != nil {
		return fmt.Errorf("%w in %s", err, query)
	}
	return nil
}

// bind makes a statement and its arguments mean the same on both databases: times become UTC with
// microseconds, which is what PostgreSQL keeps and what compares correctly as text on SQLite.
func bind(dl dialect, query string, args []any) (string, []any, error) {
	out := make([]any, len(args))
	lists := false
	for i, a := range args {
		switch v := a.(type) {
		case time.Time:
			out[i] = v.UTC().Truncate(time.Microsecond)
		case *time.Time:
			if v != nil {
				out[i] = v.UTC().Truncate(time.Microsecond)
			}
		default:
			out[i] = a
			t := reflect.TypeOf(a)
			lists = lists || t != nil && t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8
		}
	}
	if lists {
		var err error
		if query, out, err = sqlx.In(query, out...); err != nil {
			return "", nil, err
		}
	}
	return dl.rebind(query), out, nil
}

// Warnings say, for the operator, what is unsafe about how the database is set up.
func (d *DB) Warnings() []string { return d.warnings }

// Ping reports whether the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.write.PingContext(ctx) }

// Close ends the watcher and closes all connections.
func (d *DB) Close() error {
	var all []error
	for i := len(d.closers) - 1; i >= 0; i-- {
		all = append(all, d.closers[i]())
	}
	d.closers = nil // closing again does nothing
	return errors.Join(all...)
}
