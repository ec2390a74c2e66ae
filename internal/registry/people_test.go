package registry_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/npmpack"
	"latchkey/internal/registry"
)

// browser is somebody who acts in the portal.
func browser(by access.Actor) access.Actor {
	by.Via, by.Grant, by.SessionID = access.ViaBrowser, nil, "session"
	return by
}

// join makes somebody a maintainer of ann's package.
func (w *world) join(name string, by access.Actor) {
	w.t.Helper()
	if err := w.InviteMaintainer(w.t.Context(), w.ann, name, by.Name); err != nil {
		w.t.Fatal(err)
	}
	for _, i := range must(w.Invitations(w.t.Context(), browser(by))) {
		if i.Package == name {
			if _, err := w.AnswerInvitation(w.t.Context(), browser(by), i.ID, true); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

func (w *world) maintainers(name string) string {
	w.t.Helper()
	return strings.Join(must(w.Maintainers(w.t.Context(), w.ann, name)), " ")
}

func TestAddedMaintainerIsAskedFirst(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, leftPad("1.0.0"))
		invited, err := w.SetMaintainers(t.Context(), w.ann, "left-pad", w.rev("left-pad"), []string{"bob", "ann", "bob"})
		if err != nil || fmt.Sprint(invited) != "[bob]" {
			t.Fatal(invited, err)
		}
		if got := w.maintainers("left-pad"); got != "ann" {
			t.Error("before the answer:", got)
		}
		if _, err := w.publish(w.bob, leftPad("1.0.1")); !errors.Is(err, access.ErrForbidden) {
			t.Error("before the answer:", err)
		}
		if got := w.mails("bob"); fmt.Sprint(got) != "[ann asks you to maintain left-pad]" {
			t.Error(got)
		}
		list := must(w.Invitations(t.Context(), browser(w.bob)))
		if len(list) != 1 || list[0].Package != "left-pad" || list[0].InvitedBy != "ann" || list[0].Description != "pads 1.0.0" {
			t.Fatal(list)
		}
		unverified := browser(w.bob)
		unverified.EmailVerified = false
		for what, r := range map[string]struct {
			by   access.Actor
			id   string
			want errs.Kind
		}{
			"by the one who asked": {browser(w.ann), list[0].ID, errs.NotFound}, "with a token": {w.bob, list[0].ID, errs.Forbidden},
			"a stranger": {anonymous, list[0].ID, errs.Unauthenticated}, "another id": {browser(w.bob), "x", errs.NotFound}, "unverified": {unverified, list[0].ID, errs.Forbidden},
		} {
			if _, err := w.AnswerInvitation(t.Context(), r.by, r.id, true); errs.Of(err).Kind != r.want {
				t.Errorf("%s: %v", what, err)
			}
		}
		if name, err := w.AnswerInvitation(t.Context(), browser(w.bob), list[0].ID, true); err != nil || name != "left-pad" {
			t.Fatal(name, err)
		}
		if got := w.maintainers("left-pad"); got != "ann bob" {
			t.Error(got)
		}
		mustContain(t, w.document(anonymous, "left-pad", registry.Full), `"maintainers":[{"name":"ann","email":""},{"name":"bob","email":""}]`)
		w.mustPublish(w.bob, leftPad("1.0.1"))
		if got := w.mails("ann"); fmt.Sprint(got) != "[bob now maintains left-pad]" {
			t.Error(got)
		}
		mustContain(t, w.events("left-pad"), "maintainer.invited maintainer.joined package.published")
	})
}

func TestRemovedMaintainerIsOutAtOnce(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, leftPad("1.0.0"))
		w.join("left-pad", w.bob)
		cid := person(t, w.db, "cid")
		if err := w.InviteMaintainer(t.Context(), w.bob, "left-pad", "cid"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.SetMaintainers(t.Context(), w.ann, "left-pad", w.rev("left-pad"), []string{"ann"}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.publish(w.bob, leftPad("1.0.1")); !errors.Is(err, access.ErrForbidden) {
			t.Error("bob still publishes:", err)
		}
		if got := w.mails("bob"); len(got) == 0 || got[0] != "bob no longer maintains left-pad" {
			t.Error(got)
		}
		if list := must(w.Invitations(t.Context(), browser(cid))); len(list) != 0 {
			t.Error("what bob asked of cid still stands:", list)
		}
		for what, err := range map[string]error{
			"the last, by list":           second(w.SetMaintainers(t.Context(), w.ann, "left-pad", w.rev("left-pad"), nil)),
			"the last, by name":           w.RemoveMaintainer(t.Context(), w.ann, "left-pad", "ann"),
			"the last, with others asked": second(w.SetMaintainers(t.Context(), w.ann, "left-pad", w.rev("left-pad"), []string{"bob"})),
		} {
			if !errors.Is(err, registry.ErrLastMaintainer) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if list := must(w.Invitations(t.Context(), browser(w.bob))); len(list) != 0 {
			t.Error("a refused change asked somebody:", list)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestWhoMayChangeMaintainers(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, leftPad("1.0.0"))
		w.mustPublish(w.ann, npmpack.Package{Name: "@ann/hidden", Version: "1.0.0", Access: "restricted"})
		ctx := t.Context()
		for _, r := range []struct {
			what string
			err  error
			want error
		}{
			{"a stranger", w.InviteMaintainer(ctx, anonymous, "left-pad", "bob"), access.ErrUnauthenticated},
			{"another", w.InviteMaintainer(ctx, w.bob, "left-pad", "bob"), access.ErrForbidden},
			{"another, hidden", w.InviteMaintainer(ctx, w.bob, "@ann/hidden", "bob"), access.ErrHidden},
			{"another removes", w.RemoveMaintainer(ctx, w.bob, "left-pad", "ann"), access.ErrForbidden},
			{"nobody of that name", w.InviteMaintainer(ctx, w.ann, "left-pad", "nobody"), registry.ErrNoPerson},
			{"who is one", w.InviteMaintainer(ctx, w.ann, "left-pad", "ann"), nil},
			{"who is none", w.RemoveMaintainer(ctx, w.ann, "left-pad", "bob"), registry.ErrNotMaintainer},
			{"with no revision", second(w.SetMaintainers(ctx, w.ann, "left-pad", "undefined", []string{"bob"})), registry.ErrConflict},
			{"with an old revision", second(w.SetMaintainers(ctx, w.ann, "left-pad", "0-0", []string{"ann", "bob"})), registry.ErrConflict},
			{"asked", w.InviteMaintainer(ctx, w.ann, "@ann/hidden", "bob"), nil},
			{"asked again", w.InviteMaintainer(ctx, w.ann, "@ann/hidden", "bob"), nil},
		} {
			if !errors.Is(r.err, r.want) {
				t.Errorf("%s: %v", r.what, r.err)
			}
		}
		list := must(w.Invitations(ctx, browser(w.bob)))
		if len(list) != 1 {
			t.Fatal(list)
		}
		if _, err := w.Document(ctx, w.bob, "@ann/hidden", registry.Full); !errors.Is(err, access.ErrHidden) {
			t.Error("an invitation shows the package:", err)
		}
		if err := w.RemoveMaintainer(ctx, w.ann, "@ann/hidden", "bob"); err != nil {
			t.Error("taking it back:", err)
		}
		if _, err := w.AnswerInvitation(ctx, browser(w.bob), list[0].ID, true); errs.Of(err).Code != "registry.no_invitation" {
			t.Error("one that was taken back:", err)
		}
	})
}

func TestInvitationsEndAndAreAnsweredOnce(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, leftPad("1.0.0"))
		ask := func() string {
			t.Helper()
			if err := w.InviteMaintainer(t.Context(), w.ann, "left-pad", "bob"); err != nil {
				t.Fatal(err)
			}
			return must(w.Invitations(t.Context(), browser(w.bob)))[0].ID
		}
		id := ask()
		if _, err := w.AnswerInvitation(t.Context(), browser(w.bob), id, false); err != nil {
			t.Fatal(err)
		}
		id = ask()
		w.clock = w.clock.Add(registry.InvitationLife)
		if _, err := w.AnswerInvitation(t.Context(), browser(w.bob), id, true); errs.Of(err).Kind != errs.NotFound {
			t.Error("after its time:", err)
		}
		if err := w.SweepInvitations(t.Context()); err != nil || w.rows("maintainer_invitations") != 0 {
			t.Error(err)
		}
		id = ask()
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for range 20 {
			wg.Go(func() {
				if _, err := w.AnswerInvitation(t.Context(), browser(w.bob), id, true); err == nil {
					mu.Lock()
					won++
					mu.Unlock()
				} else if errs.Of(err).Kind != errs.NotFound {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won != 1 || w.maintainers("left-pad") != "ann bob" {
			t.Error(won, w.maintainers("left-pad"))
		}
		mustContain(t, w.events("left-pad"), "maintainer.invited maintainer.declined maintainer.invited")
	})
}

func TestInvitationsDoNotFloodAnybody(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t).Open(t), config.Limits{
		MaxTarball: 1 << 20, MaxUnpacked: 8 << 20, MaxManifest: 1 << 20, MaxVersions: 100, MaxDocument: 1 << 20, CacheBytes: 1 << 20, PublishesAtOnce: 4, ReadmeBytes: 1 << 10,
		MailRate: config.Rate{N: 2, Per: time.Hour}, PublishRate: config.Rate{N: 6, Per: time.Hour},
	})
	w.mustPublish(w.ann, leftPad("1.0.0"))
	for i := range 6 {
		if err := w.InviteMaintainer(t.Context(), w.ann, "left-pad", "bob"); err != nil {
			t.Fatal(i, err)
		}
	}
	if got := w.mails("bob"); len(got) != 2 {
		t.Error(got)
	}
	if err := w.InviteMaintainer(t.Context(), w.ann, "left-pad", "bob"); errs.Of(err).Kind != errs.RateLimited {
		t.Error(err)
	}
}

func TestStars(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, leftPad("1.0.0"))
		w.mustPublish(w.ann, npmpack.Package{Name: "@ann/hidden", Version: "1.0.0", Access: "restricted"})
		ctx := t.Context()
		readOnly := w.bob
		readOnly.Grant = &access.Grant{ReadOnly: true}
		for _, r := range []struct {
			what string
			err  error
			want error
		}{
			{"a stranger", w.Star(ctx, anonymous, "left-pad", true), access.ErrUnauthenticated},
			{"a read-only token", w.Star(ctx, readOnly, "left-pad", true), access.ErrTokenTooWeak},
			{"hidden", w.Star(ctx, w.bob, "@ann/hidden", true), access.ErrHidden},
			{"absent", w.Star(ctx, w.bob, "absent", true), registry.ErrNotFound},
			{"bob", w.Star(ctx, w.bob, "left-pad", true), nil},
			{"bob again", w.Star(ctx, w.bob, "left-pad", true), nil},
			{"ann", w.Star(ctx, w.ann, "left-pad", true), nil},
			{"ann, hidden", w.Star(ctx, w.ann, "@ann/hidden", true), nil},
		} {
			if !errors.Is(r.err, r.want) {
				t.Errorf("%s: %v", r.what, r.err)
			}
		}
		mustContain(t, w.document(anonymous, "left-pad", registry.Full), `"users":{"ann":true,"bob":true}`, `"modified":"2026-01-02T03:04:06.000Z"`, `"_rev":"3-`)
		if got := must(w.Starred(ctx, anonymous, "ann")); fmt.Sprint(got) != "[left-pad]" {
			t.Error("what a stranger sees:", got)
		}
		if got := must(w.Starred(ctx, w.ann, "ann")); fmt.Sprint(got) != "[@ann/hidden left-pad]" {
			t.Error("what ann sees:", got)
		}
		if err := w.Star(ctx, w.bob, "left-pad", false); err != nil {
			t.Fatal(err)
		}
		mustContain(t, w.document(anonymous, "left-pad", registry.Full), `"users":{"ann":true}`)
		mustContain(t, w.events("left-pad"), "package.starred package.starred package.unstarred")
	})
}

func TestVisibility(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, leftPad("1.0.0"))
		w.mustPublish(w.ann, npmpack.Package{Name: "@ann/shared", Version: "1.0.0"})
		w.join("@ann/shared", w.bob)
		ctx := t.Context()
		for _, r := range []struct {
			what, name, to string
			by             access.Actor
			want           error
		}{
			{"a stranger", "@ann/shared", "restricted", anonymous, access.ErrUnauthenticated},
			{"another maintainer", "@ann/shared", "restricted", w.bob, access.ErrForbidden},
			{"another", "left-pad", "restricted", w.bob, access.ErrForbidden},
			{"without a scope", "left-pad", "restricted", w.ann, registry.ErrUnscoped},
			{"public already", "left-pad", "public", w.ann, nil},
			{"nonsense", "@ann/shared", "secret", w.ann, errs.New(errs.Invalid, "registry.access", "")},
			{"its owner", "@ann/shared", "restricted", w.ann, nil},
		} {
			if err := w.SetAccess(ctx, r.by, r.name, r.to); !errors.Is(err, r.want) {
				t.Errorf("%s: %v", r.what, err)
			}
		}
		if _, err := w.Document(ctx, anonymous, "@ann/shared", registry.Full); !errors.Is(err, access.ErrHidden) {
			t.Error("still seen:", err)
		}
		if private, err := w.Private(ctx, w.bob, "@ann/shared"); err != nil || !private {
			t.Error(private, err)
		}
		if err := w.SetAccess(ctx, w.ann, "@ann/shared", "public"); err != nil {
			t.Fatal(err)
		}
		if private, err := w.Private(ctx, anonymous, "@ann/shared"); err != nil || private {
			t.Error(private, err)
		}
		mustContain(t, w.events("@ann/shared"), "package.access_changed package.access_changed")
	})
}
