package secret

import (
	_ "embed" // for the list
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	// queueTime is about how long a full queue takes to empty.
	queueTime = 5 * time.Second
	// scored is how much of a password is compared with the list: nothing on it is longer.
	scored = 64
)

// commonList is zxcvbn's list of the 30,000 passwords most often seen in breaches. The list alone is
// used, and as a file: zxcvbn's own packages take 14 to 50 ms at every start of the program, and the
// work of its matchers grows with the cube of the password's length.
//
//go:embed common.txt
var commonList string

var common = sync.OnceValue(func() map[string]bool {
	set := make(map[string]bool, 30_000)
	for p := range strings.Lines(commonList) {
		set[strings.TrimSuffix(p, "\n")] = true
	}
	return set
})

// isCommon reports whether a password is on the list, or is one of its entries, or a character or
// two, over and over, or a run such as abcdef… or 9876….
func isCommon(password string) bool {
	if r := []rune(password); len(r) > scored {
		password = string(r[:scored])
	}
	for _, p := range spellings(password) {
		u := unit(p)
		if common()[p] || common()[u] || utf8.RuneCountInString(u) <= 2 || isRun(p) {
			return true
		}
	}
	return false
}

// spellings are the readings of a password: in lower case, and with the digits and signs that stand
// for letters replaced (1 for i as well as for l).
func spellings(password string) []string {
	lower := strings.ToLower(password)
	return []string{lower, unleet(lower, 'i'), unleet(lower, 'l')}
}

func unleet(text string, one rune) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '4', '@':
			return 'a'
		case '3':
			return 'e'
		case '1', '!', '|':
			return one
		case '0':
			return 'o'
		case '5', '$':
			return 's'
		case '7', '+':
			return 't'
		}
		return r
	}, text)
}

// unit is the shortest beginning of text that, repeated, gives all of it (the last time perhaps not
// whole): "abcabcab" has the unit "abc".
func unit(text string) string {
	for n := 1; n < len(text); n++ {
		if strings.HasPrefix(text, text[n:]) {
			return text[:n]
		}
	}
	return text
}

// isRun reports whether every character follows the one before it, upwards or downwards; 0 follows 9.
func isRun(text string) bool {
	r := []rune(text)
	if len(r) < 2 {
		return false
	}
	up, down := true, true
	for i := 1; i < len(r); i++ {
		a, b := r[i-1], r[i]
		up = up && (b == a+1 || a == '9' && b == '0')
		down = down && (b == a-1 || a == '0' && b == '9')
	}
	return up || down
}
