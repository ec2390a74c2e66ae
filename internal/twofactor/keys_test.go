package twofactor_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
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

func TestKeyProvesAtItsPlaceAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		k := w.withKey(ann, "Blue")
		w.ok(w.prove(signIn(ann), twofactor.Answer{Key: w.use(k, signIn(ann))}))
		places := []twofactor.Place{
			signIn(ann),
			{UserID: ann.UserID, Purpose: twofactor.ToSignIn, Bind: "another browser"},
			{UserID: ann.UserID, Purpose: twofactor.ToConfirm, Bind: "browser"},
			twofactor.ApprovalPlace(ann, "AAAABBBBCCCCDDDDEEEEFFFFGG"),
			twofactor.ApprovalPlace(ann, "AAAABBBBCCCCDDDDEEEEFFFFHH"),
			{Purpose: twofactor.ToEnter, Bind: "browser"},
		}
		for i, asked := range places {
			for j, given := range places {
				err := w.prove(given, twofactor.Answer{Key: w.use(k, asked)})
				if (err == nil) != (i == j) || err != nil && !errors.Is(err, twofactor.ErrKey) {
					t.Errorf("asked at %v, given at %v: %v", asked, given, err)
				}
				w.pass(10 * time.Second) // the tries of one address
			}
		}
	})
}

func TestAnswerCountsOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		k := w.withKey(ann, "Blue")
		answer := w.use(k, signIn(ann))
		if won := race(func(int) error { return w.prove(signIn(ann), twofactor.Answer{Key: answer}) }); won != 1 {
			t.Errorf("one answer counted %d times", won)
		}
		w.pass(time.Minute)
		w.is(w.prove(signIn(ann), twofactor.Answer{Key: answer}), twofactor.ErrKey)
		late := w.use(k, signIn(ann))
		w.pass(twofactor.CeremonyLife + time.Second)
		w.is(w.prove(signIn(ann), twofactor.Answer{Key: late}), twofactor.ErrKey)
	})
}

func TestFewChallengesAreOpen(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		k := w.withKey(ann, "Blue")
		first := w.use(k, signIn(ann))
		for range 5 {
			w.pass(time.Second)
			w.use(k, signIn(ann))
		}
		w.is(w.prove(signIn(ann), twofactor.Answer{Key: first}), twofactor.ErrKey)
		if n := w.count(`SELECT COUNT(*) FROM key_ceremonies WHERE bind = 'browser'`); n != 5 {
			t.Errorf("%d are open", n)
		}
		var last error
		for range 70 {
			_, last = w.Begin(t.Context(), visitor(7), signIn(ann))
		}
		w.is(last, limit.ErrTooMany)
		w.pass(time.Hour)
		w.ok(w.Sweep(t.Context()))
		if n := w.count(`SELECT COUNT(*) FROM key_ceremonies`); n != 0 {
			t.Errorf("%d are left after an hour", n)
		}
	})
}

// forged are answers that are wrong in one way each.
func TestForgedAnswersAreRefusedAlike(t *testing.T) {
	w := sqlite(t)
	ann, bob := w.person("ann"), w.person("bob")
	k, other := w.withKey(ann, "Blue"), w.withKey(bob, "Red")
	for what, forge := range map[string]func(key, []byte) string{
		"another site": func(k key, o []byte) string {
			k.rp.Origin = "https://registry.example.com.evil.test"
			return w.sign(&k, o)
		},
		"plain http":   func(k key, o []byte) string { k.rp.Origin = "http://registry.example.com"; return w.sign(&k, o) },
		"another port": func(k key, o []byte) string { k.rp.Origin = "https://registry.example.com:8443"; return w.sign(&k, o) },
		"a subdomain":  func(k key, o []byte) string { k.rp.Origin = "https://x.registry.example.com"; return w.sign(&k, o) },
		"no site":      func(k key, o []byte) string { k.rp.Origin = "null"; return w.sign(&k, o) },
		"another host": func(k key, o []byte) string { k.rp.ID = "example.com"; return w.sign(&k, o) },
		"nobody there": func(k key, o []byte) string { k.auth.Options.UserNotPresent = true; return w.sign(&k, o) },
		"backup flags": func(k key, o []byte) string { k.auth.Options.BackupEligible = true; return w.sign(&k, o) },
		"backed up":    func(k key, o []byte) string { k.auth.Options.BackupState = true; return w.sign(&k, o) },
		"another's":    func(_ key, o []byte) string { other.cred.ID = k.cred.ID; return w.sign(other, o) },
		"signature": func(k key, o []byte) string {
			return edited(t, w.sign(&k, o), "signature", func(b []byte) []byte { b[len(b)-1] ^= 1; return b })
		},
		"another type": func(k key, o []byte) string {
			return edited(t, w.sign(&k, o), "clientDataJSON", func(b []byte) []byte { return bytes.Replace(b, []byte("webauthn.get"), []byte("webauthn.create"), 1) })
		},
		"cross-origin": func(k key, o []byte) string {
			return edited(t, w.sign(&k, o), "clientDataJSON", func(b []byte) []byte { return bytes.Replace(b, []byte("{"), []byte(`{"crossOrigin":true,`), 1) })
		},
		"a handle": func(k key, o []byte) string {
			return edited(t, w.sign(&k, o), "userHandle", func([]byte) []byte { return other.auth.Options.UserHandle })
		},
		"nothing":     func(key, []byte) string { return "{}" },
		"two members": func(k key, o []byte) string { return strings.Replace(w.sign(&k, o), "{", `{"id":"AAAA",`, 1) },
		"two objects": func(k key, o []byte) string { return w.sign(&k, o) + w.sign(&k, o) },
		"a large one": func(key, []byte) string { return `{"id":"` + strings.Repeat("A", 1<<20) + `"}` },
		"cut off": func(k key, o []byte) string {
			return edited(t, w.sign(&k, o), "authenticatorData", func(b []byte) []byte { return b[:36] })
		},
		"nested":       func(key, []byte) string { return strings.Repeat("[", 20_000) },
		"another name": func(k key, o []byte) string { return strings.Replace(w.sign(&k, o), `"rawId":"`, `"rawId":"AAAA`, 1) },
	} {
		options, err := w.Begin(t.Context(), visitor(7), signIn(ann))
		w.ok(err)
		k.cred.Counter++
		err = w.prove(signIn(ann), twofactor.Answer{Key: forge(*k, options)})
		if !errors.Is(err, twofactor.ErrKey) || errs.Of(err).Msg != twofactor.ErrKey.Msg {
			t.Errorf("%s: %v", what, err)
		}
		w.pass(time.Minute)
	}
	if n := w.count(`SELECT COUNT(*) FROM security_keys WHERE sign_count > 0 OR locked_at IS NOT NULL`); n != 0 {
		t.Errorf("%d keys were touched", n)
	}
	w.ok(w.prove(signIn(ann), twofactor.Answer{Key: w.use(k, signIn(ann))}))
}

// edited changes a member of an answer's response.
func edited(t *testing.T, answer, member string, change func([]byte) []byte) string {
	t.Helper()
	var a map[string]any
	if err := json.Unmarshal([]byte(answer), &a); err != nil {
		t.Fatal(err)
	}
	r := a["response"].(map[string]any)
	text, _ := r[member].(string)
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	r[member] = base64.RawURLEncoding.EncodeToString(change(b))
	out, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestNewKeysThatAreRefused(t *testing.T) {
	w := sqlite(t)
	ann := w.person("ann")
	for what, forge := range map[string]func(*key){
		"another site":   func(k *key) { k.rp.Origin = "https://evil.test" },
		"another host":   func(k *key) { k.rp.ID = "example.com" },
		"nobody there":   func(k *key) { k.auth.Options.UserNotPresent = true },
		"backed up only": func(k *key) { k.auth.Options.BackupState = true },
		"a long id":      func(k *key) { k.cred.ID = bytes.Repeat([]byte("x"), 1024) },
		"no id":          func(k *key) { k.cred.ID = nil },
	} {
		k := w.newKey()
		forge(k)
		if _, err := w.FinishKey(t.Context(), ann, "", w.create(ann, k)); !errors.Is(err, twofactor.ErrKey) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for length := range 60 {
		k := w.newKey()
		cut := edited(t, w.create(ann, k), "attestationObject", func(b []byte) []byte { return b[:min(length, len(b))] })
		if _, err := w.FinishKey(t.Context(), ann, "", cut); !errors.Is(err, twofactor.ErrKey) {
			t.Errorf("cut at %d: %v", length, err)
		}
		w.pass(10 * time.Second)
		ann = w.fresh(ann)
	}
}

func TestKeyBelongsToOneAccount(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann, bob := w.person("ann"), w.person("bob")
		k := w.withKey(ann, "Blue")
		_, err := w.FinishKey(t.Context(), bob, "Mine", w.create(bob, k))
		w.is(err, twofactor.ErrKeyTaken)
		_, err = w.FinishKey(t.Context(), ann, "Again", w.create(ann, k))
		w.is(err, twofactor.ErrKeyTaken)
		// Two people who set the same key up at the same time: one gets it.
		both := w.newKey()
		cat := w.person("cat")
		for _, by := range []access.Actor{bob, cat} {
			_, err := w.FinishKey(t.Context(), by, "", w.create(by, both))
			w.ok(err)
			w.ok(w.Downloaded(t.Context(), by))
		}
		w.ok(w.saveWith(bob, ""))
		w.is(w.saveWith(cat, ""), twofactor.ErrKeyTaken)
		st, err := w.State(t.Context(), cat)
		w.ok(err)
		if st.On() {
			t.Error("it is on without a key")
		}
	})
}

func TestCounterThatGoesBackLocksTheKey(t *testing.T) {
	for _, row := range []struct {
		stored, next uint32
		ok           bool
	}{{0, 0, true}, {5, 6, true}, {0, 1, true}, {5, 5, false}, {5, 4, false}, {4294967295, 0, false}} {
		w := sqlite(t)
		ann := w.person("ann")
		k := w.withKey(ann, "Blue")
		_, err := w.db.Exec(t.Context(), `UPDATE security_keys SET sign_count = ?`, int64(row.stored))
		w.ok(err)
		w.mailed()
		k.cred.Counter = row.next - 1 // the next use is counted
		err = w.prove(signIn(ann), twofactor.Answer{Key: w.use(k, signIn(ann))})
		if row.ok {
			w.ok(err)
			continue
		}
		w.is(err, twofactor.ErrKey)
		if m := w.mailed(); !strings.Contains(m, `"Blue" was locked`) {
			t.Errorf("%d→%d mailed: %s", row.stored, row.next, m)
		}
		w.logged("factor.key_locked", 1)
		_, err = w.Begin(t.Context(), visitor(7), signIn(ann))
		w.is(err, twofactor.ErrNoKeys)
		st, err := w.State(t.Context(), ann)
		w.ok(err)
		w.ok(w.UnlockKey(t.Context(), w.fresh(ann), st.Keys[0].ID))
		k.cred.Counter = 10
		w.ok(w.prove(signIn(ann), twofactor.Answer{Key: w.use(k, signIn(ann))}))
	}
}

func TestCounterKeepsTheGreaterOfTwo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		k := w.withKey(ann, "Blue")
		k.cred.Counter = 6
		seven, err := w.Verify(t.Context(), visitor(7), signIn(ann), twofactor.Answer{Key: w.use(k, signIn(ann))})
		w.ok(err)
		eight, err := w.Verify(t.Context(), visitor(7), signIn(ann), twofactor.Answer{Key: w.use(k, signIn(ann))})
		w.ok(err)
		consume := func(p twofactor.Proof) error {
			return w.db.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return w.Consume(ctx, tx, visitor(7), p, "") })
		}
		w.ok(consume(eight))
		w.is(consume(seven), twofactor.ErrKey)
		if n := w.count(`SELECT sign_count FROM security_keys`); n != 8 {
			t.Errorf("the counter is %d", n)
		}
	})
}

func TestPasskeySignsInWithoutAName(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann, bob := w.person("ann"), w.person("bob")
		enter := twofactor.Place{Purpose: twofactor.ToEnter, Bind: "cookie"}
		k, other := w.withKey(ann, "Phone"), w.withKey(bob, "Phone")
		p, err := w.Verify(t.Context(), visitor(7), enter, twofactor.Answer{Key: w.use(k, enter)})
		w.ok(err)
		if p.UserID != ann.UserID {
			t.Error("somebody else came in")
		}
		for what, forge := range map[string]func(key, []byte) string{
			"without the person's check": func(k key, o []byte) string { k.auth.Options.UserNotVerified = true; return w.sign(&k, o) },
			"without a handle":           func(k key, o []byte) string { k.auth.Options.UserHandle = nil; return w.sign(&k, o) },
			"with another's handle": func(k key, o []byte) string {
				k.auth.Options.UserHandle = other.auth.Options.UserHandle
				return w.sign(&k, o)
			},
			"with a long handle": func(k key, o []byte) string { k.auth.Options.UserHandle = make([]byte, 65); return w.sign(&k, o) },
		} {
			options, err := w.Begin(t.Context(), visitor(7), enter)
			w.ok(err)
			k.cred.Counter++
			if err := w.prove(enter, twofactor.Answer{Key: forge(*k, options)}); !errors.Is(err, twofactor.ErrKey) {
				t.Errorf("%s: %v", what, err)
			}
		}
		// A key that has never checked its person replaces no password, whatever it says today; after a
		// password it may show that it can.
		_, err = w.db.Exec(t.Context(), `UPDATE security_keys SET user_verified = FALSE`)
		w.ok(err)
		w.is(w.prove(enter, twofactor.Answer{Key: w.use(k, enter)}), twofactor.ErrKey)
		w.ok(w.prove(signIn(ann), twofactor.Answer{Key: w.use(k, signIn(ann))}))
		w.ok(w.prove(enter, twofactor.Answer{Key: w.use(k, enter)}))
	})
}
