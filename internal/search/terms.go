package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"latchkey/db"
	"latchkey/internal/npm"
)

const (
	// edition is of the rules below: rows of an older one are written again.
	edition = 1
	// tag stands between the kind and the value of a term that is not a word: it is no letter, so that no
	// text can contain it, and no ASCII, which both databases would treat as the end of a word.
	tag      = "§"
	maxTerm  = 64  // bytes; a longer word is cut
	maxTerms = 500 // of one package
	maxWords = 16  // of one query
)

// The kinds of terms that are not words: what author:, scope: and keywords: ask for.
const (
	ofAuthor  = "a"
	ofScope   = "s"
	ofKeyword = "k"
)

// words splits a text at everything that is neither a letter nor a digit, and makes it lower case.
func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// parts splits one word where its case changes: "fooBar" is foo and bar, "XMLHttp" is XML and Http.
func parts(word string) (out []string) {
	runes := []rune(word)
	from := 0
	for i := 1; i < len(runes); i++ {
		up := unicode.IsUpper(runes[i])
		begins := up && !unicode.IsUpper(runes[i-1]) || up && i+1 < len(runes) && unicode.IsLower(runes[i+1])
		if begins {
			out = append(out, string(runes[from:i]))
			from = i
		}
	}
	return append(out, string(runes[from:]))
}

// whole is a value as one term, whatever is between its words: "find-as-you-type" and "Find as you type"
// are the same keyword.
func whole(kind, value string) string {
	return cut(kind + tag + strings.Join(words(value), tag))
}

// cut shortens a term at a character.
func cut(term string) string {
	if len(term) <= maxTerm {
		return term
	}
	n := maxTerm
	for !utf8.RuneStart(term[n]) {
		n--
	}
	return term[:n]
}

// terms is everything a package is found by, each once.
func terms(name string, about npm.Head) string {
	scope, base := split(name)
	seen := map[string]bool{}
	var out []string
	add := func(term string) {
		if term = cut(term); term != "" && !seen[term] && len(out) < maxTerms {
			seen[term] = true
			out = append(out, term)
		}
	}
	text := func(s string) {
		for _, field := range strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			add(strings.ToLower(field))
			for _, p := range parts(field) {
				add(strings.ToLower(p))
			}
		}
	}
	text(name)
	add(strings.Join(words(base), "")) // lodashutils for lodash-utils
	if scope != "" {
		add(whole(ofScope, scope))
	}
	for _, k := range about.Keywords {
		add(whole(ofKeyword, k))
		text(k)
	}
	if about.Author != "" {
		add(whole(ofAuthor, about.Author))
		for _, w := range words(about.Author) {
			add(whole(ofAuthor, w))
		}
		text(about.Author)
	}
	text(about.Description)
	return strings.Join(out, " ")
}

// split is a name without its scope, and the scope without its sign.
func split(name string) (scope, base string) {
	if rest, ok := strings.CutPrefix(name, "@"); ok {
		scope, base, _ = strings.Cut(rest, "/")
		return scope, base
	}
	return "", name
}

// question is a text that was typed, taken apart.
type question struct {
	plain       string   // without qualifiers, lower case: compared with names
	words       db.Words // all of these
	maintainers []string
	nothing     bool // it asks for something that no package can have
}

// ask takes a text apart: words, and qualifiers as npm's users know them. A word of two letters or more
// stands for all that begin with it, so that something is found while it is still being typed.
func ask(text string) (q question) {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", " "), "\uFFFD") // PostgreSQL takes neither
	var plain []string
	for _, field := range strings.Fields(text) {
		kind, value, qualified := strings.Cut(field, ":")
		if !qualified || value == "" || !q.qualify(strings.ToLower(kind), value) {
			plain = append(plain, strings.ToLower(field))
			ws := words(field)
			for _, w := range ws {
				if w = cut(w); utf8.RuneCountInString(w) > 1 {
					w += "*"
				}
				q.words = append(q.words, []string{w})
			}
		}
	}
	q.plain = strings.Join(plain, " ")
	q.nothing = q.nothing || len(plain) > 0 && len(words(q.plain)) == 0
	if len(q.words) > maxWords {
		q.words = q.words[:maxWords]
	}
	return q
}

// qualify reads author:, maintainer:, scope: and keywords:, and says whether it was one. Keywords with
// commas between them are alternatives, with plus signs all are meant.
func (q *question) qualify(kind, value string) bool {
	term := func(kind, value string) string {
		if len(words(value)) == 0 {
			q.nothing = true
		}
		return whole(kind, value)
	}
	switch kind {
	case "author":
		q.words = append(q.words, []string{term(ofAuthor, value)})
	case "scope":
		q.words = append(q.words, []string{term(ofScope, value)})
	case "maintainer":
		q.maintainers = append(q.maintainers, strings.ToLower(strings.TrimPrefix(value, "@")))
	case "keyword", "keywords":
		for all := range strings.SplitSeq(value, "+") {
			var either []string
			for k := range strings.SplitSeq(all, ",") {
				either = append(either, term(ofKeyword, k))
			}
			q.words = append(q.words, either)
		}
	default:
		return false
	}
	return true
}
