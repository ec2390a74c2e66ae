// Package readable makes text that somebody else wrote safe to read: what reorders or hides its neighbours, and
// what a terminal or a browser would act on, is shown as what it is (CVE-2021-42574, "Trojan Source").
package readable

import (
	"fmt"
	"strings"
	"unicode"
)

// Line is text that belongs into one line: format controls are shown as their code, and other controls go.
func Line(s string) string {
	return strings.Map(blank, format(s))
}

func blank(r rune) rune {
	if unicode.IsControl(r) {
		return ' '
	}
	return r
}

// Text is text of many lines: as Line, but line ends and tabs stay, and other controls are shown by their
// pictures. A byte order mark at the beginning and the return of CRLF say nothing, and go.
func Text(s string) string {
	s = strings.ReplaceAll(strings.TrimPrefix(s, "\ufeff"), "\r\n", "\n")
	return strings.Map(picture, format(s))
}

func picture(r rune) rune {
	switch {
	case r == '\n' || r == '\t' || !unicode.IsControl(r):
		return r
	case r < ' ':
		return '\u2400' + r
	}
	return '\u2421' // delete, and the second set of controls, which has no pictures
}

// format shows format controls, among them those of direction, as their code. Joiners stay, because emoji and
// several scripts need them.
func format(s string) string {
	if !strings.ContainsFunc(s, hidden) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if hidden(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func hidden(r rune) bool { return unicode.Is(unicode.Cf, r) && r != '\u200d' && r != '\u200c' }
