package audit_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/audit"
)

func TestEntriesStandWithTheirAct(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		by := access.Actor{UserID: "u1", Name: "ann", Via: access.ViaBrowser, IP: netip.MustParseAddr("192.0.2.1"), Agent: "x"}
		entry := audit.Entry{Event: audit.PackagePublished, Subject: "package:left-pad", Detail: map[string]string{"version": "1.0.0"}}
		record := func(end error) error {
			return d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				return errors.Join(audit.Record(ctx, tx, time.Now(), by, entry), end)
			})
		}
		if err := record(nil); err != nil {
			t.Fatal(err)
		}
		if err := record(errors.New("the act fails")); err == nil {
			t.Fatal("committed")
		}
		var rows []struct{ Event, ActorName, Via, IP, Subject, Detail string }
		if err := d.Select(t.Context(), &rows, `SELECT event, actor_name, via, ip, subject, detail FROM audit_log`); err != nil {
			t.Fatal(err)
		}
		if len(rows) != 1 || rows[0].Event != "package.published" || rows[0].ActorName != "ann" || rows[0].IP != "192.0.2.1" ||
			rows[0].Subject != "package:left-pad" || rows[0].Detail != `{"version":"1.0.0"}` {
			t.Errorf("%+v", rows)
		}
	})
}
