package npm_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"latchkey/internal/npm"
	"latchkey/internal/npmpack"
)

// maxSeed keeps bombs out of what is mutated.
const maxSeed = 8 << 10

func FuzzDecodePublish(f *testing.F) {
	f.Add(widget.PublishBody())
	f.Add([]byte(`{"_attachments":{"a.tgz":{"data":"AAAA`))
	f.Add([]byte(`{"_attachments":{"a.tgz":{"data":"\"`))
	for _, a := range npmpack.Attacks("@acme/widget", "1.2.3") {
		if b := a.PublishBody(); len(b) < maxSeed {
			f.Add(b)
		}
	}
	name, err := npm.ParseName("@acme/widget")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var tarball bytes.Buffer
		p, err := npm.DecodePublish(name, bytes.NewReader(body), &tarball)
		if err != nil {
			return
		}
		if npm.ParseVersion(p.Version) != nil || npm.ParseTag(p.Tag) != nil {
			t.Fatalf("accepted %+v", p)
		}
		c, err := inspect(tarball.Bytes())
		if err != nil || c.Agrees(name, p) != nil {
			return
		}
		if d, err := p.Documents(npm.Release{Name: name, Version: p.Version, Contents: c}); err == nil && bytes.IndexByte(d.Full, npm.Address) < 0 {
			t.Fatalf("no address in %s", d.Full)
		}
	})
}

// FuzzInspect compares what is accepted with what archive/tar reads.
func FuzzInspect(f *testing.F) {
	for _, archive := range npmpack.Oddities("widget", "1.0.0") {
		f.Add(gunzip(archive))
	}
	for _, a := range npmpack.Attacks("widget", "1.0.0") {
		if b := gunzip(a.Tarball()); len(b) > 0 && len(b) < maxSeed {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = bytes.Clone(b)
		sum(b)
		c, err := inspect(stored(b))
		if err != nil {
			return
		}
		var files, size int64
		names := map[string]bool{}
		for r := tar.NewReader(bytes.NewReader(b)); ; {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("accepted what archive/tar refuses: %v", err)
			}
			if h.Typeflag == tar.TypeReg {
				files++
				size += h.Size
			}
			path := strings.TrimSuffix(h.Name, "/")
			if h.Typeflag != tar.TypeXGlobalHeader && (names[path] || !ordinary(path)) {
				t.Fatalf("accepted %q", h.Name)
			}
			names[path] = h.Typeflag != tar.TypeXGlobalHeader
		}
		if files != c.Files || size != c.Unpacked {
			t.Fatalf("%d files and %d bytes, but archive/tar sees %d and %d", c.Files, c.Unpacked, files, size)
		}
	})
}

// sum makes the checksums right where they are octal, or else every change would be refused for them.
func sum(b []byte) {
	for ; len(b) >= 512; b = b[512:] {
		if string(b[257:262]) == "ustar" && b[148] == '0' {
			n := 8 * int(' ')
			for i, c := range b[:512] {
				if i < 148 || i >= 156 {
					n += int(c)
				}
			}
			copy(b[148:156], fmt.Sprintf("%06o\x00 ", n))
		}
	}
}

// stored compresses without the work.
func stored(b []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.NoCompression)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

// ordinary reports whether no part of a path leads upwards.
func ordinary(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if part == ".." {
			return false
		}
	}
	return true
}

func gunzip(b []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	out, _ := io.ReadAll(io.LimitReader(z, maxSeed))
	return out
}

func FuzzParseName(f *testing.F) {
	for _, name := range []string{"left-pad", "@acme/widget", "@a/..", "node_modules", "a/b", "@@/x", "-", "x\n", "__proto__", "Ａ"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, full string) {
		n, err := npm.ParseName(full)
		if err != nil {
			return
		}
		if n.Full != full || full != strings.ToLower(full) || !ascii(full) || strings.ContainsAny(n.Base+n.Scope, " /%\\?#:@") || n.Base[0] == '.' || n.Base[0] == '_' {
			t.Fatalf("accepted %q as %+v", full, n)
		}
		if v, ok := n.VersionOf(n.Tarball("1.0.0")); !ok || v != "1.0.0" {
			t.Fatalf("the tarball %q has version %q", n.Tarball("1.0.0"), v)
		}
		if m := n.Moniker(); (m == "") != (n.Scope != "") {
			t.Fatalf("the moniker of %q is %q", full, m)
		}
	})
}

// FuzzVersionsAndTags also reads ranges, which a tag must not be.
func FuzzVersionsAndTags(f *testing.F) {
	for _, v := range []string{"1.2.3", "1.0.0-rc.1", "v1", "1.x || >=2 <3", "^1", "latest", "01.0.0", "9007199254740992.0.0", "1.0.0-99999999999999999999", "x", ">=1.0.0-0 <2.0.0-0"} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, s string) {
		version, tag := npm.ParseVersion(s) == nil, npm.ParseTag(s) == nil
		if version && (tag || !ascii(s) || len(s) > 256 || strings.ContainsAny(s, "+ v=")) && !strings.Contains(s, "-") {
			t.Fatalf("accepted the version %q", s)
		}
		if tag && (version || !ascii(s) || len(s) > 100 || strings.ContainsAny(s, " /<>=^*|")) {
			t.Fatalf("accepted the tag %q", s)
		}
	})
}
