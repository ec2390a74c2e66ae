package tardiff_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"latchkey/internal/archive"
	"latchkey/internal/npmpack"
	"latchkey/internal/tardiff"
)

// side packs files into a tarball, package.json among them.
func side(t *testing.T, files map[string]string) tardiff.Side {
	t.Helper()
	var entries []npmpack.Entry
	for path, content := range files {
		entries = append(entries, npmpack.Entry{Name: "package/" + path, Content: content})
	}
	tgz := npmpack.Archive(entries...)
	x, err := archive.Read(t.Context(), bytes.NewReader(tgz), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	return tardiff.Side{Index: x, Text: func(ctx context.Context, most int64, files ...archive.Entry) (map[string][]byte, error) {
		return archive.Extract(ctx, bytes.NewReader(tgz), 1<<30, most, files...)
	}}
}

type files = map[string]string

func compare(t *testing.T, from, to files, only string) tardiff.Diff {
	t.Helper()
	d, err := tardiff.Compare(t.Context(), side(t, from), side(t, to), only)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// summary is what happened to each file, in one line.
func summary(d tardiff.Diff) string {
	var out []string
	for _, f := range d.Files {
		s := fmt.Sprintf("%s %s +%d-%d", f.Kind, f.Path, f.Plus, f.Minus)
		if f.Was != "" {
			s += " was " + f.Was
		}
		if f.Omitted != tardiff.Shown {
			s += fmt.Sprintf(" omitted(%d)", f.Omitted)
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func TestFilesAreCompared(t *testing.T) {
	long := strings.Repeat("a\n", 200_000)
	for _, row := range []struct {
		name     string
		from, to files
		only     string
		want     string
	}{
		{"nothing", files{"a": "1"}, files{"a": "1"}, "", ""},
		{"every kind", files{"a": "1\n", "b": "2\n", "c": "3\n"}, files{"a": "1\n", "b": "two\n", "d": "4\n"}, "", "changed b +1-1; removed c +0-1; added d +1-0"},
		{"renamed", files{"old.js": "same"}, files{"lib/new.js": "same"}, "", "renamed lib/new.js +0-0 was old.js"},
		{"renamed and doubled", files{"a": "same"}, files{"b": "same", "c": "same"}, "", "renamed b +0-0 was a; added c +1-0"},
		{"two alike are gone", files{"a": "same", "b": "same"}, files{"c": "same"}, "", "removed b +0-1; renamed c +0-0 was a"},
		{"empty files are not renamed", files{"a": ""}, files{"b": ""}, "", "removed a +0-0; added b +0-0"},
		{"not text", files{"a": "\x00\x01"}, files{"a": "\x00\x02"}, "", "changed a +0-0 omitted(1)"},
		{"text that became none", files{"a": "text"}, files{"a": "\x00"}, "", "changed a +0-0 omitted(1)"},
		{"too large", files{"a": long}, files{"a": long + "b"}, "", "changed a +0-0 omitted(2)"},
		{"too many lines", files{"a": "x"}, files{"a": strings.Repeat("\n", 30_000)}, "", "changed a +0-0 omitted(2)"},
		{"too many changed lines", files{"a": strings.Repeat("x\n", 5000)}, files{"a": strings.Repeat("y\n", 5000)}, "", "changed a +5000-5000 omitted(2)"},
		{"full", files{}, files{"a": strings.Repeat("x\n", 3000), "b": strings.Repeat("y\n", 3000), "c": "z"}, "", "added a +3000-0; added b +3000-0 omitted(3); added c +1-0"},
		{"asked for alone", files{}, files{"a": strings.Repeat("x\n", 3000), "b": strings.Repeat("y\n", 3000)}, "b", "added b +3000-0"},
		{"asked for and not there", files{}, files{"a": "x"}, "c", ""},
	} {
		if got := summary(compare(t, row.from, row.to, row.only)); got != row.want {
			t.Errorf("%s:\ngot  %s\nwant %s", row.name, got, row.want)
		}
	}
}

func TestFilesAreCounted(t *testing.T) {
	d := compare(t, files{"a": "1", "b": "2", "c": "3", "r": "moved"}, files{"a": "1", "b": "x", "d": "4", "e": "5", "s": "moved"}, "d")
	if d.Same != 1 || d.Changed != 1 || d.Removed != 1 || d.Added != 2 || d.Renamed != 1 || len(d.Files) != 1 || d.Incomplete {
		t.Errorf("%+v", d)
	}
	if h := d.Files[0].Hunks; len(h) != 1 || h[0].Lines[0].Text != "4" || !h[0].Lines[0].Open || d.Files[0].After != 1 {
		t.Errorf("%+v", d.Files)
	}
}

func TestManyFilesAreBounded(t *testing.T) {
	many := files{}
	for i := range 2500 {
		many[fmt.Sprintf("f%04d", i)] = strings.Repeat("line\n", 500) // more than may be read in all
	}
	d := compare(t, files{}, many, "")
	shown, full := 0, 0
	for _, f := range d.Files {
		for _, h := range f.Hunks {
			shown += len(h.Lines)
		}
		if f.Omitted == tardiff.Full {
			full++
		}
	}
	if len(d.Files) != 2000 || d.More != 500 || d.Added != 2500 || shown != 4000 || full != 1992 {
		t.Errorf("%d files and %d more of %d, %d lines, %d without room", len(d.Files), d.More, d.Added, shown, full)
	}
}
