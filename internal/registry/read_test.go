package registry_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"latchkey/internal/access"
	"latchkey/internal/errs"
	"latchkey/internal/npmpack"
	"latchkey/internal/registry"
)

func TestTags(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, leftPad("1.0.0"))
		w.mustPublish(w.ann, leftPad("2.0.0"))
		ctx := t.Context()
		readOnly := w.ann
		readOnly.Grant = &access.Grant{ReadOnly: true}
		rows := []struct {
			what string
			err  error
			want error
		}{
			{"set by the maintainer", w.SetTag(ctx, w.ann, "left-pad", "stable", "1.0.0"), nil},
			{"moved", w.SetTag(ctx, w.ann, "left-pad", "stable", "2.0.0"), nil},
			{"set by a stranger", w.SetTag(ctx, anonymous, "left-pad", "beta", "1.0.0"), access.ErrUnauthenticated},
			{"a range as a tag", w.SetTag(ctx, w.ann, "left-pad", "1.x", "1.0.0"), errs.New(errs.Invalid, "npm.tag", "")},
			{"set by another", w.SetTag(ctx, w.bob, "left-pad", "beta", "1.0.0"), access.ErrForbidden},
			{"set by a read-only token", w.SetTag(ctx, readOnly, "left-pad", "beta", "1.0.0"), access.ErrTokenTooWeak},
			{"set to no version", w.SetTag(ctx, w.ann, "left-pad", "beta", "9.9.9"), registry.ErrVersionNotFound},
			{"set on no package", w.SetTag(ctx, w.ann, "right-pad", "beta", "1.0.0"), registry.ErrNotFound},
			{"latest moved back", w.SetTag(ctx, w.ann, "left-pad", "latest", "1.0.0"), nil},
			{"latest removed", w.RemoveTag(ctx, w.ann, "left-pad", "latest"), registry.ErrLatest},
			{"removed by another", w.RemoveTag(ctx, w.bob, "left-pad", "stable"), access.ErrForbidden},
			{"absent removed", w.RemoveTag(ctx, w.ann, "left-pad", "absent"), registry.ErrTagNotFound},
			{"removed", w.RemoveTag(ctx, w.ann, "left-pad", "stable"), nil},
		}
		for _, r := range rows {
			if !errors.Is(r.err, r.want) {
				t.Errorf("%s: %v", r.what, r.err)
			}
		}
		tags, err := w.Tags(ctx, anonymous, "left-pad")
		if err != nil || fmt.Sprint(tags) != "[{latest 1.0.0}]" {
			t.Error(tags, err)
		}
		page, err := w.Page(ctx, anonymous, "left-pad")
		if err != nil || page.Description != "pads 1.0.0" || page.Readme != "# left-pad 1.0.0" || page.Version != "1.0.0" {
			t.Errorf("the page does not follow latest: %+v, %v", page, err)
		}
	})
}

func TestDocumentsAreTheSameInEveryEncoding(t *testing.T) {
	each(t, func(w *world) {
		for i := range 40 { // enough that the plain document is streamed
			p := leftPad(fmt.Sprintf("1.0.%d", i))
			p.Manifest["padding"] = strings.Repeat(fmt.Sprint(i), 5000)
			w.mustPublish(w.ann, p)
		}
		for _, form := range []registry.Form{registry.Full, registry.Abbreviated} {
			plain := w.document(anonymous, "left-pad", form)
			d, _ := w.Document(t.Context(), anonymous, "left-pad", form)
			packed, _, _, err := d.Body(t.Context(), registry.Gzip)
			if err != nil {
				t.Fatal(err)
			}
			r, err := gzip.NewReader(bytes.NewReader(packed))
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(r); err != nil || string(b) != plain {
				t.Error("gzip differs", err)
			}
			packed, _, _, err = d.Body(t.Context(), registry.Zstd)
			if err != nil {
				t.Fatal(err)
			}
			z, _ := zstd.NewReader(nil)
			if b, err := z.DecodeAll(packed, nil); err != nil || string(b) != plain {
				t.Error("zstd differs", err)
			}
			z.Close()
		}
	})
}

func TestETagNamesRevisionFormAndEncoding(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, leftPad("1.0.0"))
		seen := map[string]string{}
		note := func(when string) {
			for _, form := range []registry.Form{registry.Full, registry.Abbreviated} {
				for _, e := range []registry.Encoding{registry.Plain, registry.Gzip, registry.Zstd} {
					d, err := w.Document(t.Context(), anonymous, "left-pad", form)
					if err != nil {
						t.Fatal(err)
					}
					tag := d.ETag(e)
					if was, ok := seen[tag]; ok {
						t.Errorf("%s is also %s", tag, was)
					}
					seen[tag] = when
				}
			}
		}
		note("first")
		w.mustPublish(w.ann, leftPad("1.1.0"))
		note("after a publish")
		if err := w.SetTag(t.Context(), w.ann, "left-pad", "stable", "1.0.0"); err != nil {
			t.Fatal(err)
		}
		note("after a tag")
	})
}

func TestHostileTextStaysJSON(t *testing.T) {
	each(t, func(w *world) {
		p := leftPad("1.0.0")
		p.Readme = "</script>\u2028\x00\x1f\" \\ \x7f" + strings.Repeat("é", 1000)
		p.Manifest = map[string]any{"description": "a \x1f b \x00 \u2029", "homepage": []int{1}, "license": map[string]any{"type": "MIT\x1f"}}
		w.mustPublish(w.ann, p)
		for _, form := range []registry.Form{registry.Full, registry.Abbreviated} {
			doc := w.document(anonymous, "left-pad", form)
			if strings.ContainsAny(doc, "\x00\x1f") {
				t.Errorf("a control character is in %q", doc)
			}
		}
		page, err := w.Page(t.Context(), anonymous, "left-pad")
		if err != nil || page.Homepage != "" || len(page.Readme) > 1024 {
			t.Errorf("%+v, %v", page, err)
		}
	})
}

func TestPageShowsThePackage(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, npmpack.Package{Name: "@ann/widget", Version: "1.0.0", Readme: "# hi", Manifest: map[string]any{
			"description": "a widget", "license": map[string]any{"type": "MIT"}, "repository": "github:ann/widget", "homepage": "https://w.test", "keywords": []any{"a", 1, "b"},
		}})
		p, err := w.Page(t.Context(), w.ann, "@ann/widget")
		if err != nil {
			t.Fatal(err)
		}
		if p.License != "MIT" || p.Repository != "github:ann/widget" || p.Homepage != "https://w.test" || fmt.Sprint(p.Keywords, p.Maintainers) != "[a b] [ann]" ||
			p.PublishedBy != "ann" || p.VersionCount != 1 || p.Files != 2 {
			t.Errorf("%+v", p)
		}
		vs, err := w.Versions(t.Context(), anonymous, "@ann/widget", 0)
		if err != nil || len(vs) != 1 || vs[0].Version != "1.0.0" || vs[0].PublishedBy != "ann" {
			t.Error(vs, err)
		}
	})
}

func TestUnknownTarballsAreNotFound(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, leftPad("1.0.0"))
		for _, file := range []string{"left-pad-9.9.9.tgz", "right-pad-1.0.0.tgz", "left-pad-1.0.0.tar", "..", "../../secret.key"} {
			if got := w.tarball(anonymous, "left-pad", file); got != registry.ErrNotFound.Error() {
				t.Errorf("%s: %.80s", file, got)
			}
		}
	})
}
