package audit_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/secret"
)

func sealer(t *testing.T, d *db.DB) *audit.Service {
	t.Helper()
	box, err := secret.NewBox(base64.StdEncoding.EncodeToString(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return audit.New(d, time.Now, box, filepath.Join(t.TempDir(), "audit.head"))
}

func write(t *testing.T, d *db.DB, n int) {
	t.Helper()
	err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		for i := range n {
			e := audit.Entry{Event: audit.TeamCreated, Subject: "org:acme", Detail: map[string]string{"team": fmt.Sprint("t", i)}}
			if err := audit.Record(ctx, tx, time.Now(), access.Actor{UserID: "u1", Name: "ann", Via: access.ViaBrowser}, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestChainNamesTheFirstAlteredEntry(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, s := t.Context(), sealer(t, d)
		verify := func(want audit.AlteredError) {
			t.Helper()
			_, err := s.Verify(ctx, access.Console())
			var got audit.AlteredError
			if !errors.As(err, &got) || got.Seq != want.Seq || want.ID != "" && got.ID != want.ID {
				t.Errorf("%v, want %v", err, want)
			}
		}
		write(t, d, 1200)
		if head, err := s.Verify(ctx, access.Console()); err != nil || head.Seq != 0 {
			t.Errorf("before sealing: %+v, %v", head, err)
		}
		for range 2 {
			if err := s.Seal(ctx); err != nil {
				t.Fatal(err)
			}
		}
		head, err := s.Verify(ctx, access.Console())
		if err != nil || head.Seq != 1200 || head.Seal == "" {
			t.Fatalf("%+v, %v", head, err)
		}
		if _, err := s.Verify(ctx, access.Actor{UserID: "u1"}); !errors.Is(err, access.ErrHidden) {
			t.Errorf("somebody verifies: %v", err)
		}
		var id string
		if err := d.Get(ctx, &id, `SELECT id FROM audit_log WHERE seq = 700`); err != nil {
			t.Fatal(err)
		}
		for _, column := range []string{"detail", "actor_name", "ip", "event", "org", "account_id"} {
			var was string
			if err := d.Get(ctx, &was, `SELECT `+column+` FROM audit_log WHERE seq = 700`); err != nil {
				t.Fatal(err)
			}
			alter := func(value string) {
				if _, err := d.Exec(ctx, `UPDATE audit_log SET `+column+` = ? WHERE seq = 700`, value); err != nil {
					t.Fatal(err)
				}
			}
			alter(was + "x")
			verify(audit.AlteredError{Seq: 700, ID: id})
			alter(was)
		}
		if _, err := s.Verify(ctx, access.Console()); err != nil {
			t.Fatal("put back: ", err)
		}
		if _, err := d.Exec(ctx, `DELETE FROM audit_log WHERE seq = 650`); err != nil {
			t.Fatal(err)
		}
		verify(audit.AlteredError{Seq: 650})
		if _, err := d.Exec(ctx, `UPDATE audit_log SET seq = seq - 1 WHERE seq = 651`); err != nil { // which hides the gap
			t.Fatal(err)
		}
		verify(audit.AlteredError{Seq: 650})
	})
}

// What was taken out of the chain in the database, to be altered and sealed anew, is not sealed anew.
func TestWhatWasSealedIsNotSealedAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for what, alter := range map[string]string{
			"its end":  `UPDATE audit_log SET seq = NULL, seal = '', actor_name = 'bob' WHERE seq >= 8`,
			"all":      `UPDATE audit_log SET seq = NULL, seal = '', actor_name = 'bob'`,
			"cut off":  `DELETE FROM audit_log WHERE seq >= 8`,
			"the last": `UPDATE audit_log SET seq = NULL, seal = '', actor_name = 'bob' WHERE seq = 10`,
		} {
			if _, err := d.Exec(t.Context(), `DELETE FROM audit_log`); err != nil {
				t.Fatal(err)
			}
			s := sealer(t, d)
			write(t, d, 10)
			if err := s.Seal(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Exec(t.Context(), alter); err != nil {
				t.Fatal(err)
			}
			write(t, d, 1)
			var altered audit.AlteredError
			if err := s.Seal(t.Context()); !errors.As(err, &altered) || altered.Seq != 10 {
				t.Errorf("%s: it is sealed again: %v", what, err)
			}
			if _, err := s.Verify(t.Context(), access.Console()); !errors.As(err, &altered) {
				t.Errorf("%s: nobody notices: %v", what, err)
			}
		}
	})
}

// Two servers seal while others write: there is one chain.
func TestSealersDoNotForkTheChain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 10 {
					write(t, d, 5)
				}
			})
			all.Go(func() {
				s := sealer(t, d)
				for range 10 {
					if err := s.Seal(ctx); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		s := sealer(t, d)
		if err := s.Seal(ctx); err != nil {
			t.Fatal(err)
		}
		if head, err := s.Verify(ctx, access.Console()); err != nil || head.Seq != 200 {
			t.Errorf("%+v, %v", head, err)
		}
	})
}
