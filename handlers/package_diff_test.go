package handlers

import (
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/npmpack"
)

func TestDifferencesHaveAPage(t *testing.T) {
	p := peopled(t)
	ann := p.Person("anna")
	long := strings.Repeat("x\n", 3000)
	p.Publish(ann, npmpack.Package{Name: "shift", Version: "1.0.0", Files: map[string]string{
		"index.js": "one\ntwo\nthree\n", "gone.js": "old\n", "logo.png": "\x00", "here.js": "moves\n",
	}, Manifest: map[string]any{"dependencies": map[string]string{"a": "^1.0.0"}}})
	p.Publish(ann, npmpack.Package{Name: "shift", Version: "1.1.0", Files: map[string]string{
		"index.js": "one\n<script>alert(1)</script>\u202e\nthree", "logo.png": "\x00\x00", "there.js": "moves\n", "aa.js": long, "bb.js": long,
	}, Manifest: map[string]any{"dependencies": map[string]string{"a": "^2.0.0"}, "scripts": map[string]string{"postinstall": "node <b>"}, "license": "MIT"}})
	for _, row := range []struct {
		name, as, url string
		want          want
	}{
		{name: "all of it", url: "/package/shift/diff/1.0.0...1.1.0", want: want{title: "1.0.0 to 1.1.0 · shift · Latchkey", has: ".change summary:contains(index.js)", not: "main script"}},
		{name: "what runs at install comes first", url: "/package/shift/diff/1.0.0...1.1.0", want: want{has: ".note.warn:contains(postinstall: node <b>)", not: ".note b"}},
		{name: "and not when it goes", url: "/package/shift/diff/1.1.0...1.0.0", want: want{has: ".pairs li:contains(removed postinstall)", not: ".note.warn"}},
		{name: "dependencies", url: "/package/shift/diff/1.0.0...1.1.0", want: want{has: ".pairs li:contains(changed a ^1.0.0 → ^2.0.0)"}},
		{name: "other members", url: "/package/shift/diff/1.0.0...1.1.0", want: want{has: ".pairs dd:contains(license)"}},
		{name: "counts", url: "/package/shift/diff/1.0.0...1.1.0", want: want{has: ".pairs dd:contains(3 changed, 2 added, 1 removed, 1 renamed)"}},
		{name: "lines that went", url: "/package/shift/diff/1.0.0...1.1.0", want: want{has: ".diff .minus[data-old=2]:contains(-two)"}},
		{name: "lines that came, as they are", url: "/package/shift/diff/1.0.0...1.1.0", want: want{has: `.diff .plus[data-new=2]:contains(+<script>alert(1)`}},
		{name: "no line turns around", url: "/package/shift/diff/1.0.0...1.1.0", want: want{has: `.diff .plus:contains(\u202e)`}},
		{name: "a line without its end", url: "/package/shift/diff/1.0.0...1.1.0", want: want{has: ".diff .plus[data-new=3]:contains(without a line end)"}},
		{name: "not text", url: "/package/shift/diff/1.0.0...1.1.0", want: want{has: ".change:contains(It had 1 B and has 2 B)"}},
		{name: "renamed", url: "/package/shift/diff/1.0.0...1.1.0", want: want{has: ".change:contains(It was here.js before)"}},
		{name: "no more room", url: "/package/shift/diff/1.0.0...1.1.0", want: want{has: ".change a[href=/package/shift/diff/1.0.0...1.1.0?file=bb.js]"}},
		{name: "one file alone", url: "/package/shift/diff/1.0.0...1.1.0?file=bb.js", want: want{has: ".change .plus[data-new=3000]", not: ".change summary:contains(index.js)"}},
		{name: "no such file", url: "/package/shift/diff/1.0.0...1.1.0?file=..%2fx", want: want{has: ".empty:contains(the same in both versions)"}},
		{name: "with itself", url: "/package/shift/diff/1.0.0...1.0.0", want: want{has: ".pairs dd:contains(All 5 files are the same)", not: ".change"}},
		{name: "no such version", url: "/package/shift/diff/1.0.0...9.9.9", want: want{status: 404}},
		{name: "no range", url: "/package/shift/diff/1.0.0", want: want{status: 404}},
		{name: "scoped", url: "/package/@ann/widget/diff/1.0.0...1.1.0-rc.1", want: want{has: ".crumbs a[href=/package/@ann/widget/files/1.1.0-rc.1]"}},
		{name: "private, to a stranger", url: "/package/@ann/vault/diff/1.0.0...1.0.0", want: want{status: 404}},
		{name: "private, to its maintainer", as: "ann", url: "/package/@ann/vault/diff/1.0.0...1.0.0", want: want{has: ".pairs"}},
		{name: "chosen from the list", url: "/package/@ann/widget/diff?from=1.0.0&to=1.1.0-rc.1", want: want{status: 303, location: "/package/@ann/widget/diff/1.0.0...1.1.0-rc.1"}},
		{name: "chosen without one", url: "/package/shift/diff?from=1.0.0", want: want{status: 422, has: "p:contains(Choose two versions)"}},
		{name: "chosen somewhere else", url: "/package/shift/diff?from=1.0.0&to=" + url.QueryEscape("/../../evil"), want: want{status: 422}},
		{name: "chosen in a private package", url: "/package/@ann/vault/diff?from=1.0.0&to=1.0.0", want: want{status: 404}},
	} {
		t.Run(row.name, func(t *testing.T) { row.want.check(t, p, p.as(row.as).get(row.url)) })
	}
}
