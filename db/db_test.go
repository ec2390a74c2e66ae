package db_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
)

// table makes a table for a test.
func table(t *testing.T, d *db.DB, columns string) {
	t.Helper()
	if _, err := d.Exec(t.Context(), "CREATE TABLE scratch ("+columns+")"); err != nil {
		t.Fatal(err)
	}
}

func exec(t *testing.T, d *db.DB, query string, args ...any) int64 {
	t.Helper()
	n, err := d.Exec(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPoolInsideATransactionIsRefusedAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var n int
		uses := map[string]func(ctx context.Context) error{
			"Get":    func(ctx context.Context) error { return d.Get(ctx, &n, "SELECT 1") },
			"Select": func(ctx context.Context) error { return d.Select(ctx, &[]int{}, "SELECT 1") },
			"Exec":   func(ctx context.Context) error { _, err := d.Exec(ctx, "DELETE FROM jobs"); return err },
			"InTx": func(ctx context.Context) error {
				return d.InTx(ctx, func(context.Context, *db.Tx) error { return nil })
			},
		}
		for name, use := range uses {
			start := time.Now()
			err := d.InTx(t.Context(), func(ctx context.Context, _ *db.Tx) error { return use(ctx) })
			if err == nil || time.Since(start) > time.Second {
				t.Errorf("%s inside a transaction: %v after %v", name, err, time.Since(start))
			}
		}
	})
}

func TestTransactionThatFailsLeavesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		table(t, d, "n BIGINT")
		boom := errors.New("boom")
		insert := func(ctx context.Context, tx *db.Tx) {
			if _, err := tx.Exec(ctx, "INSERT INTO scratch (n) VALUES (?)", 1); err != nil {
				t.Error(err)
			}
		}
		if err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { insert(ctx, tx); return boom }); !errors.Is(err, boom) {
			t.Errorf("err = %v", err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { insert(ctx, tx); panic("boom") })
		}()
		var n int
		if err := d.Get(t.Context(), &n, "SELECT COUNT(*) FROM scratch"); err != nil || n != 0 {
			t.Errorf("%d rows left, %v", n, err)
		}
	})
}

func TestCommitIsNotCancelledWithItsRequest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		table(t, d, "n BIGINT")
		ctx, cancel := context.WithCancel(t.Context())
		err := d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			cancel()
			_, err := tx.Exec(ctx, "INSERT INTO scratch (n) VALUES (1)")
			return err
		})
		var n int
		if gerr := d.Get(t.Context(), &n, "SELECT COUNT(*) FROM scratch"); err != nil || gerr != nil || n != 1 {
			t.Errorf("%d rows, %v, %v", n, err, gerr)
		}
		if _, err := d.Exec(ctx, "DELETE FROM scratch"); !errors.Is(err, context.Canceled) {
			t.Errorf("a transaction began for a request that had gone: %v", err)
		}
	})
}

func TestWaitForTheWriterEndsWithTheRequest(t *testing.T) {
	d := dbtest.SQLite(t).Open(t)
	hold, held := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- d.InTx(t.Context(), func(context.Context, *db.Tx) error { close(held); <-hold; return nil })
	}()
	<-held
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := d.Exec(ctx, "DELETE FROM jobs"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("err = %v", err)
	}
	close(hold)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Thirty owners of one organization leave at the same time, each only if another owner stays. What
// the default isolation of PostgreSQL allows (all leave) must not happen.
func TestThirtyOwnersLeavingAtOnceLeaveOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		table(t, d, "owner BIGINT PRIMARY KEY")
		const owners = 30
		for i := range owners {
			exec(t, d, "INSERT INTO scratch (owner) VALUES (?)", i)
		}
		errLast := errors.New("the last owner stays")
		leave := func(owner int) error {
			return d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				var others int
				if err := tx.Get(ctx, &others, "SELECT COUNT(*) FROM scratch WHERE owner <> ?", owner); err != nil {
					return err
				}
				if others == 0 {
					return errLast
				}
				_, err := tx.Exec(ctx, "DELETE FROM scratch WHERE owner = ?", owner)
				return err
			})
		}
		var wg sync.WaitGroup
		for i := range owners {
			wg.Go(func() {
				if err := leave(i); err != nil && !errors.Is(err, errLast) {
					t.Errorf("owner %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		var left int
		if err := d.Get(t.Context(), &left, "SELECT COUNT(*) FROM scratch"); err != nil || left != 1 {
			t.Errorf("%d owners left, %v", left, err)
		}
	})
}

func TestCountersOfManyWritersAreExact(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		table(t, d, "n BIGINT")
		exec(t, d, "INSERT INTO scratch (n) VALUES (0)")
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				for range 5 {
					err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
						var n int
						if err := tx.Get(ctx, &n, "SELECT n FROM scratch"); err != nil {
							return err
						}
						_, err := tx.Exec(ctx, "UPDATE scratch SET n = ?", n+1)
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var n int
		if err := d.Get(t.Context(), &n, "SELECT n FROM scratch"); err != nil || n != 80 {
			t.Errorf("n = %d, %v", n, err)
		}
	})
}

func TestTimesOfAnyZoneCompareAndComeBackInUTC(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		table(t, d, "n BIGINT, at TIMESTAMP")
		east, west := time.FixedZone("east", 9*3600), time.FixedZone("west", -7*3600)
		base := time.Date(2026, 3, 29, 1, 59, 59, 999_999_999, time.UTC)
		times := []time.Time{base.In(west), base.Add(time.Microsecond).In(east), base.Add(time.Hour), base.Add(2 * time.Hour).In(west)}
		for i := len(times) - 1; i >= 0; i-- {
			at := times[i]
			exec(t, d, "INSERT INTO scratch (n, at) VALUES (?, ?)", i, &at)
		}
		exec(t, d, "INSERT INTO scratch (n, at) VALUES (?, ?)", 99, (*time.Time)(nil))
		var rows []struct {
			N  int
			At *time.Time
		}
		if err := d.Select(t.Context(), &rows, "SELECT n, at FROM scratch WHERE at IS NOT NULL ORDER BY at"); err != nil {
			t.Fatal(err)
		}
		for i, r := range rows {
			want := times[i].UTC().Truncate(time.Microsecond)
			if r.N != i || !r.At.Equal(want) {
				t.Errorf("row %d is %d at %v, want %v", i, r.N, r.At, want)
			}
		}
		var n int
		if err := d.Get(t.Context(), &n, "SELECT COUNT(*) FROM scratch WHERE at <= ?", times[1]); err != nil || n != 2 {
			t.Errorf("%d rows up to the second, %v", n, err)
		}
		if len(rows) != 4 {
			t.Errorf("%d rows", len(rows))
		}
	})
}

func TestListsAreExpanded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		table(t, d, "name TEXT")
		for i := range 5 {
			exec(t, d, "INSERT INTO scratch (name) VALUES (?)", fmt.Sprint(i))
		}
		var names []string
		err := d.Select(t.Context(), &names, "SELECT name FROM scratch WHERE name IN (?) AND name <> ? ORDER BY name", []string{"1", "3", "4"}, "4")
		if err != nil || fmt.Sprint(names) != "[1 3]" {
			t.Errorf("%v, %v", names, err)
		}
		if n := exec(t, d, "DELETE FROM scratch WHERE name IN (?)", []string{"1", "3"}); n != 2 {
			t.Errorf("%d deleted", n)
		}
	})
}

func TestNothingFoundIsErrNoRowsAndABrokenStatementIsNamed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var s string
		if err := d.Get(t.Context(), &s, "SELECT id FROM jobs"); !errors.Is(err, db.ErrNoRows) {
			t.Errorf("err = %v", err)
		}
		if err := d.Get(t.Context(), &s, "SELECT nothing FROM nowhere"); err == nil || errors.Is(err, db.ErrNoRows) {
			t.Errorf("err = %v", err)
		}
	})
}

func TestRowThatIsAbsentLeavesNothingInTheValue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		type row struct {
			Kind string
			At   *time.Time
		}
		r := row{Kind: "old"}
		if err := d.Get(t.Context(), &r, `SELECT kind, created_at AS at FROM jobs`); !errors.Is(err, db.ErrNoRows) || r != (row{}) {
			t.Errorf("Get: %+v, %v", r, err)
		}
		absent := errors.New("absent")
		if r, err := db.One[row](t.Context(), d, absent, `SELECT kind, created_at AS at FROM jobs`); !errors.Is(err, absent) || r != (row{}) {
			t.Errorf("One: %+v, %v", r, err)
		}
		if _, err := db.One[row](t.Context(), d, absent, `SELECT nonsense`); err == nil || errors.Is(err, absent) {
			t.Errorf("a statement that fails: %v", err)
		}
		if n, err := db.One[int](t.Context(), d, absent, `SELECT 7`); n != 7 || err != nil {
			t.Errorf("One: %d, %v", n, err)
		}
	})
}
