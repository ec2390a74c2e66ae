package twofactor_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
	"latchkey/internal/twofactor"
)

func TestNothingIsOnUntilTheCodesAreSaved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		w.ok(w.BeginApp(t.Context(), ann, access.AuthAndWrites))
		d, err := w.AppDraft(t.Context(), ann)
		w.ok(err)
		if !strings.HasPrefix(d.URL, "otpauth://totp/Example%20Registry:ann?") || !strings.Contains(d.URL, "secret="+d.Secret) {
			t.Errorf("an app scans %s", d.URL)
		}
		needs, err := w.ConfirmApp(t.Context(), ann, d.ID, w.code(d.Secret, 0))
		w.ok(err)
		off, err := w.State(t.Context(), ann)
		w.ok(err)
		if !needs || off.On() || off.App != nil || off.CodesLeft != 0 {
			t.Fatalf("before the codes are saved: %v %+v", needs, off)
		}
		w.is(w.saveWith(ann, "AAAA-AAAA-AAAA-AAAA"), twofactor.ErrNotSaved)
		w.is(w.saveWith(ann, ""), twofactor.ErrNotSaved)
		codes := w.save(ann)
		on, err := w.State(t.Context(), ann)
		w.ok(err)
		if on.Mode != access.AuthAndWrites || on.App == nil || on.CodesLeft != twofactor.Codes || len(codes) != twofactor.Codes {
			t.Fatalf("afterwards: %+v", on)
		}
		if m := w.mailed(); !strings.Contains(m, "Two-factor authentication was turned on") || strings.Contains(m, codes[0]) {
			t.Error("mailed: ", m)
		}
		w.logged("factor.on", 1)
		w.is(w.saveWith(ann, codes[0]), twofactor.ErrNoDraft)
	})
}

func TestDownloadedCodesNeedNotBeTyped(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		k := w.newKey()
		_, err := w.FinishKey(t.Context(), ann, "", w.create(ann, k))
		w.ok(err)
		w.ok(w.Downloaded(t.Context(), ann))
		w.ok(w.saveWith(ann, ""))
		st, err := w.State(t.Context(), ann)
		w.ok(err)
		if len(st.Keys) != 1 || st.Keys[0].Name != "Security key 1" {
			t.Errorf("%+v", st.Keys)
		}
	})
}

func TestCodeCountsOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		secret, _ := w.withApp(ann)
		now := w.code(secret, 0)
		w.ok(w.prove(signIn(ann), twofactor.Answer{Code: now[:3] + " " + now[3:]}))
		w.is(w.prove(signIn(ann), twofactor.Answer{Code: now}), twofactor.ErrCode)
		w.is(w.prove(signIn(ann), twofactor.Answer{Code: w.code(secret, -1)}), twofactor.ErrCode) // older, and in the window
		confirm := twofactor.Place{UserID: ann.UserID, Purpose: twofactor.ToConfirm, Bind: "browser"}
		w.is(w.prove(confirm, twofactor.Answer{Code: now}), twofactor.ErrCode) // nor elsewhere
		w.ok(w.prove(confirm, twofactor.Answer{Code: w.code(secret, 1)}))
		w.logged("factor.failed", 3)
	})
}

func TestOfFiftyEqualCodesOneCounts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		secret, codes := w.withApp(ann)
		for _, code := range []string{w.code(secret, 0), codes[0]} {
			p, err := w.Verify(t.Context(), visitor(7), signIn(ann), twofactor.Answer{Code: code})
			w.ok(err)
			won := race(func(int) error {
				return w.db.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					return w.Consume(ctx, tx, visitor(7), p, "signing in")
				})
			})
			if won != 1 {
				t.Errorf("%s counted %d times", code, won)
			}
		}
	})
}

func TestOfFiftyTriesAtOnceFiveAreVerified(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		w.withApp(ann)
		limited := race(func(i int) error {
			_, err := w.Verify(t.Context(), visitor(byte(i)), signIn(ann), twofactor.Answer{Code: "000000"})
			if errors.Is(err, limit.ErrTooMany) {
				return nil
			}
			return err
		})
		if limited != 45 {
			t.Errorf("%d of 50 were refused unseen", limited)
		}
		w.logged("factor.failed", 5)
	})
}

func TestLimitsAreSharedAndSurviveASuccess(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		secret, codes := w.withApp(ann)
		cli := w.terminal(ann, "publish")
		for i := range 4 {
			_, err := w.Verify(t.Context(), visitor(byte(i)), signIn(ann), twofactor.Answer{Code: "000000"})
			w.is(err, twofactor.ErrCode)
		}
		w.ok(w.prove(signIn(ann), twofactor.Answer{Code: w.code(secret, 0)}))
		_, err := w.Present(t.Context(), cli, twofactor.Terminal{Command: "publish"}, "000000")
		w.is(err, twofactor.ErrOneTime)
		_, err = w.Present(t.Context(), cli, twofactor.Terminal{Command: "publish"}, w.code(secret, 1))
		w.is(err, limit.ErrTooMany)
		_, err = w.Verify(t.Context(), visitor(99), signIn(ann), twofactor.Answer{Code: codes[0]})
		w.is(err, limit.ErrTooMany)
		w.pass(5 * time.Minute)
		w.ok(w.prove(signIn(ann), twofactor.Answer{Code: w.code(secret, 0)}))
	})
}

func TestOneNetworkGuessesTenTimes(t *testing.T) {
	w := sqlite(t)
	var last error
	for i := range 11 {
		p := w.person("ann" + string(rune('a'+i)))
		w.withApp(p)
		_, last = w.Verify(t.Context(), visitor(66), signIn(p), twofactor.Answer{Code: "000000"})
		w.pass(-time.Minute)
	}
	w.is(last, limit.ErrTooMany)
}

func TestHundredWrongCodesLockTheApp(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		secret, codes := w.withApp(ann)
		_, err := w.db.Exec(t.Context(), `UPDATE authenticator_apps SET failures = 99`)
		w.ok(err)
		w.mailed()
		_, err = w.Verify(t.Context(), visitor(7), signIn(ann), twofactor.Answer{Code: "000000"})
		w.is(err, twofactor.ErrCode)
		w.is(w.prove(signIn(ann), twofactor.Answer{Code: w.code(secret, 0)}), twofactor.ErrCode)
		if m := w.mailed(); !strings.Contains(m, "authenticator app was locked") || !strings.Contains(m, "gave the right password") {
			t.Error("mailed: ", m)
		}
		w.ok(w.prove(signIn(ann), twofactor.Answer{Code: codes[0]}))
		w.ok(w.UnlockApp(t.Context(), w.fresh(ann)))
		w.ok(w.prove(signIn(ann), twofactor.Answer{Code: w.code(secret, 0)}))
	})
}

func TestWhatIsNoCode(t *testing.T) {
	w := sqlite(t)
	ann := w.person("ann")
	secret, _ := w.withApp(ann)
	for _, typed := range []string{"", "١٢٣٤٥٦", "+12345", "0x1234", "1234567", "12345", strings.Repeat("A", 1<<20), "\x00\x00\x00\x00\x00\x00"} {
		_, err := w.Verify(t.Context(), visitor(7), signIn(ann), twofactor.Answer{Code: typed})
		if errs.AsInvalid(err) == nil {
			t.Errorf("%.20q: %v", typed, err)
		}
		w.pass(time.Hour)
	}
	bob := w.person("bob")
	w.withApp(bob)
	w.is(w.prove(signIn(bob), twofactor.Answer{Code: w.code(secret, 0)}), twofactor.ErrCode)
}

func TestWrongClockIsSaidSo(t *testing.T) {
	w := sqlite(t)
	ann := w.person("ann")
	secret, _ := w.withApp(ann)
	w.pass(time.Hour)
	w.is(w.prove(signIn(ann), twofactor.Answer{Code: w.code(secret, 8)}), twofactor.ErrClock)
	w.is(w.prove(signIn(ann), twofactor.Answer{Code: w.code(secret, 30)}), twofactor.ErrCode)
	w.ok(w.prove(signIn(ann), twofactor.Answer{Code: w.code(secret, 0)}))
	w.pass(-2 * time.Minute) // the server's clock goes back: codes of then were used
	w.is(w.prove(signIn(ann), twofactor.Answer{Code: w.code(secret, 0)}), twofactor.ErrCode)
}

func TestRecoveryCodeCountsOnceHoweverItIsTyped(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		_, codes := w.withApp(ann)
		w.mailed()
		w.ok(w.prove(signIn(ann), twofactor.Answer{Code: " " + strings.ToLower(strings.ReplaceAll(codes[9], "-", " "))}))
		if m := w.mailed(); !strings.Contains(m, "9 of 10 are left") {
			t.Error("mailed: ", m)
		}
		w.is(w.prove(signIn(ann), twofactor.Answer{Code: codes[9]}), twofactor.ErrCode)
		for _, c := range codes[:7] {
			w.ok(w.prove(signIn(ann), twofactor.Answer{Code: c}))
		}
		if m := w.mailed(); !strings.Contains(m, "2 of 10 are left. Make new ones") {
			t.Error("mailed: ", m)
		}
		for _, c := range codes {
			if w.count(`SELECT COUNT(*) FROM recovery_codes WHERE code_mac LIKE '%' || ? || '%'`, strings.ReplaceAll(c, "-", "")) > 0 {
				t.Error("a code is stored as it is")
			}
		}
	})
}

func TestNewCodesEndTheOldOnesWhenTheyAreSaved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		secret, codes := w.withApp(ann)
		ann = w.fresh(ann)
		w.ok(w.NewCodes(t.Context(), ann))
		w.ok(w.prove(signIn(ann), twofactor.Answer{Code: codes[0]}))
		fresh := w.save(ann)
		w.is(w.prove(signIn(ann), twofactor.Answer{Code: codes[1]}), twofactor.ErrCode)
		w.ok(w.prove(signIn(ann), twofactor.Answer{Code: fresh[0]}))
		w.ok(w.prove(signIn(ann), twofactor.Answer{Code: w.code(secret, 0)}))
		w.logged("factor.on", 1)
		w.logged("factor.codes_made", 1)
	})
}

func TestSecretOfAnAppIsSealed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		secret, _ := w.withApp(ann)
		for _, column := range []string{"authenticator_apps WHERE sealed_secret", "two_factor_drafts WHERE sealed"} {
			if n := w.count(`SELECT COUNT(*) FROM `+column+` LIKE '%' || ? || '%'`, secret); n != 0 {
				t.Errorf("%s holds it as it is", column)
			}
		}
	})
}

func TestAppThatIsSetUpInAnotherPlaceIsNotConfirmedHere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		other := w.browser("ann")
		w.ok(w.BeginApp(t.Context(), ann, access.AuthAndWrites))
		first, err := w.AppDraft(t.Context(), ann)
		w.ok(err)
		_, err = w.AppDraft(t.Context(), other)
		w.is(err, twofactor.ErrNoDraft)
		w.ok(w.BeginApp(t.Context(), ann, access.AuthAndWrites)) // begun anew, in another tab
		_, err = w.ConfirmApp(t.Context(), ann, first.ID, w.code(first.Secret, 0))
		w.is(err, twofactor.ErrNoDraft)
		second, err := w.AppDraft(t.Context(), ann)
		w.ok(err)
		_, err = w.ConfirmApp(t.Context(), ann, second.ID, w.code(first.Secret, 0))
		w.is(err, twofactor.ErrCode)
		w.pass(11 * time.Minute)
		_, err = w.AppDraft(t.Context(), w.fresh(ann))
		w.is(err, twofactor.ErrNoDraft)
	})
}

func TestReplacedAppEndsTheOldOne(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		old, _ := w.withApp(ann)
		ann = w.fresh(ann)
		w.ok(w.BeginApp(t.Context(), ann, access.AuthAndWrites))
		w.ok(w.prove(signIn(ann), twofactor.Answer{Code: w.code(old, 0)})) // until the new one is confirmed
		w.pass(time.Minute)
		d, err := w.AppDraft(t.Context(), ann)
		w.ok(err)
		needs, err := w.ConfirmApp(t.Context(), ann, d.ID, w.code(d.Secret, 0))
		w.ok(err)
		if needs || !d.Replace {
			t.Error("new codes were asked for")
		}
		w.is(w.prove(signIn(ann), twofactor.Answer{Code: w.code(old, 1)}), twofactor.ErrCode)
		w.ok(w.prove(signIn(ann), twofactor.Answer{Code: w.code(d.Secret, 1)}))
		w.logged("factor.app_replaced", 1)
	})
}
