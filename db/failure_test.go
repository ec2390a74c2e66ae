package db

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"

	"latchkey/internal/errs"
)

func TestFailuresOfTheMachineAreNoBugs(t *testing.T) {
	own := errs.New(errs.Invalid, "x.y", "Mine.")
	for _, r := range []struct {
		err  error
		want error
	}{
		{nil, nil},
		{sqlite3.Error{Code: sqlite3.ErrFull}, errFull},
		{sqlite3.Error{Code: sqlite3.ErrIoErr, SystemErrno: syscall.ENOSPC}, errFull},
		{sqlite3.Error{Code: sqlite3.ErrIoErr, SystemErrno: syscall.EDQUOT}, errFull},
		{sqlite3.Error{Code: sqlite3.ErrBusy}, errBusy},
		{&pgconn.PgError{Code: "53100"}, errFull},
		{&pgconn.PgError{Code: "55P03"}, errBusy},
		{&pgconn.PgError{Code: "57P01"}, errGone},
		{&pgconn.ConnectError{}, errGone},
		{own.With(sqlite3.Error{Code: sqlite3.ErrFull}), own},
	} {
		err := r.err
		if err != nil {
			err = fmt.Errorf("in a statement: %w", err)
		}
		if got := classify(err); !errors.Is(got, r.want) || !errors.Is(got, r.err) {
			t.Errorf("%v: %v, want %v", r.err, got, r.want)
		}
	}
	for _, err := range []error{sqlite3.Error{Code: sqlite3.ErrConstraint}, &pgconn.PgError{Code: "23505"}, ErrNoRows, context.Canceled} {
		if got := classify(err); errs.Of(got).Kind != errs.Internal {
			t.Errorf("%v: %v", err, got)
		}
	}
}

// A full disk is told as one, and what is stored can still be read.
func TestFullDatabaseSaysSoAndStaysReadable(t *testing.T) {
	d := open(t)
	if _, err := d.Exec(t.Context(), "CREATE TABLE scratch (n TEXT)"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.write.Exec("PRAGMA max_page_count = 1"); err != nil { // as many as there are
		t.Fatal(err)
	}
	_, err := d.Exec(t.Context(), "INSERT INTO scratch (n) VALUES (?)", strings.Repeat("x", 1<<20))
	if errs.Of(err).Kind != errs.Full {
		t.Errorf("err = %v", err)
	}
	var n int
	if err := d.Get(t.Context(), &n, "SELECT COUNT(*) FROM scratch"); err != nil || n != 0 {
		t.Errorf("%d rows, %v", n, err)
	}
}

// Another process that keeps the file locked makes this one busy, and is no bug.
func TestDatabaseThatIsLockedIsBusy(t *testing.T) {
	folder := t.TempDir()
	mine, other := openIn(t, folder), openIn(t, folder)
	if _, err := mine.write.Exec("PRAGMA busy_timeout = 20"); err != nil {
		t.Fatal(err)
	}
	err := other.InTx(t.Context(), func(context.Context, *Tx) error {
		_, err := mine.Exec(t.Context(), "DELETE FROM jobs")
		return err
	})
	if !errors.Is(err, errBusy) {
		t.Errorf("err = %v", err)
	}
}

// synctest moves the clock, so that waiting long enough costs nothing.
func TestTransactionThatNeverSucceedsEndsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t)
		tries := 0
		err := d.InTx(t.Context(), func(context.Context, *Tx) error {
			tries++
			return fmt.Errorf("in a statement: %w", &pgconn.PgError{Code: "40001"})
		})
		if !errors.Is(err, errBusy) || errs.Of(err).RetryAfter == 0 || tries < 10 {
			t.Errorf("after %d tries: %v", tries, err)
		}
	})
}

func TestWriterGivesUpWhenOthersKeepIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t)
		hold, err := d.writer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = hold.Close() }()
		if _, err := d.Exec(t.Context(), "DELETE FROM jobs"); !errors.Is(err, errBusy) {
			t.Errorf("waiting long enough: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := d.writer(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("a request that has gone: %v", err)
		}
	})
}

func open(t *testing.T) *DB { return openIn(t, t.TempDir()) }

func openIn(t *testing.T, folder string) *DB {
	t.Helper()
	d, err := Open(t.Context(), "", folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}
