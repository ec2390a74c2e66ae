package db

import (
	"errors"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"

	"latchkey/internal/errs"
)

// errBusy says that others kept the database busy for longer than a request should wait.
var errBusy = errs.New(errs.Unavailable, "db.busy", "The server is busy. Try again in a moment.").After(writerWait)

// errFull says that there is no room. What is stored stays readable.
var errFull = errs.New(errs.Full, "db.full", "The registry's storage is full. Its operator must make room.")

// errGone says that PostgreSQL cannot be reached, or that it is stopping.
var errGone = errs.New(errs.Unavailable, "db.gone", "The registry's database does not answer. Try again in a moment.").After(5 * time.Second)

// PostgreSQL's codes for what is said in the same words of both databases.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
var states = map[string]*errs.Error{
	"53100": errFull, // disk_full
	"53200": errBusy, // out_of_memory
	"53300": errBusy, // too_many_connections
	"55P03": errBusy, // lock_not_available: lock_timeout
	"57014": errBusy, // query_canceled: statement_timeout
	"57P01": errGone, // admin_shutdown
	"57P02": errGone, // crash_shutdown
	"57P03": errGone, // cannot_connect_now
}

// classify says what a request should be told of a failure that is neither its fault nor a bug. Anything
// else, and what a noun has classified already, stays as it is.
func classify(err error) error {
	var known *errs.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if kind := failure(err); kind != nil {
		return kind.With(err)
	}
	return err
}

func failure(err error) *errs.Error {
	var lite sqlite3.Error
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case errors.As(err, &lite):
		switch {
		case lite.Code == sqlite3.ErrFull, lite.SystemErrno == syscall.ENOSPC, lite.SystemErrno == syscall.EDQUOT:
			return errFull
		case lite.Code == sqlite3.ErrBusy, lite.Code == sqlite3.ErrLocked:
			return errBusy
		}
	case errors.As(err, &pg):
		return states[pg.Code]
	case errors.As(err, &connect):
		return errGone
	}
	return nil
}

// retryable reports whether PostgreSQL asks for the transaction to be run again: serialization
// failure or deadlock.
func retryable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}
