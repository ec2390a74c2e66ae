package registry_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/errs"
	"latchkey/internal/registry"
)

func TestDeprecation(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, leftPad("1.0.0"))
		w.mustPublish(w.ann, leftPad("2.0.0"))
		ctx := t.Context()
		if err := w.Deprecate(ctx, w.ann, "left-pad", w.rev("left-pad"), map[string]string{"1.0.0": "use \"2\"\u0000 <b>", "2.0.0": "", "9.0.0": "x"}); err != nil {
			t.Fatal(err)
		}
		for _, form := range []registry.Form{registry.Full, registry.Abbreviated} {
			doc := w.document(anonymous, "left-pad", form)
			var d struct {
				Versions map[string]struct{ Deprecated *string }
			}
			if err := json.Unmarshal([]byte(doc), &d); err != nil {
				t.Fatal(err)
			}
			if got := d.Versions["1.0.0"].Deprecated; got == nil || *got != "use \"2\" <b>" || d.Versions["2.0.0"].Deprecated != nil || len(d.Versions) != 2 {
				t.Error(doc)
			}
		}
		before := w.rev("left-pad")
		if err := w.Deprecate(ctx, w.ann, "left-pad", before, map[string]string{"1.0.0": "use \"2\" <b>"}); err != nil || w.rev("left-pad") != before {
			t.Error("the same again is a change:", err)
		}
		if n, err := w.DeprecateRange(ctx, w.ann, "left-pad", "*", "gone"); n != 2 || err != nil || strings.Count(w.document(anonymous, "left-pad", registry.Full), `"deprecated":"gone"`) != 2 {
			t.Error(err)
		}
		if n, err := w.DeprecateRange(ctx, w.ann, "left-pad", "*", ""); n != 2 || err != nil || strings.Contains(w.document(anonymous, "left-pad", registry.Full), "deprecated") {
			t.Error(err)
		}
		mustContain(t, w.events("left-pad"), "package.deprecated package.deprecated package.undeprecated")
	})
}

func TestWhoMayDeprecate(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, leftPad("1.0.0"))
		rev := w.rev("left-pad")
		w.mustPublish(w.ann, leftPad("1.1.0")) // meanwhile
		old := map[string]string{"1.0.0": "old"}
		readOnly, revoked := w.ann, w.ann
		readOnly.Grant = &access.Grant{TokenID: w.ann.Grant.TokenID, ReadOnly: true}
		revoked.Grant = &access.Grant{TokenID: "none"}
		for _, r := range []struct {
			what, rev string
			by        access.Actor
			messages  map[string]string
			want      error
		}{
			{"with an old revision", rev, w.ann, old, registry.ErrConflict},
			{"with none", "", w.ann, old, registry.ErrConflict},
			{"a stranger", w.rev("left-pad"), anonymous, old, access.ErrUnauthenticated},
			{"another", w.rev("left-pad"), w.bob, old, access.ErrForbidden},
			{"a read-only token", w.rev("left-pad"), readOnly, old, access.ErrTokenTooWeak},
			{"a token revoked meanwhile", w.rev("left-pad"), revoked, old, access.ErrUnauthenticated},
			{"a long message", w.rev("left-pad"), w.ann, map[string]string{"1.0.0": strings.Repeat("x", 1025)}, errs.New(errs.Invalid, "invalid.message", "")},
		} {
			if err := w.Deprecate(t.Context(), r.by, "left-pad", r.rev, r.messages); !errors.Is(err, r.want) {
				t.Errorf("%s: %v", r.what, err)
			}
		}
		if doc := w.document(anonymous, "left-pad", registry.Full); strings.Contains(doc, "deprecated") || !strings.Contains(doc, `"1.1.0":{`) {
			t.Error("a refused change was made:", doc)
		}
	})
}
