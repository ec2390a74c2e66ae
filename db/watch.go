package db

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
)

const (
	// watchEvery bounds how long another process's write to a SQLite file stays unseen.
	watchEvery = 20 * time.Millisecond
	// channel carries PostgreSQL's notifications of writes.
	channel = "latchkey_written"
)

// watch begins to follow other processes' writes, until Close.
func (d *DB) watch(ctx context.Context) error {
	if _, ok := d.dialect.(postgres); !ok {
		return d.watchSQLite(ctx)
	}
	d.blind.Store(true)
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() { defer close(done); d.watchPostgres(ctx) }()
	d.closers = append(d.closers, func() error { cancel(); <-done; return nil })
	return nil
}

// peek sees other processes' writes to a SQLite file: PRAGMA data_version changes on a connection when
// another one committed. It looks when somebody asks and the last look is too old, so that a server
// which nobody uses does not wake fifty times a second.
type peek struct {
	begun   time.Time
	due     atomic.Int64 // nanoseconds after begun
	mu      sync.Mutex
	conn    *sqlx.Conn
	version int64
}

func (d *DB) watchSQLite(ctx context.Context) error {
	c, err := d.read.Connx(ctx)
	if err != nil {
		return err
	}
	d.peek = &peek{begun: time.Now(), conn: c}
	d.closers = append(d.closers, func() error {
		d.peek.mu.Lock()
		defer d.peek.mu.Unlock()
		d.peek.due.Store(math.MaxInt64)
		return c.Close()
	})
	return nil
}

func (p *peek) look(d *DB) {
	now := int64(time.Since(p.begun))
	if now < p.due.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if now < p.due.Load() {
		return
	}
	var v int64
	if err := p.conn.GetContext(context.Background(), &v, "PRAGMA data_version"); err != nil {
		slog.Error("cannot watch the database for writes; caching is off", "error", err)
		d.blind.Store(true)
		p.due.Store(math.MaxInt64)
		return
	}
	if v != p.version {
		p.version = v
		d.generation.Add(1)
	}
	p.due.Store(now + int64(watchEvery))
}

// watchPostgres listens for notifications and is blind while it has no connection.
func (d *DB) watchPostgres(ctx context.Context) {
	for ctx.Err() == nil {
		err := d.listen(ctx)
		d.blind.Store(true)
		if ctx.Err() != nil {
			return
		}
		slog.Warn("lost the connection that watches the database for writes; caching is off until it is back", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (d *DB) listen(ctx context.Context) error {
	c, err := d.read.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	return c.Raw(func(driver any) error {
		conn := driver.(*stdlib.Conn).Conn()
		if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
			return err
		}
		d.blind.Store(false)
		d.generation.Add(1)
		return d.receive(ctx, conn)
	})
}

func (d *DB) receive(ctx context.Context, conn *pgx.Conn) error {
	own := d.dialect.(postgres).process
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if n.Payload != own {
			d.generation.Add(1)
		}
	}
}
