package registry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/npmpack"
	"latchkey/internal/registry"
)

func TestPublishedVersionIsServed(t *testing.T) {
	each(t, func(w *world) {
		p := w.mustPublish(w.ann, leftPad("1.0.0"))
		if !strings.HasPrefix(p.Rev, "1-") {
			t.Error(p.Rev)
		}
		w.mustPublish(w.ann, leftPad("1.1.0"))
		full := w.document(anonymous, "left-pad", registry.Full)
		mustContain(t, full, `{"_id":"left-pad","_rev":"2-`, `"name":"left-pad","description":"pads 1.1.0"`, `"dist-tags":{"latest":"1.1.0"}`,
			`"tarball":"https://npm.example.test/left-pad/-/left-pad-1.0.0.tgz"`, `"time":{"created":"2026-01-02T03:04:06.000Z","modified":"2026-01-02T03:04:07.000Z","1.0.0":"2026-01-02T03:04:06.000Z","1.1.0":"2026-01-02T03:04:07.000Z"}`,
			`"maintainers":[{"name":"ann","email":""}]`, `"readme":"# left-pad 1.1.0"`, `"signatures":[{"keyid":"SHA256:`)
		abbreviated := w.document(anonymous, "left-pad", registry.Abbreviated)
		mustContain(t, abbreviated, `"modified":"2026-01-02T03:04:07.000Z"`, `"1.0.0":{`)
		for _, doc := range []string{full, abbreviated} {
			if !json.Valid([]byte(doc)) {
				t.Error("not JSON:", doc)
			}
		}
		if got := w.tarball(anonymous, "left-pad", "left-pad-1.0.0.tgz"); got != string(leftPad("1.0.0").Tarball()) {
			t.Error("the tarball differs")
		}
	})
}

func TestVersionsAreImmutable(t *testing.T) {
	each(t, func(w *world) {
		w.Acknowledge(w.mustPublish(w.ann, leftPad("1.0.0")))
		again := leftPad("1.0.0")
		again.Files = map[string]string{"evil.js": "1"}
		for what, p := range map[string]npmpack.Package{"other bytes": again, "the same bytes": leftPad("1.0.0")} {
			if _, err := w.publish(w.ann, p); !errors.Is(err, registry.ErrVersionExists) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if got := w.tarball(anonymous, "left-pad", "left-pad-1.0.0.tgz"); got != string(leftPad("1.0.0").Tarball()) {
			t.Error("the stored bytes changed")
		}
		if n := w.stored(); n != 1 {
			t.Errorf("%d tarballs are kept", n)
		}
	})
}

func TestLostAnswerMayBeAskedForAgain(t *testing.T) {
	each(t, func(w *world) {
		first := w.mustPublish(w.ann, leftPad("1.0.0")) // and the answer is lost
		second, err := w.publish(w.ann, leftPad("1.0.0"))
		if err != nil || second.Rev != first.Rev || w.rows("versions") != 1 {
			t.Error(second, err)
		}
		w.clock = w.clock.Add(11 * time.Minute)
		if _, err := w.publish(w.ann, leftPad("1.0.0")); !errors.Is(err, registry.ErrVersionExists) {
			t.Error("eleven minutes later:", err)
		}
	})
}

func TestWhoMayPublish(t *testing.T) {
	each(t, func(w *world) {
		w.mustPublish(w.ann, leftPad("1.0.0"))
		w.mustPublish(w.ann, npmpack.Package{Name: "@ann/open", Version: "1.0.0"})
		w.mustPublish(w.ann, npmpack.Package{Name: "@ann/hidden", Version: "1.0.0", Access: "restricted"})
		readOnly, unverified := w.ann, w.ann
		readOnly.Grant = &access.Grant{ReadOnly: true}
		unverified.EmailVerified = false
		rows := []struct {
			what, name string
			by         access.Actor
			want       error
		}{
			{"a stranger, existing", "left-pad", anonymous, access.ErrUnauthenticated},
			{"a stranger, new", "new", anonymous, access.ErrUnauthenticated},
			{"a stranger, scoped", "@ann/new", anonymous, access.ErrUnauthenticated},
			{"a stranger, hidden", "@ann/hidden", anonymous, access.ErrUnauthenticated},
			{"another person, existing", "left-pad", w.bob, access.ErrForbidden},
			{"another person, public in a scope", "@ann/open", w.bob, access.ErrForbidden},
			{"another person, new in a scope", "@ann/new", w.bob, errs.New(errs.NotFound, "registry.scope", "")},
			{"another person, hidden in a scope", "@ann/hidden", w.bob, errs.New(errs.NotFound, "registry.scope", "")},
			{"a read-only token", "left-pad", readOnly, access.ErrTokenTooWeak},
			{"a read-only token, new", "new", readOnly, access.ErrTokenTooWeak},
			{"an unverified address", "new", unverified, access.ErrUnverified},
			{"the maintainer", "left-pad", w.ann, nil},
			{"another person, a new name", "bobs", w.bob, nil},
			{"another person, own scope", "@bob/new", w.bob, nil},
		}
		before := w.rows("versions")
		for _, r := range rows {
			_, err := w.publish(r.by, npmpack.Package{Name: r.name, Version: "9.0.0"})
			if !errors.Is(err, r.want) {
				t.Errorf("%s: got %v, want %v", r.what, err, r.want)
			}
		}
		if got := w.rows("versions"); got != before+3 {
			t.Errorf("%d versions, want %d", got, before+3)
		}
	})
}

func TestTokenRevokedWhileTheBodyComesInPublishesNothing(t *testing.T) {
	each(t, func(w *world) {
		body, half := leftPad("1.0.0").PublishBody(), 100
		revoke := readerFunc(func([]byte) (int, error) {
			if _, err := w.db.Exec(t.Context(), `UPDATE tokens SET revoked_at = ? WHERE id = 'token-ann'`, w.clock); err != nil {
				t.Error(err)
			}
			return 0, io.EOF
		})
		_, err := w.Publish(t.Context(), w.ann, "left-pad", io.MultiReader(bytes.NewReader(body[:half]), revoke, bytes.NewReader(body[half:])))
		if !errors.Is(err, access.ErrUnauthenticated) || w.rows("packages") != 0 {
			t.Error(err)
		}
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestHiddenPackagesLookAbsent(t *testing.T) {
	each(t, func(w *world) {
		hidden := npmpack.Package{Name: "@ann/hidden", Version: "1.0.0", Access: "restricted"}
		w.mustPublish(w.ann, hidden)
		for _, by := range []access.Actor{anonymous, w.bob} {
			_, err := w.Document(t.Context(), by, "@ann/hidden", registry.Full)
			_, absent := w.Document(t.Context(), by, "@ann/absent", registry.Full)
			if err.Error() != absent.Error() || errs.Of(err).Kind != errs.Of(absent).Kind {
				t.Errorf("%v is not %v", err, absent)
			}
			if got := w.tarball(by, "@ann/hidden", "hidden-1.0.0.tgz"); got != absent.Error() {
				t.Error(got)
			}
			ofAnn, _, err := w.ByPerson(t.Context(), by, "ann", "")
			if err != nil {
				t.Fatal(err)
			}
			for _, list := range [][]registry.Summary{must(w.Recent(t.Context(), by, 10)), ofAnn} {
				if len(list) != 0 {
					t.Error("listed:", list)
				}
			}
		}
		if got := w.tarball(w.ann, "@ann/hidden", "hidden-1.0.0.tgz"); got != string(hidden.Tarball()) {
			t.Error("its maintainer cannot read it:", got)
		}
		if list := must(w.Recent(t.Context(), w.ann, 10)); len(list) != 1 || !list[0].Private {
			t.Error(list)
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestRefusedPublishesLeaveNothing(t *testing.T) {
	each(t, func(w *world) {
		dist := func(f func(map[string]any)) func(map[string]any) {
			return func(b map[string]any) {
				f(b["versions"].(map[string]any)["1.0.0"].(map[string]any)["dist"].(map[string]any))
			}
		}
		rows := map[string]struct {
			p    npmpack.Package
			kind errs.Kind
		}{
			"wrong integrity": {npmpack.Package{Body: dist(func(d map[string]any) { d["integrity"] = "sha512-AAAA" })}, errs.Invalid},
			"wrong shasum":    {npmpack.Package{Body: dist(func(d map[string]any) { d["shasum"] = strings.Repeat("0", 40) })}, errs.Invalid},
			"wrong length": {npmpack.Package{Body: func(b map[string]any) {
				b["_attachments"].(map[string]any)["x-1.0.0.tgz"].(map[string]any)["length"] = 7
			}}, errs.Invalid},
			"tarball of another": {npmpack.Package{Archive: leftPad("1.0.0").Tarball()}, errs.Invalid},
			"not an archive":     {npmpack.Package{Archive: []byte("hello")}, errs.Invalid},
			"too large":          {npmpack.Package{Archive: bytes.Repeat([]byte("x"), 2<<20)}, errs.TooLarge},
			"name of a module":   {npmpack.Package{Name: "fs"}, errs.Invalid},
		}
		for what, r := range rows {
			if r.p.Name == "" {
				r.p.Name = "x"
			}
			r.p.Version = "1.0.0"
			if _, err := w.publish(w.ann, r.p); errs.Of(err).Kind != r.kind {
				t.Errorf("%s: %v", what, err)
			}
		}
		if n := w.stored(); n != 0 {
			t.Errorf("%d tarballs are kept", n)
		}
		for _, table := range []string{"packages", "versions", "dist_tags", "audit_log"} {
			if n := w.rows(table); n != 0 {
				t.Errorf("%d rows in %s", n, table)
			}
		}
	})
}

func TestFirstVersionIsAlsoLatest(t *testing.T) {
	each(t, func(w *world) {
		p := leftPad("1.0.0")
		p.Tag = "beta"
		w.mustPublish(w.ann, p)
		p.Version, p.Tag = "1.1.0", "beta"
		w.mustPublish(w.ann, p)
		mustContain(t, w.document(anonymous, "left-pad", registry.Abbreviated), `"dist-tags":{"beta":"1.1.0","latest":"1.0.0"}`)
	})
}

func TestSameVersionPublishedByManyAtOnceExistsOnce(t *testing.T) {
	each(t, func(w *world) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for i := range 20 {
			p := leftPad("1.0.0")
			p.Files = map[string]string{"i": fmt.Sprint(i)}
			wg.Go(func() {
				out, err := w.Publish(context.Background(), w.ann, p.Name, bytes.NewReader(p.PublishBody()))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
					w.Acknowledge(out)
				} else if !errors.Is(err, registry.ErrVersionExists) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won != 1 || w.rows("versions") != 1 || w.rows("packages") != 1 {
			t.Errorf("%d won; %d versions of %d packages", won, w.rows("versions"), w.rows("packages"))
		}
	})
}

func TestPublishLimits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, config.Limits{MaxTarball: 1 << 20, MaxUnpacked: 8 << 20, MaxManifest: 1 << 20, MaxVersions: 2, MaxDocument: 1 << 20, CacheBytes: 1, PublishesAtOnce: 1, PublishRate: config.Rate{N: 4, Per: time.Hour}})
		w.mustPublish(w.ann, leftPad("1.0.0"))
		w.mustPublish(w.ann, leftPad("1.0.1"))
		if _, err := w.publish(w.ann, leftPad("1.0.2")); errs.Of(err).Code != "registry.version_limit" {
			t.Error(err)
		}
		w.mustPublish(w.ann, npmpack.Package{Name: "other", Version: "1.0.0"})
		if _, err := w.publish(w.ann, npmpack.Package{Name: "other", Version: "1.0.1"}); errs.Of(err).Kind != errs.RateLimited || errs.Of(err).RetryAfter <= 0 {
			t.Error(err)
		}
		w.mustPublish(w.bob, npmpack.Package{Name: "bobs", Version: "1.0.0"})
		w.clock = w.clock.Add(16 * time.Minute)
		w.mustPublish(w.ann, npmpack.Package{Name: "other", Version: "1.0.2"})
	})
}
