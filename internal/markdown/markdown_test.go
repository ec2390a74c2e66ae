package markdown

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

func render(t *testing.T, source string) string {
	t.Helper()
	return New(1<<20).render(source, Base{})
}

func TestReadmeKeepsWhatMarkdownIsFor(t *testing.T) {
	for _, row := range []struct{ name, source, want string }{
		{"heading with an id of its own", "# Left pad", `<h1 id="user-content-left-pad">Left pad</h1>`},
		{"code", "```js\nlet a = '<b>'\n```", `<span class="hs">&#39;&lt;b&gt;&#39;</span>` + "\n</code></pre>"},
		{"code without a language", "```\nlet a = '<b>'\n```", "<pre tabindex=\"0\"><code>let a = &#39;&lt;b&gt;&#39;\n</code></pre>"},
		{"code in a language that is not coloured", "```brainfuck\n+++.\n```", "<pre tabindex=\"0\"><code>+++.\n</code></pre>"},
		{"table with alignment", "|a|\n|:-:|\n|b|", `<td align="center">b</td>`},
		{"strikethrough", "~~old~~", `<del>old</del>`},
		{"task", "- [x] done", `<input checked="" disabled="" type="checkbox"/> done`},
		{"bare address", "https://example.com/x", `<a href="https://example.com/x" rel="nofollow ugc noopener noreferrer">https://example.com/x</a>`},
		{"link", "[docs](https://example.com/ \"T\")", `<a href="https://example.com/" title="T" rel="nofollow ugc noopener noreferrer">docs</a>`},
		{"mail", "[write](mailto:ann@example.com)", `<a href="mailto:ann@example.com" rel="nofollow ugc noopener noreferrer">write</a>`},
		{"link within the readme", "[up](#left-pad)", `<a href="#user-content-left-pad">up</a>`},
		{"centred HTML", `<p align="center"><b>x</b></p>`, `<p align="center"><b>x</b></p>`},
		{"details", "<details><summary>more</summary>\n\ntext\n\n</details>", `<details><summary>more</summary>`},
		{"picture in the text", "![dot](data:image/png;base64,iVBORw0KGgo=)", `<img src="data:image/png;base64,iVBORw0KGgo=" alt="dot"/>`},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := render(t, row.source); !strings.Contains(got, row.want) {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

func TestReadmeLeadsNowhereByItself(t *testing.T) {
	for _, row := range []struct{ name, source, want string }{
		{"relative link", "[a](./docs/a.md)", `<p><span>a</span></p>`},
		{"absolute path", "[a](/settings/profile)", `<p><span>a</span></p>`},
		{"other host without a scheme", "[a](//evil.example/x)", `<p><span>a</span></p>`},
		{"password in an address", "[a](https://user:pass@evil.example/)", `<p><span>a</span></p>`},
		{"remote picture", "![logo](https://evil.example/p.png)", `<p><a href="https://evil.example/p.png" rel="nofollow ugc noopener noreferrer">logo</a></p>`},
		{"remote picture in a link", "[![logo](https://evil.example/p.png)](https://example.com/)", `<a href="https://example.com/" rel="nofollow ugc noopener noreferrer">logo</a>`},
		{"picture without a name", "![](https://evil.example/p.png)", `>picture</a>`},
		{"relative picture", "![logo](img/p.png)", `<p>logo</p>`},
		{"picture that is a document", "![x](data:image/svg+xml;base64,PHN2Zz4=)", `<p>x</p>`},
		{"id like one of ours", `<div id="flash">x</div>`, `<div id="user-content-flash">x</div>`},
		{"text field", `<input type="text" name="q">`, ``},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := render(t, row.source); !strings.Contains(got, row.want) {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

func TestOnlyAddressesOfTheWebAndOfMailLeadOutside(t *testing.T) {
	for _, good := range []string{"https://example.com/a?b#c", "http://example.com", "mailto:ann@example.com"} {
		if Outside(good) != good {
			t.Errorf("%q: %q", good, Outside(good))
		}
	}
	for _, bad := range []string{
		"", "javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "vbscript:x", "//evil.example",
		"/settings", "https:evil", "https:///evil", "git+https://example.com/", "https://user:pass@example.com/", "mailto:", "file:///etc/passwd", "blob:https://a/b", "%6aavascript:x",
	} {
		if got := Outside(bad); got != "" {
			t.Errorf("%q leads to %q", bad, got)
		}
	}
}

// attacks are texts that would do something if they were let through.
var attacks = []string{
	`<script>alert(1)</script>`, `<ScRiPt src=//evil.example></sCrIpT>`, `<img src=x onerror=alert(1)>`, `<svg onload=alert(1)>`,
	`<svg><script>alert(1)</script></svg>`, `<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>`,
	`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
	`<math href="javascript:alert(1)">x</math>`, `<iframe srcdoc="<script>alert(1)</script>"></iframe>`, `<iframe src=javascript:alert(1)>`,
	`<object data=javascript:alert(1)></object>`, `<embed src=//evil.example>`, `<base href=//evil.example/>`,
	`<meta http-equiv=refresh content="0;url=//evil.example">`, `<form action=//evil.example><button>x</button></form>`,
	`<button formaction=javascript:alert(1)>x</button>`, `<style>*{background:url(//evil.example)}</style>`, `<link rel=stylesheet href=//evil.example>`,
	`<p style="position:fixed;inset:0">x</p>`, `<p class="note bad">x</p>`, `<a href="javascript:alert(1)">x</a>`, `<a href="JaVa	Script:alert(1)">x</a>`,
	`<a href="&#106;avascript:alert(1)">x</a>`, `<a href=" javascript:alert(1)">x</a>`, `<a href="java&Tab;script:alert(1)">x</a>`,
	`<a href="data:text/html,<script>alert(1)</script>">x</a>`, `<a href="vbscript:x">x</a>`, `<a href="blob:https://x/y">x</a>`, `<a href="file:///etc/passwd">x</a>`,
	`[x](javascript:alert(1))`, `[x](<javascript:alert(1)>)`, `[x](JAVASCRIPT:alert(1))`, `[x]: javascript:alert(1)` + "\n\n[x]", `<javascript:alert(1)>`,
	`![x](javascript:alert(1))`, `[x](data:text/html;base64,PHNjcmlwdD4=)`, `![x" onerror="alert(1)](y)`, `[x](https://a" onclick="alert(1))`,
	`<a href="https://a" target="_top" onclick=alert(1)>x</a>`, `<img src="data:image/png;base64,x" onload=alert(1)>`,
	`<div id=htmx name=document>x</div>`, `<a id=config name=config href=#>x</a>`, `<form id=x><input name=action></form>`,
	`<div hx-get=/logout hx-trigger=load>x</div>`, `<div data-hx-on:load=alert(1)>x</div>`, `<div hx-vals='js:alert(1)' hx-ext=x hx-swap-oob=true id=flash>x</div>`,
	`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<template><script>alert(1)</script></template>`, `<xmp><script>alert(1)</script></xmp>`,
	`<textarea><script>alert(1)</script></textarea>`, `<title><script>alert(1)</script></title>`, `<select><script>alert(1)</script></select>`,
	`<table background=javascript:alert(1)><tr><td background=//evil.example>x`, `<video src=x onerror=alert(1)></video>`, `<audio src=x onerror=alert(1)>`,
	`<details open ontoggle=alert(1)>x</details>`, `<marquee onstart=alert(1)>x`, `<body onload=alert(1)>`, `<html onclick=alert(1)>`, `<frameset onload=alert(1)>`,
	`<!--><script>alert(1)</script>-->`, `<!--[if IE]><script>alert(1)</script><![endif]-->`, `<![CDATA[<script>alert(1)</script>]]>`, `<?xml-stylesheet href="javascript:alert(1)"?>`,
	`<<script>alert(1)//<</script>`, `<scr<script>ipt>alert(1)</script>`, `<img """><script>alert(1)</script>">`, "<img src=`javascript:alert(1)`>",
	`<a href="http://a/&quot;onmouseover=&quot;alert(1)">x</a>`, `<p title='"><script>alert(1)</script>'>x</p>`, `<abbr title="<script>alert(1)</script>">x</abbr>`,
	"```\"onclick=alert(1)\n</code></pre><script>alert(1)</script>\n```", "`<script>alert(1)</script>`", `<code><script>alert(1)</script></code>`,
	`[![x](https://evil.example "><script>alert(1)</script>")](https://a)`, `[a](https://x "onmouseover=alert(1) ")`, `<https://a"onclick="alert(1)>`,
	"|<script>|\n|-|\n|<img src=x onerror=alert(1)>|", `<img srcset="https://evil.example/a 1x" src="">`, `<picture><source srcset=//evil.example/a></picture>`,
	`<isindex action=javascript:alert(1)>`, `<dialog open>x</dialog>`, `<keygen autofocus onfocus=alert(1)>`, `<a href="#" ping="//evil.example">x</a>`, `<area href=javascript:alert(1)>`,
	"<a\x00 href=javascript:alert(1)>x</a>", "<\x00script>alert(1)</script>", "\xff<script>\xfe", "<a href=\"java\x00script:alert(1)\">x</a>",
}

func TestAttacksAreTakenOutOfReadmes(t *testing.T) {
	for _, source := range attacks {
		checkHarmless(t, source, render(t, source))
		checkHarmless(t, source, render(t, "> - "+source+"\n\ntext **"+source+"**"))
	}
}

// allowed is written apart from the policy, so that a slip there is not repeated here.
var allowed = map[string]bool{}

func init() {
	for tag := range strings.FieldsSeq(`h1 h2 h3 h4 h5 h6 p br hr div span blockquote pre code em strong b i u s del ins sub sup small
		kbd samp var mark q cite abbr ul ol li dl dt dd details summary figure figcaption table caption thead tbody tfoot tr th td
		a img input`) {
		allowed[tag] = true
	}
	for attribute := range strings.FieldsSeq(`id align colspan rowspan start open title href rel src alt width height type checked disabled tabindex class`) {
		allowed["@"+attribute] = true
	}
}

// checkHarmless reads the output as a browser would and fails on all that is not on the list.
func checkHarmless(t *testing.T, source, out string) {
	t.Helper()
	if strings.HasPrefix(out, `<pre class="plain">`) {
		return
	}
	z := html.NewTokenizer(strings.NewReader(out))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return
		}
		if kind == html.CommentToken || kind == html.DoctypeToken {
			t.Errorf("%q\nleaves a comment: %s", source, out)
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		tag := z.Token()
		if !allowed[tag.Data] {
			t.Errorf("%q\nleaves <%s>: %s", source, tag.Data, out)
		}
		for _, a := range tag.Attr {
			ok := allowed["@"+a.Key] && a.Namespace == ""
			switch a.Key {
			case "class":
				ok = tag.Data == "span" && len(a.Val) == 2 && a.Val[0] == 'h'
			case "href":
				ok = ok && (strings.HasPrefix(a.Val, "#user-content-") || strings.HasPrefix(a.Val, "https://") ||
					strings.HasPrefix(a.Val, "http://") || strings.HasPrefix(a.Val, "mailto:"))
			case "src":
				ok = ok && strings.HasPrefix(a.Val, "data:image/")
			case "id":
				ok = ok && strings.HasPrefix(a.Val, "user-content-")
			}
			if !ok {
				t.Errorf("%q\nleaves %s=%q: %s", source, a.Key, a.Val, out)
			}
		}
	}
}

func FuzzReadmeIsHarmless(f *testing.F) {
	for _, source := range attacks {
		f.Add(source)
	}
	r := New(1 << 20)
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) > 4096 {
			return
		}
		begin := time.Now()
		checkHarmless(t, source, r.render(source, Base{}))
		if d := time.Since(begin); !hostile(source) && d > 2*time.Second {
			t.Errorf("%d bytes took %v", len(source), d)
		}
	})
}

func TestTextsMadeToKeepTheParserBusyAreShownAsText(t *testing.T) {
	many := strings.Repeat
	for name, source := range map[string]string{
		"brackets":       many("[", 100_000),
		"links":          many("[a](", 100_000),
		"pictures":       many("![", 100_000),
		"emphasis":       many("*a_ ", 100_000),
		"quotes":         many("> ", 10_000) + "a",
		"quotes, often":  many(many(">", 100)+"\n", 5000),
		"lists":          many("- ", 10_000) + "a",
		"wide table":     "|" + many("a|", 10_000) + "\n|" + many("-|", 10_000) + many("\n|a", 20),
		"large table":    "|" + many("a|", 2000) + "\n|" + many("-|", 2000) + "\n" + many("|a\n", 20_000),
		"headings":       many("# a\n", 100_000),
		"ruled headings": many("a\n===\n", 60_000),
	} {
		t.Run(name, func(t *testing.T) {
			if !hostile(source) {
				t.Fatal("the parser would be given the text")
			}
			if d := New(1<<20).Render(t.Context(), source, Base{}); !strings.HasPrefix(d.html, `<pre class="plain">`) {
				t.Errorf("%.60s", d.html)
			}
		})
	}
}

// What the limits let through must still end. The limits are of a paragraph and of the whole text, so a
// part of the longest readme shows it: it takes some hundredths of a second. The bound is far above that,
// because the race detector and a busy machine are slow, and far below what a text without limits takes.
func TestTheWorstTextWithinTheLimitsEnds(t *testing.T) {
	const size = MaxBytes / 32
	fill := func(paragraph string) string { return strings.Repeat(paragraph+"\n\n", size/(len(paragraph)+2)) }
	for name, source := range map[string]string{
		"links":    fill(strings.Repeat("[a](", maxBrackets)),
		"emphasis": fill(strings.Repeat("*a_ ", maxEmphasis/2)),
		"quotes":   strings.Repeat(strings.Repeat(">", maxDepth)+"\n", size/(maxDepth+1)),
		"table":    "|" + strings.Repeat("a|", 200) + "\n|" + strings.Repeat("-|", 200) + "\n" + strings.Repeat("|a\n", maxCells/4/201),
		"elements": strings.Repeat("<b><p>", size/6),
	} {
		t.Run(name, func(t *testing.T) {
			if hostile(source) {
				t.Fatal("the text is over a limit")
			}
			begin := time.Now()
			New(1<<20).render(source, Base{})
			if d := time.Since(begin); d > time.Minute {
				t.Errorf("took %v", d)
			}
		})
	}
}

func TestLongReadmeIsCutAndSaysSo(t *testing.T) {
	d := New(8<<20).Render(t.Context(), strings.Repeat("é", MaxBytes), Base{})
	if !d.Cut || strings.Contains(d.html, "\ufffd") {
		t.Errorf("cut %v, broken character %v", d.Cut, strings.Contains(d.html, "\ufffd"))
	}
	if d := New(1<<20).Render(t.Context(), "short", Base{}); d.Cut {
		t.Error("a short readme is said to be cut")
	}
}

func TestReadmeIsRenderedOnce(t *testing.T) {
	r := New(1 << 20)
	first := r.Render(t.Context(), "# a", Base{})
	r.parse = nil // a second rendering would panic into plain text
	if second := r.Render(t.Context(), "# a", Base{}); second != first {
		t.Errorf("got %q, then %q", first.html, second.html)
	}
}
