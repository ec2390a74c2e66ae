package twofactor_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/twofactor"
)

func TestKeysAreManagedByTheirOwnerAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann, bob := w.person("ann"), w.person("bob")
		w.withKey(ann, "Blue")
		w.withKey(bob, "Red")
		st, err := w.State(t.Context(), ann)
		w.ok(err)
		id := st.Keys[0].ID
		w.is(w.RenameKey(t.Context(), bob, id, "Mine"), twofactor.ErrNoKey)
		w.is(w.RemoveKey(t.Context(), bob, id), twofactor.ErrNoKey)
		w.is(w.UnlockKey(t.Context(), bob, id), twofactor.ErrNoKey)
		w.is(w.RemoveKey(t.Context(), ann, id), twofactor.ErrLast)
		w.withKey(ann, "")
		if err := w.RenameKey(t.Context(), ann, id, "security KEY 1"); errs.AsInvalid(err) == nil {
			t.Error("two keys have one name")
		}
		for _, name := range []string{"", strings.Repeat("x", 65), "a\u202eb", "a\x00b"} {
			if err := w.RenameKey(t.Context(), ann, id, name); errs.AsInvalid(err) == nil {
				t.Errorf("a key is named %q", name)
			}
		}
		w.ok(w.RenameKey(t.Context(), ann, id, "<img onerror>"))
		w.ok(w.RemoveKey(t.Context(), ann, id))
		w.is(w.RemoveKey(t.Context(), ann, id), twofactor.ErrNoKey)
		w.pass(access.SudoFor)
		st, err = w.State(t.Context(), ann)
		w.ok(err)
		w.is(w.RemoveKey(t.Context(), ann, st.Keys[0].ID), access.ErrSudo)
		_, err = w.BeginKey(t.Context(), ann)
		w.is(err, access.ErrSudo)
		_, err = w.FinishKey(t.Context(), ann, "", "{}")
		w.is(err, access.ErrSudo)
	})
}

func TestTwentyFiveKeysAreEnough(t *testing.T) {
	w := sqlite(t)
	ann := w.person("ann")
	for range 25 {
		w.withKey(ann, "")
		w.pass(2 * time.Second)
	}
	_, err := w.BeginKey(t.Context(), ann)
	w.is(err, twofactor.ErrTooManyKeys)
}

func TestTurningOffRemovesEverything(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		_, codes := w.withApp(ann)
		ann = w.fresh(ann)
		w.withKey(ann, "Blue")
		w.ok(w.SetMode(t.Context(), ann, access.AuthOnly))
		if err := w.SetMode(t.Context(), ann, "never"); errs.AsInvalid(err) == nil {
			t.Error("another mode was set")
		}
		w.mailed()
		w.ok(w.TurnOff(t.Context(), ann))
		st, err := w.State(t.Context(), ann)
		w.ok(err)
		if st.On() || len(st.Keys) > 0 || st.App != nil || st.CodesLeft > 0 {
			t.Errorf("left: %+v", st)
		}
		w.is(w.prove(signIn(ann), twofactor.Answer{Code: codes[0]}), twofactor.ErrCode)
		w.is(w.TurnOff(t.Context(), ann), twofactor.ErrOff)
		w.is(w.SetMode(t.Context(), ann, access.AuthOnly), twofactor.ErrOff)
		if m := w.mailed(); !strings.Contains(m, "turned off") {
			t.Error("mailed: ", m)
		}
		w.logged("factor.mode_changed", 1)
	})
}

func TestSignedOutBrowserChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		w.withApp(ann)
		w.ok(w.accounts.SignOut(t.Context(), ann))
		ann = w.fresh(ann)
		w.is(w.TurnOff(t.Context(), ann), access.ErrUnauthenticated)
		w.is(w.RemoveApp(t.Context(), ann), access.ErrUnauthenticated)
		w.is(w.NewCodes(t.Context(), ann), access.ErrUnauthenticated)
	})
}

func TestAddressesThatKeysWorkFor(t *testing.T) {
	for address, works := range map[string]bool{
		"https://registry.example.com/": true, "https://registry.example.com:8443/": true, "http://localhost:4873/": true,
		"http://registry.example.com/": false, "https://10.0.0.1/": false, "https://[::1]/": false, "https://registry/": false,
	} {
		s, err := twofactor.New(nil, time.Now, nil, nil, &config.Config{URL: address, Name: "x"})
		if err != nil || s.KeysWork() != works {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := twofactor.New(nil, time.Now, nil, nil, &config.Config{URL: "https://co.uk/", Name: "x"}); err == nil {
		t.Error("keys are made for everybody under co.uk")
	}
}
