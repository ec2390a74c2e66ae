package npm_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"latchkey/internal/errs"
	"latchkey/internal/npm"
	"latchkey/internal/npmpack"
)

// receive does what the registry does with a publish before it stores anything.
func receive(p npmpack.Package) (npm.Contents, error) {
	name, err := npm.ParseName(p.Name)
	if err != nil {
		return npm.Contents{}, err
	}
	var tarball bytes.Buffer
	pub, err := npm.DecodePublish(name, bytes.NewReader(p.PublishBody()), &tarball)
	if err != nil {
		return npm.Contents{}, err
	}
	c, err := inspect(tarball.Bytes())
	if err == nil {
		err = c.Agrees(name, pub)
	}
	if err == nil {
		_, err = pub.Documents(npm.Release{Name: name, Version: pub.Version, Contents: c})
	}
	return c, err
}

func TestAttacks(t *testing.T) {
	attacks := append(npmpack.Attacks("@acme/widget", "1.2.3"), npmpack.Bombs("@acme/widget", "1.2.3")...)
	seen := map[string]bool{}
	for _, a := range attacks {
		_, err := receive(a.Package)
		var e *errs.Error
		if !errors.As(err, &e) || e.Code != a.Code {
			t.Errorf("%s: got %v, want %s", a.What, err, a.Code)
			continue
		}
		if seen[a.What] {
			t.Errorf("%s is there twice", a.What)
		}
		seen[a.What] = true
		if !strings.HasSuffix(e.Msg, ".") && !strings.HasSuffix(e.Msg, ")") || !ascii(e.Msg) || len(e.Msg) > 300 {
			t.Errorf("%s: the message is not a plain sentence: %q", a.What, e.Msg)
		}
	}
	if len(attacks) < 200 {
		t.Errorf("only %d attacks", len(attacks))
	}
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}

func TestOddities(t *testing.T) {
	for what, archive := range npmpack.Oddities("@acme/widget", "1.2.3") {
		c, err := receive(npmpack.Package{Name: "@acme/widget", Version: "1.2.3", Archive: archive})
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		// Go's own reader sees as many files, of the same size together.
		var files, size int64
		for _, h := range headers(t, archive) {
			if h.Typeflag == tar.TypeReg {
				files++
				size += h.Size
			}
		}
		if files != c.Files || size != c.Unpacked {
			t.Errorf("%s: %d files and %d bytes, but archive/tar sees %d and %d", what, c.Files, c.Unpacked, files, size)
		}
	}
}

func headers(t *testing.T, archive []byte) (out []*tar.Header) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, h)
	}
}

func TestRewrittenManifestsAreTheSame(t *testing.T) {
	for _, r := range npmpack.Rewritten() {
		if _, err := receive(r.Publish("@acme/widget", "1.2.3")); err != nil {
			t.Errorf("%s: %v", r.What, err)
		}
	}
}
