package twofactor_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/errs"
	"latchkey/internal/twofactor"
)

var gift = access.Deed{Action: access.PackagePublish, Package: "gift", Version: "1.0.0", Digest: "sha512-a"}

var npmPublish = twofactor.Terminal{Command: "publish", Run: "0123456789abcdef", Package: "gift", Browser: true}

// approved asks, approves with a key and returns the code that the terminal is handed.
func (w *world) approved(ann, cli access.Actor, k *key, d access.Deed, t twofactor.Terminal, cover twofactor.Cover) string {
	w.t.Helper()
	a, err := w.Ask(w.t.Context(), cli, d, t)
	w.ok(err)
	if _, waits, err := w.Poll(w.t.Context(), cli, a.Poll); err != nil || !waits {
		w.t.Fatalf("before the answer: %v %v", waits, err)
	}
	typed, err := w.Approve(w.t.Context(), ann, a.ID, twofactor.Answer{Key: w.use(k, twofactor.ApprovalPlace(ann, a.ID))}, cover)
	w.ok(err)
	if !t.Browser {
		return typed
	}
	code, waits, err := w.Poll(w.t.Context(), cli, a.Poll)
	if err != nil || waits {
		w.t.Fatalf("after the answer: %v %v", waits, err)
	}
	return code
}

func TestApprovalIsForOneActOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		k := w.withKey(ann, "Blue")
		cli, other := w.terminal(ann, "publish"), w.terminal(ann, "publish")
		code := w.approved(ann, cli, k, gift, npmPublish, twofactor.CoverAct)
		_, err := w.Present(t.Context(), other, npmPublish, code) // another token of hers
		w.is(err, twofactor.ErrOneTime)
		by, err := w.Present(t.Context(), cli, npmPublish, code)
		w.ok(err)
		if !by.Verified || by.Only == nil || *by.Only != gift || by.Covers(gift) != nil {
			t.Fatalf("%+v", by)
		}
		if err := access.Check(by, access.PackageTag, access.Facts{Standing: access.Owner}, w.now()); !errors.Is(err, access.ErrSecondFactor) {
			t.Error("it is good for a tag too:", err)
		}
		swapped := gift
		swapped.Digest = "sha512-b"
		w.is(by.Covers(swapped), access.ErrSecondFactor)
		_, err = w.Present(t.Context(), cli, npmPublish, code)
		w.is(err, twofactor.ErrOneTime)
		by, err = w.Present(t.Context(), cli, npmPublish, "")
		w.ok(err)
		if by.Verified {
			t.Error("something was remembered")
		}
		w.logged("confirmation.approved", 1)
		w.logged("confirmation.used", 1)
	})
}

func TestOfFiftyUsesOfACodeOneCounts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		k := w.withKey(ann, "Blue")
		cli := w.terminal(ann, "publish")
		code := w.approved(ann, cli, k, gift, npmPublish, twofactor.CoverAct)
		if won := race(func(int) error { _, err := w.Present(t.Context(), cli, npmPublish, code); return err }); won != 1 {
			t.Errorf("it counted %d times", won)
		}
	})
}

func TestQuestionIsItsOwnersAndAnsweredOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann, bob := w.person("ann"), w.person("bob")
		k, other := w.withKey(ann, "Blue"), w.withKey(bob, "Red")
		cli := w.terminal(ann, "publish")
		a, err := w.Ask(t.Context(), cli, gift, npmPublish)
		w.ok(err)
		_, err = w.Question(t.Context(), bob, a.ID)
		w.is(err, twofactor.ErrConfirmation)
		_, err = w.Approve(t.Context(), bob, a.ID, twofactor.Answer{Key: w.use(other, twofactor.ApprovalPlace(bob, a.ID))}, "")
		w.is(err, twofactor.ErrConfirmation)
		w.is(w.Deny(t.Context(), bob, a.ID), twofactor.ErrConfirmation)
		for _, id := range []string{"", a.Poll, a.Poll[:26], "x"} {
			_, err = w.Question(t.Context(), ann, id)
			w.is(err, twofactor.ErrConfirmation)
		}
		_, _, err = w.Poll(t.Context(), cli, a.ID)
		w.is(err, twofactor.ErrConfirmation)
		q, err := w.Question(t.Context(), ann, a.ID)
		w.ok(err)
		if q.Deed != gift || q.Command != "publish" || q.IP != "198.51.100.9" || q.TokenName != "laptop" || q.State != twofactor.Pending {
			t.Errorf("%+v", q)
		}
		w.ok(w.Deny(t.Context(), ann, a.ID))
		_, err = w.Approve(t.Context(), ann, a.ID, twofactor.Answer{Key: w.use(k, twofactor.ApprovalPlace(ann, a.ID))}, "")
		w.is(err, twofactor.ErrConfirmation)
		_, _, err = w.Poll(t.Context(), cli, a.Poll)
		w.is(err, twofactor.ErrConfirmation)
		w.logged("confirmation.denied", 1)

		late, err := w.Ask(t.Context(), cli, gift, npmPublish)
		w.ok(err)
		w.pass(5*time.Minute + time.Second)
		_, _, err = w.Poll(t.Context(), cli, late.Poll)
		w.is(err, twofactor.ErrConfirmation)
		_, err = w.Question(t.Context(), ann, late.ID)
		w.is(err, twofactor.ErrConfirmation)
	})
}

func TestFiveMinutesForOneCommandAndPackage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		k := w.withKey(ann, "Blue")
		cli, other := w.terminal(ann, "publish"), w.terminal(ann, "publish")
		w.approved(ann, cli, k, gift, npmPublish, twofactor.CoverPackage)
		covered := func(by access.Actor, change func(*twofactor.Terminal, *access.Actor)) bool {
			term := npmPublish
			change(&term, &by)
			by, err := w.Present(t.Context(), by, term, "")
			w.ok(err)
			return by.Verified && access.Check(by, access.PackagePublish, access.Facts{Standing: access.Owner}, w.now()) == nil
		}
		same := func(*twofactor.Terminal, *access.Actor) {}
		if !covered(cli, same) || !covered(cli, func(t *twofactor.Terminal, _ *access.Actor) { t.Run = "fedcba9876543210" }) {
			t.Error("the same is asked again")
		}
		if covered(other, same) || covered(cli, func(t *twofactor.Terminal, _ *access.Actor) { t.Package = "other" }) ||
			covered(cli, func(t *twofactor.Terminal, _ *access.Actor) { t.Command = "deprecate" }) ||
			covered(cli, func(_ *twofactor.Terminal, by *access.Actor) { by.IP = visitor(1).IP }) {
			t.Error("another token, package, command or address is not asked")
		}
		w.pass(4 * time.Minute)
		if !covered(cli, same) {
			t.Error("asked again after four minutes")
		}
		w.pass(time.Minute)
		if covered(cli, same) {
			t.Error("not asked after five minutes")
		}
		w.approved(ann, cli, k, gift, npmPublish, twofactor.CoverPackage)
		w.ok(w.accounts.SignOut(t.Context(), ann))
		if covered(cli, same) {
			t.Error("not asked after the browser was signed out")
		}
	})
}

func TestOneProofForARunOfWorkspaces(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		secret, _ := w.withApp(ann)
		k := w.withKey(w.fresh(ann), "Blue")
		cli := w.terminal(ann, "publish")
		all := npmPublish
		all.Workspaces = true
		w.approved(ann, cli, k, gift, all, twofactor.CoverRun)
		for _, pkg := range []string{"one", "two"} {
			all.Package = pkg
			if by, err := w.Present(t.Context(), cli, all, ""); err != nil || !by.Verified {
				t.Errorf("%s is asked for: %v", pkg, err)
			}
		}
		next := all
		next.Run = "aaaabbbbccccdddd"
		if by, err := w.Present(t.Context(), cli, next, ""); err != nil || by.Verified {
			t.Error("the next run is not asked")
		}
		code := w.code(secret, 0) // npm publish --workspaces --otp sends one code with each package
		for _, pkg := range []string{"one", "two", "three"} {
			next.Package = pkg
			if by, err := w.Present(t.Context(), cli, next, code); err != nil || !by.Verified {
				t.Errorf("%s: %v", pkg, err)
			}
		}
		next.Run = "bbbbccccddddeeee"
		_, err := w.Present(t.Context(), cli, next, code)
		w.is(err, twofactor.ErrOneTime)
		single := npmPublish
		single.Run = "ccccddddeeeeffff"
		w.pass(time.Minute)
		code = w.code(secret, 0)
		_, err = w.Present(t.Context(), cli, single, code)
		w.ok(err)
		_, err = w.Present(t.Context(), cli, single, code)
		w.is(err, twofactor.ErrOneTime)
		_, err = w.Ask(t.Context(), cli, gift, single)
		w.ok(err)
	})
}

func TestUnpublishIsTwoWrites(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		k := w.withKey(ann, "Blue")
		cli := w.terminal(ann, "publish")
		d := access.Deed{Action: access.PackageTag, Package: "gift", Request: "r"}
		term := npmPublish
		term.Command = "unpublish"
		code := w.approved(ann, cli, k, d, term, twofactor.CoverAct)
		for i, want := range []error{nil, nil, twofactor.ErrOneTime} {
			if _, err := w.Present(t.Context(), cli, term, code); !errors.Is(err, want) {
				t.Errorf("write %d: %v", i+1, err)
			}
		}
	})
}

func TestCodeToTypeIntoOlderClients(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		k := w.withKey(ann, "Blue")
		cli := w.terminal(ann, "publish")
		old := npmPublish
		old.Browser = false
		code := w.approved(ann, cli, k, gift, old, twofactor.CoverAct)
		if len(code) != 8 {
			t.Fatalf("the page shows %q", code)
		}
		by, err := w.Present(t.Context(), cli, old, code)
		w.ok(err)
		if by.Covers(gift) != nil {
			t.Errorf("%+v", by)
		}
		_, err = w.Present(t.Context(), cli, old, code)
		w.is(err, twofactor.ErrOneTime)
	})
}

func TestMachinesAndAccountsWithoutAFactorAreNotAsked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann, bob := w.person("ann"), w.person("bob")
		_, codes := w.withApp(ann)
		for _, by := range []access.Actor{w.terminal(ann, "automation"), w.terminal(bob, "publish"), ann} {
			if got, err := w.Present(t.Context(), by, npmPublish, "garbage"); err != nil || got.Verified {
				t.Errorf("%s: %v", by.Name, err)
			}
		}
		cli := w.terminal(ann, "publish")
		_, err := w.Present(t.Context(), cli, npmPublish, codes[0])
		if e := errs.Of(err); e.Kind != errs.SecondFactor {
			t.Error("a recovery code in the terminal:", err)
		}
		_, err = w.Ask(t.Context(), w.terminal(ann, "automation"), gift, npmPublish)
		w.is(err, access.ErrTokenUnattended)
		for range 20 {
			_, err = w.Ask(t.Context(), cli, gift, npmPublish)
			w.ok(err)
		}
		_, err = w.Ask(t.Context(), cli, gift, npmPublish)
		w.is(err, twofactor.ErrWaiting)
	})
}

// Who found a recovery code gets in with it and then changes nothing for a while: it must not publish first.
func TestRecoveryCodeConfirmsNoCommand(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		_, codes := w.withApp(ann)
		a, err := w.Ask(t.Context(), w.terminal(ann, "publish"), gift, npmPublish)
		w.ok(err)
		_, err = w.Approve(t.Context(), ann, a.ID, twofactor.Answer{Code: codes[0]}, twofactor.CoverAct)
		if e := errs.AsInvalid(err); e == nil || !strings.Contains(e.Fields["code"], "does not confirm commands") {
			t.Error(err)
		}
		w.ok(w.prove(signIn(ann), twofactor.Answer{Code: codes[0]})) // and it was not used up
	})
}
