package token_test

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/config"
	"latchkey/internal/limit"
	"latchkey/internal/secret"
	"latchkey/internal/token"
)

func TestUseIsWrittenDownByFlushInOneCommit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		used, unused := w.create(token.Publish), w.create(token.Publish)
		w.works(used)
		w.Pass(time.Second)
		last := w.Now()
		w.works(used)
		if n := w.Rows(`SELECT COUNT(*) FROM tokens WHERE last_used_at IS NOT NULL`); n != 0 {
			t.Error("written on use")
		}
		w.OK(w.Flush(t.Context()))
		var got struct {
			LastUsedAt time.Time
			LastUsedIP string
		}
		w.OK(w.DB.Get(t.Context(), &got, `SELECT last_used_at, last_used_ip FROM tokens WHERE secret_hash = ?`, secret.Hash(used)))
		if !got.LastUsedAt.Equal(last) || got.LastUsedIP != "198.51.100.1" {
			t.Errorf("got %+v", got)
		}
		if n := w.Rows(`SELECT COUNT(*) FROM tokens WHERE last_used_at IS NULL AND secret_hash = ?`, secret.Hash(unused)); n != 1 {
			t.Error("an unused token was used")
		}
	})
}

func TestFlushWithoutUseWritesNothing(t *testing.T) {
	w := sqlite(t)
	time.Sleep(50 * time.Millisecond) // the watcher has seen the file
	before := w.DB.Generation()
	w.OK(w.Flush(t.Context()))
	if w.DB.Generation() != before {
		t.Error("written")
	}
}

func TestUseThatCouldNotBeWrittenIsKept(t *testing.T) {
	dbtest.EachPlace(t, func(t *testing.T, p dbtest.Place) {
		d, err := db.Open(t.Context(), p.Address, p.Folder)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, d)
		w.person("ann")
		w.works(w.create(token.Publish))
		if _, err := d.Exec(t.Context(), `ALTER TABLE tokens RENAME TO elsewhere`); err != nil {
			t.Fatal(err)
		}
		if w.Flush(t.Context()) == nil {
			t.Fatal("wrote to a missing table")
		}
		if _, err := d.Exec(t.Context(), `ALTER TABLE elsewhere RENAME TO tokens`); err != nil {
			t.Fatal(err)
		}
		w.OK(w.Flush(t.Context()))
		if n := w.Rows(`SELECT COUNT(*) FROM tokens WHERE last_used_at IS NOT NULL`); n != 1 {
			t.Error("forgotten")
		}
		w.OK(d.Close())
	})
}

func TestTokensAreUsedAndFlushedInParallel(t *testing.T) {
	w := sqlite(t)
	w.person("ann")
	texts := make([]string, 5)
	for i := range texts {
		texts[i] = w.create(token.Publish)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				if _, err := w.Authenticate(t.Context(), terminal(byte(i)), texts[(i+j)%5]); err != nil {
					t.Error(err)
				}
				if j%50 == 0 {
					if err := w.Flush(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	w.OK(w.Flush(t.Context()))
	if n := w.Rows(`SELECT COUNT(*) FROM tokens WHERE last_used_at IS NOT NULL`); n != 5 {
		t.Errorf("%d tokens used", n)
	}
}

func BenchmarkAuthenticateCached(b *testing.B) {
	p := dbtest.SQLite(b)
	d := p.Open(b)
	cfg := &config.Config{Limits: config.Limits{PasswordLength: 15, SessionLife: time.Hour, SessionIdle: time.Hour}}
	limits := limit.New(d, time.Now)
	s := token.New(d, time.Now, account.New(d, time.Now, nil, limits, nil, nil, cfg), limits, cfg)
	if _, err := d.Exec(b.Context(), `INSERT INTO names (name, kind, created_at) VALUES ('ann', 'user', ?)`, time.Now()); err != nil {
		b.Fatal(err)
	}
	if _, err := d.Exec(b.Context(), `INSERT INTO users (id, name, email, email_key, password_hash, password_changed_at, created_at, updated_at)
		VALUES ('u', 'ann', 'a', 'a', '', ?, ?, ?)`, time.Now(), time.Now(), time.Now()); err != nil {
		b.Fatal(err)
	}
	text := secret.NewToken()
	if _, err := d.Exec(b.Context(), `INSERT INTO tokens (id, user_id, name, kind, secret_hash, hint, created_at)
		VALUES ('t', 'u', 'n', 'publish', ?, '', ?)`, secret.Hash(text), time.Now()); err != nil {
		b.Fatal(err)
	}
	by := access.Anonymous(netip.MustParseAddr("203.0.113.7"), "npm")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Authenticate(b.Context(), by, text); err != nil {
			b.Fatal(err)
		}
	}
}
