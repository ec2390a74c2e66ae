package search

import (
	"reflect"
	"strings"
	"testing"

	"latchkey/db"
	"latchkey/internal/npm"
)

func TestWordsAreSplitWhereTheirCaseChanges(t *testing.T) {
	for word, want := range map[string]string{
		"foo":         "foo",
		"fooBar":      "foo Bar",
		"FooBar":      "Foo Bar",
		"XMLHttp":     "XML Http",
		"parseXML":    "parse XML",
		"fooBarBaz":   "foo Bar Baz",
		"HTML5Parser": "HTML5 Parser",
		"ÄrgerÜber":   "Ärger Über",
		"日本":          "日本",
		"":            "",
	} {
		if got := strings.Join(parts(word), " "); got != want {
			t.Errorf("%q is %q, want %q", word, got, want)
		}
	}
}

func TestTermsOfAPackage(t *testing.T) {
	for _, row := range []struct {
		name string
		head npm.Head
		want string
	}{
		{
			name: "left-pad",
			want: "left pad leftpad",
		},
		{
			name: "@acme/lodash.utils",
			want: "acme lodash utils lodashutils s§acme",
		},
		{
			name: "a",
			head: npm.Head{Keywords: []string{"Find as you type", "A"}},
			want: "a k§find§as§you§type find as you type k§a",
		},
		{
			name: "b",
			head: npm.Head{Author: "Ann Example", Description: "b, again: fooBar"},
			want: "b a§ann§example a§ann a§example ann example again foobar foo bar",
		},
		{
			name: "c",
			head: npm.Head{Description: "a§b <i>c</i>"},
			want: "c a b i",
		},
	} {
		if got := terms(row.name, row.head); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

func TestTermsAreBounded(t *testing.T) {
	long := strings.Repeat("ä", 100)
	for _, term := range strings.Fields(terms(long, npm.Head{Description: long, Keywords: []string{long}})) {
		if len(term) > maxTerm || strings.ContainsRune(term, '\uFFFD') {
			t.Errorf("%d bytes: %q", len(term), term)
		}
	}
	var text strings.Builder
	for i := range 2000 {
		text.WriteString(" word" + strings.Repeat("x", i%50) + string(rune('a'+i%26)))
	}
	if n := len(strings.Fields(terms("x", npm.Head{Description: text.String()}))); n > maxTerms {
		t.Errorf("%d terms", n)
	}
}

func TestQuestionsAreTakenApart(t *testing.T) {
	for _, row := range []struct {
		text string
		want question
	}{
		{
			text: "Left pad",
			want: question{plain: "left pad", words: db.Words{{"left*"}, {"pad*"}}},
		},
		{
			text: "x left-pad",
			want: question{plain: "x left-pad", words: db.Words{{"x"}, {"left*"}, {"pad*"}}},
		},
		{
			text: "scope:@acme author:Ann",
			want: question{words: db.Words{{"s§acme"}, {"a§ann"}}},
		},
		{
			text: "keywords:a,b+c",
			want: question{words: db.Words{{"k§a", "k§b"}, {"k§c"}}},
		},
		{
			text: "maintainer:@Bob",
			want: question{maintainers: []string{"bob"}},
		},
		{
			text: "is:unstable",
			want: question{plain: "is:unstable", words: db.Words{{"is*"}, {"unstable*"}}},
		},
		{
			text: "scope:",
			want: question{plain: "scope:", words: db.Words{{"scope*"}}},
		},
		{
			text: "---",
			want: question{plain: "---", nothing: true},
		},
		{
			text: "author:---",
			want: question{words: db.Words{{"a§"}}, nothing: true},
		},
		{
			text: "",
			want: question{},
		},
	} {
		if got := ask(row.text); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%q: %+v, want %+v", row.text, got, row.want)
		}
	}
	if got := ask(strings.Repeat("word ", 50)); len(got.words) != maxWords {
		t.Errorf("%d words", len(got.words))
	}
}
