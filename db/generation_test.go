package db_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
)

// eventually waits for what another process caused.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("did not happen: ", what)
		}
	}
}

// steady waits until the watcher has begun, after which reads alone move nothing.
func steady(t *testing.T, d *db.DB) uint64 {
	t.Helper()
	var last uint64
	eventually(t, "a steady generation", func() bool {
		last = d.Generation()
		time.Sleep(60 * time.Millisecond)
		return d.Generation() == last
	})
	return last
}

func TestGenerationMovesWithOwnWritesAndOnlyThen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		before := steady(t, d)
		var n int
		if err := d.Get(t.Context(), &n, "SELECT COUNT(*) FROM jobs"); err != nil {
			t.Fatal(err)
		}
		_ = d.InTx(t.Context(), func(context.Context, *db.Tx) error { return errors.New("no") })
		if g := d.Generation(); g != before {
			t.Errorf("moved without a write")
		}
		exec(t, d, "DELETE FROM jobs")
		if g := d.Generation(); g == before {
			t.Errorf("a write was acknowledged before it counted")
		}
	})
}

// Nobody knows of a commit that fails whether it happened, so nothing that was read before may be believed.
func TestGenerationMovesWithACommitThatFails(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		exec(t, d, "CREATE TABLE parents (id BIGINT PRIMARY KEY)")
		table(t, d, "parent BIGINT REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED")
		before := steady(t, d)
		if _, err := d.Exec(t.Context(), "INSERT INTO scratch (parent) VALUES (1)"); err == nil || !strings.Contains(err.Error(), "commit: ") {
			t.Fatalf("err = %v", err)
		}
		if d.Generation() == before {
			t.Error("what was read before is still believed")
		}
	})
}

func TestPostgresThatMayLoseWritesIsWarnedOf(t *testing.T) {
	p := dbtest.Postgres(t)
	q := "?"
	if strings.Contains(p.Address, "?") {
		q = "&"
	}
	off := dbtest.Place{Address: p.Address + q + "synchronous_commit=off"}.Open(t)
	on := dbtest.Place{Address: p.Address + q + "synchronous_commit=on"}.Open(t)
	told := func(d *db.DB) bool {
		return strings.Contains(strings.Join(d.Warnings(), " "), "synchronous_commit = off")
	}
	if !told(off) || told(on) {
		t.Errorf("off: %q, on: %q", off.Warnings(), on.Warnings())
	}
	if d := dbtest.SQLite(t).Open(t); len(d.Warnings()) > 0 {
		t.Errorf("SQLite: %q", d.Warnings())
	}
}

func TestGenerationMovesWithWritesOfAnotherProcess(t *testing.T) {
	dbtest.EachPlace(t, func(t *testing.T, p dbtest.Place) {
		mine, other := p.Open(t), p.Open(t)
		for range 3 {
			before := steady(t, mine)
			exec(t, other, "DELETE FROM jobs")
			eventually(t, "the other's write is seen", func() bool { return mine.Generation() != before })
		}
	})
}

func TestCacheRemembersUntilAnythingIsWritten(t *testing.T) {
	dbtest.EachPlace(t, func(t *testing.T, p dbtest.Place) {
		mine, other := p.Open(t), p.Open(t)
		c := db.NewCache[string, int](mine, 10)
		loads := 0
		get := func() int {
			v, err := c.Get(t.Context(), "k", func(context.Context) (int, error) { loads++; return loads, nil })
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		steady(t, mine)
		if get(); get() != 1 {
			t.Errorf("loaded %d times", loads)
		}
		exec(t, mine, "DELETE FROM jobs")
		if v := get(); v != 2 {
			t.Errorf("an old fact was told after a write: %d", v)
		}
		exec(t, other, "DELETE FROM jobs")
		eventually(t, "the fact is read again after another's write", func() bool { return get() > 2 })
		boom := errors.New("boom")
		for range 2 {
			if _, err := c.Get(t.Context(), "e", func(context.Context) (int, error) { return 0, boom }); !errors.Is(err, boom) {
				t.Errorf("err = %v", err)
			}
		}
	})
}

// A PostgreSQL server that goes away takes the notifications with it: until they are back, nothing
// may be remembered.
func TestCacheIsBlindWithoutNotifications(t *testing.T) {
	d := dbtest.Postgres(t).Open(t)
	steady(t, d)
	if _, err := d.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND query LIKE 'LISTEN%'`); err != nil {
		t.Fatal(err)
	}
	eventually(t, "every look is another generation", func() bool { return d.Generation() != d.Generation() })
	eventually(t, "the watcher is back", func() bool { return d.Generation() == d.Generation() })
}
