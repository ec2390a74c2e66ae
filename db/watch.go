package db

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// watchEvery bounds how long another process's write to a SQLite file stays unseen.
	watchEvery = 20 * time.Millisecond
	// channel carries PostgreSQL's notifications of writes.
	channel = "latchkey_written"
)

// watch follows other processes' writes until Close.
func (d *DB) watch(ctx context.Context) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	loop := d.watchSQLite
	if _, ok := d.dialect.(postgres); ok {
		d.blind.Store(true)
		loop = d.watchPostgres
	}
	go func() { defer close(done); loop(ctx) }()
	d.closers = append(d.closers, func() error { cancel(); <-done; return nil })
}

// watchSQLite reads PRAGMA data_version, which changes on a connection when another one committed.
func (d *DB) watchSQLite(ctx context.Context) {
	c, err := d.read.Connx(ctx)
	if err != nil {
		d.blind.Store(true)
		return
	}
	defer func() { _ = c.Close() }()
	every := time.NewTicker(watchEvery)
	defer every.Stop()
	quiet := context.WithoutCancel(ctx)
	var last int64
	for {
		var v int64
		if err := c.GetContext(quiet, &v, "PRAGMA data_version"); err != nil {
			slog.Error("cannot watch the database for writes; caching is off", "error", err)
			d.blind.Store(true)
			return
		}
		if v != last {
			last = v
			d.generation.Add(1)
		}
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
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
