package tardiff

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// around is how many unchanged lines stand before and after changed ones.
const around = 3

// maxCells bounds the exact comparison: lines of one side times lines of the other, over a whole file.
const maxCells = 4 << 20

// maxNested bounds how often a comparison divides.
const maxNested = 64

// Hunk is some changed lines, with a few unchanged ones around them.
type Hunk struct {
	From, To int // the first line's number on each side, from 1
	Lines    []Line
}

// Line is one line of a hunk. Old and New are its number on each side, 0 where it is not.
type Line struct {
	Kind     Kind // Added, Removed, or "" for one that is on both sides
	Old, New int
	Text     string // without its end, cut to 400 bytes
	Cut      int    // bytes that are not shown
	Open     bool   // the last line of a file that does not end in a line end
}

// split cuts a text into lines, each with its end.
func split(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	lines := strings.SplitAfter(string(text), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// hunksOf compares two texts and counts the lines that were added and removed.
func hunksOf(a, b []string) (hunks []Hunk, plus, minus int) {
	var all []Line
	partner := match(a, b)
	j := 0
	for i := 0; i <= len(a); i++ {
		end := len(b)
		if i < len(a) {
			if partner[i] < 0 {
				all = append(all, line(Removed, a[i], i+1, 0))
				minus++
				continue
			}
			end = partner[i]
		}
		for ; j < end; j++ {
			all = append(all, line(Added, b[j], 0, j+1))
			plus++
		}
		if i < len(a) {
			all = append(all, line("", a[i], i+1, j+1))
			j++
		}
	}
	return gather(all), plus, minus
}

func line(kind Kind, text string, before, after int) Line {
	l := Line{Kind: kind, Old: before, New: after, Open: !strings.HasSuffix(text, "\n")}
	text = strings.ToValidUTF8(strings.TrimSuffix(text, "\n"), "�")
	if n := maxWidth; len(text) > n {
		for !utf8.RuneStart(text[n]) {
			n--
		}
		l.Cut = len(text) - n
		text = text[:n]
	}
	l.Text = text
	return l
}

// gather leaves out what is far from any change.
func gather(all []Line) (hunks []Hunk) {
	near := make([]bool, len(all))
	for i, l := range all {
		for n := max(0, i-around); l.Kind != "" && n <= min(len(all)-1, i+around); n++ {
			near[n] = true
		}
	}
	for i, l := range all {
		if !near[i] {
			continue
		}
		if i == 0 || !near[i-1] {
			hunks = append(hunks, Hunk{From: number(all[i:], func(l Line) int { return l.Old }), To: number(all[i:], func(l Line) int { return l.New })})
		}
		h := &hunks[len(hunks)-1]
		h.Lines = append(h.Lines, l)
	}
	return hunks
}

// number is the number of the first line that is on a side.
func number(lines []Line, of func(Line) int) int {
	for _, l := range lines {
		if n := of(l); n > 0 {
			return n
		}
	}
	return 0
}

// match finds for each line of a the same line of b, or -1, in order. Lines that each side has once are
// anchors (Cohen's patience diff), which gives differences that people read well; between them it is exact
// where there is room for that, and all replaced where there is not.
func match(a, b []string) []int {
	ids := map[string]int{}
	m := matcher{cells: maxCells, partner: make([]int, len(a))}
	for i := range m.partner {
		m.partner[i] = -1
	}
	m.a, m.b = intern(ids, a), intern(ids, b)
	m.divide(0, len(a), 0, len(b), 0)
	return m.partner
}

func intern(ids map[string]int, lines []string) []int {
	out := make([]int, len(lines))
	for i, l := range lines {
		id, ok := ids[l]
		if !ok {
			id = len(ids)
			ids[l] = id
		}
		out[i] = id
	}
	return out
}

type matcher struct {
	a, b    []int // lines as numbers
	partner []int
	cells   int // that may still be compared exactly
}

// divide matches a[a0:a1] and b[b0:b1].
func (m *matcher) divide(a0, a1, b0, b1, depth int) {
	for ; a0 < a1 && b0 < b1 && m.a[a0] == m.b[b0]; a0, b0 = a0+1, b0+1 {
		m.partner[a0] = b0
	}
	for ; a0 < a1 && b0 < b1 && m.a[a1-1] == m.b[b1-1]; a1, b1 = a1-1, b1-1 {
		m.partner[a1-1] = b1 - 1
	}
	if a0 == a1 || b0 == b1 || depth == maxNested {
		return
	}
	anchors := m.anchors(a0, a1, b0, b1)
	if len(anchors) == 0 {
		m.exact(a0, a1, b0, b1)
		return
	}
	for _, at := range anchors {
		m.divide(a0, at[0], b0, at[1], depth+1)
		m.partner[at[0]] = at[1]
		a0, b0 = at[0]+1, at[1]+1
	}
	m.divide(a0, a1, b0, b1, depth+1)
}

// anchors are the longest sequence of lines that each side has once, in the order of both.
func (m *matcher) anchors(a0, a1, b0, b1 int) [][2]int {
	type place struct{ inA, inB, at int }
	places := make(map[int]place, b1-b0)
	for j := b0; j < b1; j++ {
		p := places[m.b[j]]
		p.inB, p.at = p.inB+1, j
		places[m.b[j]] = p
	}
	for i := a0; i < a1; i++ {
		if p, ok := places[m.a[i]]; ok {
			p.inA++
			places[m.a[i]] = p
		}
	}
	var once [][2]int
	for i := a0; i < a1; i++ {
		if p := places[m.a[i]]; p.inA == 1 && p.inB == 1 {
			once = append(once, [2]int{i, p.at})
		}
	}
	// The longest increasing sequence of their places in b: tails[n] ends the best one of n+1 places.
	tails, previous := []int{}, make([]int, len(once))
	for i, o := range once {
		n, _ := slices.BinarySearchFunc(tails, o[1], func(tail, at int) int { return once[tail][1] - at })
		if previous[i] = -1; n > 0 {
			previous[i] = tails[n-1]
		}
		tails = append(tails[:n], append([]int{i}, tails[min(n+1, len(tails)):]...)...)
	}
	out := make([][2]int, len(tails))
	if len(tails) == 0 {
		return out
	}
	for i, n := tails[len(tails)-1], len(tails)-1; n >= 0; i, n = previous[i], n-1 {
		out[n] = once[i]
	}
	return out
}

// exact finds the longest common sequence, if there is room for its table.
func (m *matcher) exact(a0, a1, b0, b1 int) {
	rows, columns := a1-a0, b1-b0
	if rows > m.cells/columns {
		return
	}
	m.cells -= rows * columns
	longest := make([]int32, (rows+1)*(columns+1)) // from each place to the ends
	at := func(i, j int) *int32 { return &longest[i*(columns+1)+j] }
	for i := rows - 1; i >= 0; i-- {
		for j := columns - 1; j >= 0; j-- {
			if m.a[a0+i] == m.b[b0+j] {
				*at(i, j) = *at(i+1, j+1) + 1
			} else {
				*at(i, j) = max(*at(i+1, j), *at(i, j+1))
			}
		}
	}
	for i, j := 0, 0; i < rows && j < columns; {
		switch {
		case m.a[a0+i] == m.b[b0+j]:
			m.partner[a0+i] = b0 + j
			i, j = i+1, j+1
		case *at(i+1, j) >= *at(i, j+1):
			i++
		default:
			j++
		}
	}
}
