package registry_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/errs"
	"latchkey/internal/npmpack"
	"latchkey/internal/registry"
)

func TestSettingsAreForThoseWhoMayChangeThePackage(t *testing.T) {
	each(t, func(w *world) {
		ctx := t.Context()
		w.mustPublish(w.ann, npmpack.Package{Name: "@ann/tool", Version: "1.0.0", Access: "restricted"})
		w.mustPublish(w.ann, npmpack.Package{Name: "@ann/tool", Version: "1.1.0-rc.1"})
		w.mustPublish(w.ann, npmpack.Package{Name: "@ann/tool", Version: "2.0.0"})
		if n, err := w.DeprecateRange(ctx, w.ann, "@ann/tool", "<2", "old"); n != 2 || err != nil {
			t.Fatal(n, err)
		}
		if err := w.InviteMaintainer(ctx, w.ann, "@ann/tool", "bob"); err != nil {
			t.Fatal(err)
		}
		got := must(w.Settings(ctx, w.ann, "@ann/tool"))
		if !got.Private || got.Scope != "ann" || got.NoAccess+got.NoMaintain+got.NoUnpublish != "" || len(got.Maintainers) != 1 ||
			len(got.Asked) != 1 || got.Asked[0].Name != "bob" || got.Asked[0].By != "ann" ||
			fmt.Sprint(got.Deprecated) != "[{old 1.1.0-rc.1 1.0.0 2}]" {
			t.Errorf("%+v", got)
		}
		if _, err := w.Settings(ctx, w.bob, "@ann/tool"); !errors.Is(err, access.ErrHidden) {
			t.Error("bob, before he accepted:", err)
		}
		w.join("@ann/tool", w.bob)
		if got := must(w.Settings(ctx, w.bob, "@ann/tool")); got.NoAccess == "" || got.NoMaintain != "" {
			t.Errorf("bob decides over ann's scope: %+v", got)
		}
		held := w.ann
		held.Hold = access.Hold{Until: time.Now().Add(100 * time.Hour), Reason: access.HeldAfterRecoveryCode}
		if got := must(w.Settings(ctx, held, "@ann/tool")); !strings.Contains(got.NoUnpublish, "read-only") || got.NoAccess == "" {
			t.Errorf("a held account: %+v", got)
		}
		w.mustPublish(w.ann, leftPad("1.0.0"))
		if _, err := w.Settings(ctx, w.bob, "left-pad"); !errors.Is(err, access.ErrForbidden) {
			t.Error("of a public package:", err)
		}
	})
}

func TestDeprecationByRange(t *testing.T) {
	each(t, func(w *world) {
		ctx := t.Context()
		for _, v := range []string{"1.0.0", "1.5.0", "2.0.0-beta.1", "2.0.0"} {
			w.mustPublish(w.ann, leftPad(v))
		}
		for _, r := range []struct {
			text string
			n    int
		}{{"1.0.0", 1}, {"1.x", 2}, {"<2.0.0", 3}, {"^1.2.0 || 2.0.0", 2}, {"*", 4}} {
			if n, err := w.DeprecateRange(ctx, w.ann, "left-pad", r.text, "because of "+r.text); n != r.n || err != nil {
				t.Errorf("%s: %d, %v", r.text, n, err)
			}
		}
		for text, want := range map[string]string{
			"": "range", "one point oh": "range", "3.x": "range", strings.Repeat("1", 300): "range", "1.0.0": "message",
		} {
			message := "x"
			if want == "message" {
				message = strings.Repeat("x", 1025)
			}
			_, err := w.DeprecateRange(ctx, w.ann, "left-pad", text, message)
			if e := errs.AsInvalid(err); e == nil || e.Fields[want] == "" {
				t.Errorf("%q: %v", text, err)
			}
		}
		if _, err := w.DeprecateRange(ctx, w.bob, "left-pad", "*", ""); !errors.Is(err, access.ErrForbidden) {
			t.Error(err)
		}
	})
}

func TestImpactSaysWhatDeletingWouldDo(t *testing.T) {
	each(t, func(w *world) {
		ctx := t.Context()
		for _, v := range []string{"1.0.0", "1.1.0", "1.2.0"} {
			w.mustPublish(w.ann, leftPad(v))
		}
		if err := w.SetTag(ctx, w.ann, "left-pad", "next", "1.2.0"); err != nil {
			t.Fatal(err)
		}
		got := must(w.Impact(ctx, w.ann, "left-pad", "1.2.0"))
		if got.Latest != "1.1.0" || fmt.Sprint(got.Tags) != "[next]" || got.Versions != 1 || got.Refused != "" || got.Revision != w.rev("left-pad") {
			t.Errorf("%+v", got)
		}
		if got := must(w.Impact(ctx, w.ann, "left-pad", "")); got.Versions != 3 || got.Latest != "" || got.Refused != "" {
			t.Errorf("%+v", got)
		}
		for i := range 7 {
			w.mustPublish(w.bob, npmpack.Package{Name: fmt.Sprintf("user-%d", i), Version: "1.0.0", Manifest: map[string]any{"dependencies": map[string]string{"left-pad": "1"}}})
		}
		w.mustPublish(w.bob, npmpack.Package{Name: "@bob/hidden", Version: "1.0.0", Access: "restricted", Manifest: map[string]any{"dependencies": map[string]string{"left-pad": "1"}}})
		got = must(w.Impact(ctx, w.ann, "left-pad", "1.0.0"))
		if got.DependentCount != 7 || fmt.Sprint(got.Dependents) != "[user-0 user-1 user-2 user-3 user-4]" || !strings.Contains(got.Refused, "user-0 depends on it") {
			t.Errorf("%+v", got)
		}
		if _, err := w.Impact(ctx, w.ann, "left-pad", "9.9.9"); !errors.Is(err, registry.ErrVersionNotFound) {
			t.Error(err)
		}
		if _, err := w.Impact(ctx, w.bob, "left-pad", ""); !errors.Is(err, access.ErrForbidden) {
			t.Error(err)
		}
		w.mustPublish(w.bob, npmpack.Package{Name: "single", Version: "1.0.0"})
		if got := must(w.Impact(ctx, w.bob, "single", "1.0.0")); !strings.Contains(got.Refused, "No version would be left") {
			t.Errorf("%+v", got)
		}
	})
}

func TestOneVersionIsUnpublishedAsItWasLookedAt(t *testing.T) {
	each(t, func(w *world) {
		ctx := t.Context()
		w.mustPublish(w.ann, leftPad("1.0.0"))
		w.mustPublish(w.ann, leftPad("1.1.0"))
		seen := w.rev("left-pad")
		w.mustPublish(w.ann, leftPad("1.2.0"))
		if err := w.UnpublishVersion(ctx, w.ann, "left-pad", seen, "1.1.0"); !errors.Is(err, registry.ErrConflict) {
			t.Error(err)
		}
		if err := w.UnpublishVersion(ctx, w.ann, "left-pad", w.rev("left-pad"), "1.1.0"); err != nil {
			t.Error(err)
		}
		if list := must(w.Versions(ctx, anonymous, "left-pad", 0)); len(list) != 2 || list[0].Version != "1.2.0" {
			t.Error(list)
		}
	})
}
