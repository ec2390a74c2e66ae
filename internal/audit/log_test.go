package audit_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/audit"
)

func TestLogIsReadByItsOwnerInPages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
		s := audit.New(d, func() time.Time { return now }, nil, "")
		ann := access.Actor{UserID: "u1", Name: "ann", Via: access.ViaBrowser, SessionID: "s1"}
		eve := access.Actor{UserID: "u2", Name: "eve", Via: access.ViaBrowser}
		terminal := access.Actor{UserID: "u1", Name: "ann", Via: access.ViaToken, Grant: &access.Grant{TokenID: "t1"}}
		record := func(by access.Actor, e audit.Entry) {
			err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return audit.Record(ctx, tx, now, by, e) })
			if err != nil {
				t.Fatal(err)
			}
		}
		for i := range 7 {
			record(ann, audit.Entry{Event: audit.TokenCreated, Subject: fmt.Sprint("token:", i), Detail: map[string]string{"n": fmt.Sprint(i)}})
		}
		record(terminal, audit.Entry{Event: audit.PackagePublished, Subject: "package:left-pad"})
		record(eve, audit.Entry{Event: audit.TokenCreated})
		record(access.Actor{}, audit.Entry{Event: audit.SessionFailed, Account: "u1", Subject: "account:ann"}) // a stranger's act, in ann's log

		page := func(kind, before string, limit int) []audit.Logged {
			t.Helper()
			entries, err := s.Page(t.Context(), ann, kind, before, limit)
			if err != nil {
				t.Fatal(err)
			}
			return entries
		}
		all := page("", "", 100)
		if len(all) != 9 || all[0].Event != audit.SessionFailed || all[1].Token != "t1" || all[1].Via != access.ViaToken || all[8].Session != "s1" {
			t.Fatalf("%+v", all)
		}
		if tokens := page("token", "", 100); len(tokens) != 7 || tokens[0].Detail["n"] != "6" {
			t.Errorf("%+v", tokens)
		}
		if odd := page("%", "", 100); len(odd) != 9 { // what is no kind is no filter
			t.Errorf("%d entries", len(odd))
		}
		first := page("token", "", 4)
		if rest := page("token", first[3].ID, 4); len(rest) != 3 || rest[0].Detail["n"] != "2" {
			t.Errorf("%+v", rest)
		}
		seen := 0
		if err := s.Each(t.Context(), ann, "", func(audit.Logged) error { seen++; return nil }); err != nil || seen != 9 {
			t.Errorf("%d, %v", seen, err)
		}
		stop := errors.New("the reader went away")
		if err := s.Each(t.Context(), ann, "", func(audit.Logged) error { return stop }); !errors.Is(err, stop) {
			t.Error(err)
		}
		if _, err := s.Page(t.Context(), access.Actor{}, "", "", 1); !errors.Is(err, access.ErrUnauthenticated) {
			t.Error(err)
		}
		if _, err := s.Page(t.Context(), terminal, "", "", 1); !errors.Is(err, access.ErrTokenTooWeak) {
			t.Error(err)
		}
	})
}

func TestLongLogIsReadToItsEnd(t *testing.T) {
	d := dbtest.SQLite(t).Open(t)
	ann := access.Actor{UserID: "u1", Name: "ann", Via: access.ViaBrowser}
	err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		for range 1200 {
			if err := audit.Record(ctx, tx, time.Now(), ann, audit.Entry{Event: audit.SessionStarted}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	if err := audit.New(d, time.Now, nil, "").Each(t.Context(), ann, "", func(e audit.Logged) error { ids[e.ID] = true; return nil }); err != nil || len(ids) != 1200 {
		t.Errorf("%d entries, %v", len(ids), err)
	}
}
