package registry_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/errs"
	"latchkey/internal/npmpack"
	"latchkey/internal/registry"
)

// keep is the list of versions that stay.
func keep(versions ...string) map[string]string {
	m := map[string]string{}
	for _, v := range versions {
		m[v] = ""
	}
	return m
}

func TestUnpublishedVersionIsGoneForEver(t *testing.T) {
	each(t, func(w *world) {
		for _, v := range []string{"1.0.0", "1.1.0", "2.0.0-beta.1", "1.10.0"} {
			w.mustPublish(w.ann, leftPad(v))
		}
		if err := w.SetTag(t.Context(), w.ann, "left-pad", "old", "1.1.0"); err != nil {
			t.Fatal(err)
		}
		rest := keep("1.0.0", "1.1.0", "2.0.0-beta.1")
		if err := w.UnpublishVersions(t.Context(), w.ann, "left-pad", w.rev("left-pad"), rest); err != nil {
			t.Fatal(err)
		}
		doc := w.document(anonymous, "left-pad", registry.Full)
		if strings.Contains(doc, "1.10.0") {
			t.Error("still in the document:", doc)
		}
		mustContain(t, doc, `"dist-tags":{"latest":"1.1.0","old":"1.1.0"}`, `"description":"pads 1.1.0"`, `"readme":"# left-pad 1.1.0"`)
		if got := w.tarball(anonymous, "left-pad", "left-pad-1.10.0.tgz"); got != registry.ErrNotFound.Error() {
			t.Error("the tarball is still served:", got)
		}
		for what, by := range map[string]access.Actor{"its publisher": w.ann, "nobody else": w.bob} {
			if _, err := w.publish(by, leftPad("1.10.0")); !errors.Is(err, registry.ErrRetired) && !errors.Is(err, access.ErrForbidden) {
				t.Errorf("%s: %v", what, err)
			}
		}
		w.mustPublish(w.ann, leftPad("1.10.1"))
		mustContain(t, w.document(anonymous, "left-pad", registry.Abbreviated), `"latest":"1.10.1"`)
		if list := must(w.Versions(t.Context(), anonymous, "left-pad", 0)); len(list) != 4 || list[0].Version != "1.10.1" {
			t.Error(list)
		}
		if page := must(w.Page(t.Context(), anonymous, "left-pad")); page.VersionCount != 4 {
			t.Error(page.VersionCount)
		}
		if got := w.events("left-pad"); !strings.Contains(got, "package.unpublished package.published") {
			t.Error(got)
		}
		var sum, kept int64
		if err := w.db.Get(t.Context(), &sum, `SELECT SUM(octet_length(body)) FROM manifests`); err != nil {
			t.Fatal(err)
		}
		if err := w.db.Get(t.Context(), &kept, `SELECT manifest_bytes FROM packages`); err != nil || sum != kept {
			t.Errorf("%d bytes of manifests are counted as %d: %v", sum, kept, err)
		}
	})
}

func TestUnpublishTakesTheTarballInASecondStep(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, leftPad("1.0.0"))
		w.mustPublish(w.ann, leftPad("1.1.0"))
		ctx := t.Context()
		if err := w.TarballRemoved(ctx, w.ann, "left-pad", "left-pad-1.1.0.tgz"); errs.Of(err).Kind != errs.Conflict {
			t.Error("the second step without the first:", err)
		}
		if err := w.UnpublishVersions(ctx, w.ann, "left-pad", w.rev("left-pad"), keep("1.0.0")); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := w.TarballRemoved(ctx, w.ann, "left-pad", "left-pad-1.1.0.tgz"); err != nil {
				t.Error(err)
			}
		}
		for file, by := range map[string]access.Actor{"left-pad-9.0.0.tgz": w.ann, "right-pad-1.1.0.tgz": w.ann, "left-pad-1.1.0.tgz": w.bob} {
			if err := w.TarballRemoved(ctx, by, "left-pad", file); err == nil {
				t.Error(file, "was removed")
			}
		}
	})
}

func TestUnpublishedNameIsNobodysForADay(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, leftPad("1.0.0"))
		w.mustPublish(w.ann, leftPad("1.1.0"))
		if err := w.Star(t.Context(), w.bob, "left-pad", true); err != nil {
			t.Fatal(err)
		}
		if err := w.Unpublish(t.Context(), w.ann, "left-pad", w.rev("left-pad")); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Document(t.Context(), anonymous, "left-pad", registry.Full); !errors.Is(err, registry.ErrNotFound) {
			t.Error("still there:", err)
		}
		for _, table := range []string{"packages", "versions", "manifests", "readmes", "dist_tags", "maintainers", "stars", "dependencies"} {
			if n := w.rows(table); n != 0 {
				t.Errorf("%d rows left in %s", n, table)
			}
		}
		leftPad2 := npmpack.Package{Name: "leftpad", Version: "3.0.0"}
		for what, p := range map[string]npmpack.Package{"the name": leftPad("3.0.0"), "a look-alike": leftPad2} {
			for _, by := range []access.Actor{w.ann, w.bob} {
				if _, err := w.publish(by, p); !errors.Is(err, registry.ErrHeld) && !errors.Is(err, registry.ErrLookAlike) {
					t.Errorf("%s, %s: %v", what, by.Name, err)
				}
			}
		}
		w.clock = w.clock.Add(24 * time.Hour)
		if _, err := w.publish(w.bob, leftPad("1.1.0")); !errors.Is(err, registry.ErrRetired) {
			t.Error("a number is used again by another:", err)
		}
		w.mustPublish(w.bob, leftPad("3.0.0"))
		if got := w.events("left-pad"); !strings.Contains(got, "package.removed package.created package.published") {
			t.Error(got)
		}
		if err := w.Unpublish(t.Context(), w.bob, "left-pad", w.rev("left-pad")); err != nil {
			t.Error("again:", err)
		}
	})
}

func TestWhatMayBeUnpublished(t *testing.T) {
	each(t, func(w *world) {
		app := npmpack.Package{Name: "app", Version: "1.0.0", Manifest: map[string]any{"dependencies": map[string]any{"used": "^1.0.0"}}}
		dev := npmpack.Package{Name: "dev", Version: "1.0.0", Manifest: map[string]any{"devDependencies": map[string]any{"tool": "^1.0.0"}}}
		hidden := npmpack.Package{Name: "@bob/hidden", Version: "1.0.0", Access: "restricted", Manifest: map[string]any{"dependencies": map[string]any{"quiet": "*"}}}
		own := npmpack.Package{Name: "own", Version: "1.0.0", Manifest: map[string]any{"dependencies": map[string]any{"own": "*"}}}
		for _, name := range []string{"used", "tool", "quiet", "old", "both", "shared", "popular", "once"} {
			w.mustPublish(w.ann, npmpack.Package{Name: name, Version: "1.0.0"})
			w.mustPublish(w.ann, npmpack.Package{Name: name, Version: "1.1.0"})
		}
		for _, p := range []npmpack.Package{app, dev, hidden, own} {
			by := w.ann
			if p.Name == hidden.Name {
				by = w.bob
			}
			w.mustPublish(by, p)
		}
		w.join("both", w.bob)
		w.join("shared", w.bob)
		w.downloaded("popular", 300, w.clock.Add(72*time.Hour))
		w.downloaded("once", 299, w.clock.Add(72*time.Hour))
		w.downloaded("once", 9999, w.clock.Add(-6*24*time.Hour))
		readOnly := w.ann
		readOnly.Grant = &access.Grant{TokenID: w.ann.Grant.TokenID, ReadOnly: true}
		try := func(by access.Actor, name string) error {
			err := w.Unpublish(t.Context(), by, name, "undefined")
			if errors.Is(err, registry.ErrConflict) {
				err = w.UnpublishVersions(t.Context(), by, name, w.rev(name), keep("1.1.0"))
			}
			return err
		}
		for _, r := range []struct {
			what, name string
			by         access.Actor
			later      time.Duration
			want       error
		}{
			{"by a stranger", "old", anonymous, 0, access.ErrUnauthenticated},
			{"by another", "old", w.bob, 0, access.ErrForbidden},
			{"with a read-only token", "old", readOnly, 0, access.ErrTokenTooWeak},
			{"what is not there", "absent", w.ann, 0, registry.ErrNotFound},
			{"what another package needs", "used", w.ann, 0, registry.ErrUnpublish},
			{"what is needed for work only", "tool", w.ann, 0, nil},
			{"what a hidden package needs", "quiet", w.ann, 0, nil},
			{"what two maintain, at first", "both", w.ann, 0, nil},
			{"what two maintain, later", "shared", w.bob, 73 * time.Hour, registry.ErrUnpublish},
			{"what one maintains, later", "old", w.ann, 0, nil},
			{"what many download, later", "popular", w.ann, 0, registry.ErrUnpublish},
			{"what many downloaded once, later", "once", w.ann, 0, nil},
		} {
			w.clock = w.clock.Add(r.later)
			if err := try(r.by, r.name); !errors.Is(err, r.want) {
				t.Errorf("%s: %v", r.what, err)
			}
		}
		if err := w.UnpublishVersions(t.Context(), w.ann, "own", w.rev("own"), keep()); errs.Of(err).Code != "registry.last_version" {
			t.Error("the last version:", err)
		}
		err := w.Unpublish(t.Context(), w.ann, "used", w.rev("used"))
		mustContain(t, err.Error(), "used cannot be unpublished, because app depends on it", "npm deprecate used")
		w.cfg.Unpublish = "always"
		if err := w.Unpublish(t.Context(), w.ann, "used", w.rev("used")); err != nil {
			t.Error("where the operator allows it:", err)
		}
	})
}

// downloaded counts downloads of a package on a day.
func (w *world) downloaded(name string, n int, day time.Time) {
	w.t.Helper()
	if _, err := w.db.Exec(w.t.Context(), `INSERT INTO downloads (package_id, day, count) SELECT id, ?, ? FROM packages WHERE name = ?`,
		day.Format(time.DateOnly), n, name); err != nil {
		w.t.Fatal(err)
	}
}

func TestLookAlikes(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, npmpack.Package{Name: "react-native", Version: "1.0.0"})
		for name, want := range map[string]error{
			"reactnative": registry.ErrLookAlike, "react_native": registry.ErrLookAlike, "rea.ct-native": registry.ErrLookAlike,
			"react-natives": nil, "@bob/reactnative": nil,
		} {
			_, err := w.publish(w.bob, npmpack.Package{Name: name, Version: "1.0.0"})
			if !errors.Is(err, want) {
				t.Errorf("%s: %v", name, err)
			}
			if want != nil {
				mustContain(t, err.Error(), "react-native", "@bob/"+name)
			}
		}
		w.mustPublish(w.ann, npmpack.Package{Name: "reactnative", Version: "1.0.0"})
	})
}
