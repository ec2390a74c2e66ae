package tardiff

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// unified writes hunks as diff -u does, for rows that can be read.
func unified(a, b string) string {
	hunks, _, _ := hunksOf(split([]byte(a)), split([]byte(b)))
	var out strings.Builder
	for _, h := range hunks {
		fmt.Fprintf(&out, "@@%d,%d@@", h.From, h.To)
		for _, l := range h.Lines {
			out.WriteString(map[Kind]string{Added: "+", Removed: "-", "": " "}[l.Kind] + l.Text)
			if l.Open {
				out.WriteString("$")
			}
			out.WriteString("|")
		}
	}
	return out.String()
}

func TestLinesAreCompared(t *testing.T) {
	numbers := ""
	for i := range 30 {
		numbers += fmt.Sprintln(i)
	}
	for _, row := range []struct{ name, a, b, want string }{
		{"nothing", "", "", ""},
		{"the same", "a\nb\n", "a\nb\n", ""},
		{"all new", "", "a\nb\n", "@@0,1@@+a|+b|"},
		{"all gone", "a\n", "", "@@1,0@@-a|"},
		{"one line", "a\nb\nc\n", "a\nB\nc\n", "@@1,1@@ a|-b|+B| c|"},
		{
			"two hunks", numbers, strings.Replace(strings.Replace(numbers, "5\n", "five\n", 1), "\n20\n", "\n", 1),
			"@@3,3@@ 2| 3| 4|-5|+five| 6| 7| 8|@@18,18@@ 17| 18| 19|-20| 21| 22| 23|",
		},
		{
			"hunks that touch are one", numbers, strings.Replace(strings.Replace(numbers, "\n5\n", "\nfive\n", 1), "\n10\n", "\n", 1),
			"@@3,3@@ 2| 3| 4|-5|+five| 6| 7| 8| 9|-10| 11| 12| 13|",
		},
		{"the end of the last line", "a\nb\n", "a\nb", "@@1,1@@ a|-b|+b$|"},
		{"carriage returns", "a\r\n", "a\n", "@@1,1@@-a\r|+a|"},
		{"repeated lines", "{\na\n}\n{\nb\n}\n", "{\na\n}\n{\nx\n}\n{\nb\n}\n", "@@2,2@@ a| }| {|+x|+}|+{| b| }|"},
		{"moved", "a\nb\nc\nd\n", "d\na\nb\nc\n", "@@1,1@@+d| a| b| c|-d|"},
	} {
		if got := unified(row.a, row.b); got != row.want {
			t.Errorf("%s:\ngot  %q\nwant %q", row.name, got, row.want)
		}
	}
}

// apply makes the new text from the old one and what is said to have changed: the proof that nothing is left
// out, whatever the texts.
func apply(t *testing.T, a, b []string) {
	t.Helper()
	partner := match(a, b)
	last := -1
	for i, j := range partner {
		if j < 0 {
			continue
		}
		if j <= last || a[i] != b[j] {
			t.Fatalf("line %d of %q is said to be line %d of %q", i, a, j, b)
		}
		last = j
	}
	hunks, plus, minus := hunksOf(a, b)
	var out []string
	at := 0
	for _, h := range hunks {
		for _, l := range h.Lines {
			if l.Old > 0 {
				out = append(out, a[at:l.Old-1]...)
				at = l.Old
			}
			if l.New > 0 {
				for l.Old == 0 && len(out) < l.New-1 { // unchanged lines before a hunk that begins with an addition
					out, at = append(out, a[at]), at+1
				}
				out = append(out, b[l.New-1])
				if b[l.New-1] != l.Text+b[l.New-1][len(l.Text):][:l.Cut]+"\n" {
					t.Fatalf("%q is shown as %q", b[l.New-1], l.Text)
				}
			}
			if plus -= btoi(l.Kind == Added); l.Kind == Removed {
				minus--
			}
		}
	}
	out = append(out, a[at:]...)
	if strings.Join(out, "") != strings.Join(b, "") || plus != 0 || minus != 0 {
		t.Fatalf("%q\nand what changed make\n%q\nnot\n%q (%d, %d)", a, out, b, plus, minus)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestDifferencesMakeTheNewTextFromTheOld(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		letters := 1 + r.IntN(12)
		text := func() (lines []string) {
			for range r.IntN(25) {
				lines = append(lines, string(rune('a'+r.IntN(letters)))+"\n")
			}
			return lines
		}
		apply(t, text(), text())
	}
}

func TestHostileTextsAreComparedInGoodTime(t *testing.T) {
	same, other := strings.Repeat("a\n", maxLines), strings.Repeat("a\nb\n", maxLines/2)
	var up, down strings.Builder
	for i := range maxLines {
		fmt.Fprintln(&up, i)
		fmt.Fprintln(&down, maxLines-i)
	}
	shuffled := split([]byte(up.String()))
	rand.New(rand.NewPCG(3, 4)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for _, row := range [][2]string{{same, other}, {other, same}, {up.String(), down.String()}, {up.String(), strings.Join(shuffled, "")}} {
		begin := time.Now()
		apply(t, split([]byte(row[0])), split([]byte(row[1])))
		if d := time.Since(begin); d > 20*time.Second {
			t.Errorf("%.10q and %.10q took %v", row[0], row[1], d)
		}
	}
}

func TestLongLinesAreCut(t *testing.T) {
	hunks, _, _ := hunksOf(nil, []string{strings.Repeat("é", 5000) + "\n"})
	l := hunks[0].Lines[0]
	if len(l.Text) > maxWidth || l.Cut != 10_000-len(l.Text) || strings.Contains(l.Text, "\ufffd") {
		t.Errorf("%d bytes are shown, %d are cut", len(l.Text), l.Cut)
	}
}

func FuzzLines(f *testing.F) {
	f.Add("a\nb\n", "b\na\n")
	f.Add("", strings.Repeat("a", 2*maxWidth))
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a)+len(b) > 2000 {
			return
		}
		clean := func(s string) []string { return split([]byte(strings.ToValidUTF8(s, "?") + "\n")) }
		apply(t, clean(a), clean(b))
	})
}
