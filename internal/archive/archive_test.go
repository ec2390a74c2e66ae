package archive_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"latchkey/internal/archive"
	"latchkey/internal/npmpack"
)

const enough = 64 << 20

func entry(name, content string) npmpack.Entry { return npmpack.Entry{Name: name, Content: content} }

func read(t *testing.T, entries ...npmpack.Entry) *archive.Index {
	t.Helper()
	x, err := archive.Read(t.Context(), bytes.NewReader(npmpack.Archive(entries...)), enough)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// paths is an index in one line: each path with its size, and a star behind what is no text.
func paths(x *archive.Index) string {
	var b strings.Builder
	for _, e := range x.Entries {
		fmt.Fprintf(&b, "%s:%d", e.Path, e.Size)
		if !e.Text {
			b.WriteByte('*')
		}
		b.WriteByte(' ')
	}
	return strings.TrimSpace(b.String())
}

func TestIndexListsFilesByPath(t *testing.T) {
	folder := npmpack.Entry{Name: "package/lib/", Header: func(h *tar.Header) { h.Typeflag = tar.TypeDir }}
	link := npmpack.Entry{Name: "package/link", Header: func(h *tar.Header) { h.Typeflag, h.Linkname = tar.TypeSymlink, "/etc/passwd" }}
	x := read(t, entry("package/package.json", "{}"), folder, entry("package/lib/b.js", "bb"), entry("other/lib/a.js", "a"), link,
		entry("loose", "no folder"), entry("./package/dotted", "x"), entry("package/logo.png", "\x89PNG\r\n\x1a\n\x00\x00"))
	if got, want := paths(x), "dotted:1 lib/a.js:1 lib/b.js:2 logo.png:10* package.json:2"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	e, ok := x.Find("lib/b.js")
	if !ok || e.Digest != sha256.Sum256([]byte("bb")) || x.Total != 16 {
		t.Errorf("%v %+v, %d bytes in all", ok, e, x.Total)
	}
	for _, absent := range []string{"", "lib", "lib/", "lib/c.js", "/lib/b.js", "../package/lib/b.js", "z"} {
		if _, ok := x.Find(absent); ok {
			t.Errorf("%q is found", absent)
		}
	}
}

func TestLaterOfTwoFilesCounts(t *testing.T) {
	x := read(t, entry("package/a", "first"), entry("package/b", "b"), entry("package/a", "second one"))
	if got := paths(x); got != "a:10 b:1" || x.Total != 11 {
		t.Errorf("%s, %d bytes", got, x.Total)
	}
	e, _ := x.Find("a")
	tgz := npmpack.Archive(entry("package/a", "first"), entry("package/b", "b"), entry("package/a", "second one"))
	got, err := archive.Extract(t.Context(), bytes.NewReader(tgz), enough, 100, e)
	if err != nil || string(got["a"]) != "second one" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestTextIsToldByItsBeginning(t *testing.T) {
	long := strings.Repeat("é", 10_000) // the beginning ends within a character
	for _, row := range []struct {
		content string
		text    bool
	}{
		{"", true},
		{"plain", true},
		{"naïve 東京", true},
		{long, true},
		{"a" + long, true},
		{"nul \x00 inside", false},
		{"latin-1 caf\xe9 au lait", false},
		{strings.Repeat("a", 9000) + "\x00", true}, // git looks no further either
		{strings.Repeat("\xff", 9000), false},
	} {
		e, _ := read(t, entry("package/f", row.content)).Find("f")
		if e.Text != row.text || e.Size != int64(len(row.content)) {
			t.Errorf("%.20q: %+v", row.content, e)
		}
	}
}

func TestTooManyFilesAreCountedOnly(t *testing.T) {
	var many []npmpack.Entry
	for i := range 20_050 {
		many = append(many, entry(fmt.Sprintf("package/%05d", i), "x"))
	}
	x := read(t, many...)
	if len(x.Entries) != 20_000 || x.More != 50 || x.Total != 20_050 {
		t.Errorf("%d files and %d more, %d bytes", len(x.Entries), x.More, x.Total)
	}
	var long []npmpack.Entry
	for i := range 1200 {
		long = append(long, entry(fmt.Sprintf("package/%05d/%s", i, strings.Repeat("n", 1000)), "x"))
	}
	if x = read(t, long...); x.Weight() > 2<<20 || len(x.Entries)+x.More != 1200 || x.More == 0 {
		t.Errorf("%d files and %d more weigh %d", len(x.Entries), x.More, x.Weight())
	}
}

func TestNothingIsReadPastTheLimit(t *testing.T) {
	whole, _ := read(t, entry("package/zeros", strings.Repeat("\x00", 4<<20))).Find("zeros")
	bomb := npmpack.Archive(entry("package/zeros", strings.Repeat("\x00", 4<<20)))
	if _, err := archive.Read(t.Context(), bytes.NewReader(bomb), 1<<20); !errors.Is(err, archive.ErrTooLarge) {
		t.Error(err)
	}
	if _, err := archive.Extract(t.Context(), bytes.NewReader(bomb), 1<<20, 10<<20, whole); !errors.Is(err, archive.ErrTooLarge) {
		t.Error(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := archive.Read(gone, bytes.NewReader(bomb), enough); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for name, bytes_ := range map[string][]byte{"nothing": nil, "no gzip": []byte("hello"), "half": bomb[:len(bomb)/2]} {
		if _, err := archive.Read(t.Context(), bytes.NewReader(bytes_), enough); err == nil {
			t.Errorf("%s is an archive", name)
		}
	}
}

func TestExtractTakesWhatIsWanted(t *testing.T) {
	entries := []npmpack.Entry{entry("package/a", "aaaa"), entry("package/b", "bbbb"), entry("package/c/d", "dddd")}
	x, tgz := read(t, entries...), npmpack.Archive(entries...)
	a, _ := x.Find("a")
	d, _ := x.Find("c/d")
	got, err := archive.Extract(t.Context(), bytes.NewReader(tgz), enough, 3, a, d)
	if err != nil || len(got) != 2 || string(got["a"]) != "aaa" || string(got["c/d"]) != "ddd" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := archive.Extract(t.Context(), strings.NewReader("not read at all"), enough, 3); err != nil || len(got) != 0 {
		t.Error(got, err)
	}
	// It reads no further than it must: the rest may be missing.
	noise := make([]byte, 1<<20)
	for i := range noise {
		noise[i] = byte(i * i >> 3)
	}
	long := npmpack.Archive(entry("package/a", "aaaa"), entry("package/b", string(noise)))
	if got, err := archive.Extract(t.Context(), bytes.NewReader(long[:len(long)/2]), enough, 9, a); err != nil || string(got["a"]) != "aaaa" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestFolderHoldsItsOwn(t *testing.T) {
	x := read(t, entry("p/readme", "1"), entry("p/lib/a", "22"), entry("p/lib/deep/er/b", "333"), entry("p/lib/deep/c", "4444"),
		entry("p/lib-extra/x", "5"), entry("p/lib.js", "6"), entry("p/zoo/z", "7"))
	for folder, want := range map[string]string{
		"":         "lib-extra/(1 files, 1) lib/(3 files, 9) zoo/(1 files, 1) lib.js(1) readme(1)",
		"lib":      "deep/(2 files, 7) a(2)",
		"lib/deep": "er/(1 files, 3) c(4)",
		"li":       "",
		"absent":   "",
		"readme":   "",
	} {
		var got []string
		for _, c := range x.Folder(folder) {
			if c.Folder {
				got = append(got, fmt.Sprintf("%s/(%d files, %d)", c.Name, c.Files, c.Size))
			} else {
				got = append(got, fmt.Sprintf("%s(%d)", c.Name, c.Size))
			}
			if c.Path != strings.TrimPrefix(folder+"/"+c.Name, "/") {
				t.Errorf("%q holds %q", folder, c.Path)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q holds %v, want %s", folder, got, want)
		}
	}
	if got := fmt.Sprint(archive.Parents("a/b/c"), archive.Parents("a")); got != "[a a/b] []" {
		t.Error(got)
	}
}

// A file and a folder may have the same name in an archive, which no disk could hold.
func TestFileBesideAFolderOfItsName(t *testing.T) {
	x := read(t, entry("p/a", "file"), entry("p/a/b", "inside"), entry("p/a-b", "between"))
	var got []string
	for _, c := range x.Folder("") {
		got = append(got, fmt.Sprint(c.Name, c.Folder))
	}
	if fmt.Sprint(got) != "[atrue afalse a-bfalse]" {
		t.Error(got)
	}
}
