package db

import (
	"database/sql"
	"database/sql/driver"
	"fmt"

	"github.com/mattn/go-sqlite3"
)

// driverName is the SQLite driver with settle on every connection it opens.
const driverName = "sqlite3_latchkey"

// oldestSQLite is the first version without the WAL-reset bug, which loses acknowledged commits.
const oldestSQLite = 3_051_003

func init() { sql.Register(driverName, &sqlite3.SQLiteDriver{ConnectHook: settle}) }

// settle finishes a connection and reads back what durability and integrity rest on. The driver
// applies some options only in some combinations, so what was asked for proves nothing.
func settle(c *sqlite3.SQLiteConn) error {
	if text, number, _ := sqlite3.Version(); number < oldestSQLite {
		return fmt.Errorf("SQLite %s is too old: 3.51.3 or newer is needed", text)
	}
	if _, err := c.Exec(`PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;
		PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = MEMORY`, nil); err != nil {
		return err
	}
	for name, want := range map[string]string{"foreign_keys": "1", "busy_timeout": "5000", "journal_mode": "wal"} {
		if err := expect(c, name, want); err != nil {
			return err
		}
	}
	if readOnly, err := pragma(c, "query_only"); err != nil || readOnly == "1" {
		return err
	}
	return expect(c, "synchronous", "2") // FULL: an answered write survives a power cut
}

func expect(c *sqlite3.SQLiteConn, name, want string) error {
	got, err := pragma(c, name)
	if err == nil && got != want {
		err = fmt.Errorf("SQLite did not accept %s = %s, it says %q (is the data folder on a network file system?)", name, want, got)
	}
	return err
}

func pragma(c *sqlite3.SQLiteConn, name string) (string, error) {
	rows, err := c.Query("PRAGMA "+name, nil)
	if err != nil {
		return "", err
	}
	defer func() { _ = rows.Close() }()
	one := make([]driver.Value, 1)
	if err := rows.Next(one); err != nil {
		return "", fmt.Errorf("PRAGMA %s: %w", name, err)
	}
	return fmt.Sprint(one[0]), nil
}
