package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"latchkey/internal/npmpack"
)

// vectors are texts each of which would set pwned in some browser, sanitiser or template, or ask another host,
// if it were let through. They are made of what is known to work: elements that run by themselves, handlers of
// events, addresses that are scripts, ways to break out of where a text stands, and ways around a filter.
func vectors() (all []string) {
	const run = "window.pwned=1"
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	for event := range strings.FieldsSeq(`onload onerror onclick onmouseover onmouseenter onfocus onfocusin onblur ontoggle onanimationstart onanimationend ontransitionend
		onpointerover onpointerenter onscroll onwheel oncopy oncut onpaste ondrag ondrop onbeforetoggle onhashchange onpageshow onresize onbegin onend onrepeat`) {
		for _, element := range []string{`<img src=x %s=%s>`, `<svg %s=%s>`, `<details open %s=%s><summary>x</summary></details>`, `<a href="#x" tabindex=0 autofocus %s=%s>x</a>`, `<input autofocus %s=%s>`} {
			add(element, event, run)
		}
	}
	for _, address := range []string{
		"javascript:" + run, "JaVaScRiPt:" + run, " javascript:" + run, "java\tscript:" + run, "java&#10;script:" + run, "&#106;avascript:" + run, "&#x6A;avascript&colon;" + run,
		"javascript&#58;" + run, "\x01javascript:" + run, "data:text/html,<script>" + run + "</script>", "data:text/html;base64,PHNjcmlwdD53aW5kb3cucHduZWQ9MTwvc2NyaXB0Pg==",
		"vbscript:pwned", "//evil.invalid/x", `\\evil.invalid/x`, "blob:https://evil.invalid/x", "javascript://%0a" + run, "feed:javascript:" + run, "view-source:javascript:" + run,
	} {
		add(`<a href="%s">x</a>`, address)
		add(`[x](%s)`, address)
		add(`[x](<%s>)`, address)
		add(`![x](%s)`, address)
		add(`<img src="%s">`, address)
		add(`<iframe src="%s"></iframe>`, address)
		add(`<form action="%s"><button>x</button></form>`, address)
		add(`<svg><a xlink:href="%s"><text>x</text></a></svg>`, address)
		add("[x]: %s\n\n[x]", address)
	}
	script := "<script>" + run + "</script>"
	for _, frame := range []string{
		"%s", "<svg>%s</svg>", "<math><mi>%s</mi></math>", "<noscript><p title=\"</noscript>%s\">", "<textarea></textarea>%s", "<title></title>%s", "<style></style>%s", "<xmp></xmp>%s",
		"<!-->%s-->", "<!--[if gte IE 4]>%s<![endif]-->", "<![CDATA[%s]]>", "<template>%s</template>", "<iframe srcdoc=\"%s\"></iframe>", "<select>%s</select>", "<table><tr><td>%s", "\"'>%s", "`%s`",
		"```html\n</code></pre>%s\n```", "|a|\n|-|\n|%s|", "> %s", "- %s", "# %s", "~~%s~~", "<p title='\">%s'>x</p>", "<math><mtext><table><mglyph><style><!--</style>%s", "{{%s}}", "${%s}", "]]>%s",
		"</main></body></html>%s", "\u202e%s", "%s\x0c", "<scr<script>ipt>%s", "<a title=\"%s\">x</a>", "<form id=x></form><button form=x formaction=javascript:" + run + ">x</button>%s",
	} {
		add("%s", strings.Replace(frame, "%s", script, 1))
	}
	return append(all, `<div hx-get="/logout" hx-trigger="load">x</div>`, `<div hx-on:load="window.pwned=1">x</div>`, `<div data-hx-on:load="window.pwned=1">x</div>`,
		`<div hx-vals="js:{a:window.pwned=1}" hx-get="/" hx-trigger="load">x</div>`, `<div id="flash" hx-swap-oob="true">x</div>`, `<base href="//evil.invalid/">`,
		`<meta http-equiv="refresh" content="0;url=//evil.invalid/">`, `<link rel="stylesheet" href="//evil.invalid/x.css">`, `<style>@import "//evil.invalid/x.css"</style>`,
		`<p style="background:url(//evil.invalid/x)">x</p>`, `<object data="javascript:window.pwned=1"></object>`, `<embed src="javascript:window.pwned=1">`, `<video src="//evil.invalid/x" autoplay></video>`,
		`<img srcset="//evil.invalid/x 1x">`, `<picture><source srcset="//evil.invalid/x"></picture>`, `<a id="htmx" name="document">x</a>`, `<form name="body"><input name="innerHTML"></form>`,
		`<script src="//evil.invalid/x.js"></script>`, `<svg><use href="data:image/svg+xml,<svg id=x onload=window.pwned=1>#x"/></svg>`, `<svg><animate attributeName=href values=javascript:window.pwned=1 /></svg>`)
}

// harm is what a page does or holds that came from a text. Each event is sent to each element once, so that a
// handler that survived has its chance.
const harm = `(() => {
	const found = []
	for (const e of document.querySelectorAll('main, main *')) {
		for (const a of e.attributes) {
			if (/^on/i.test(a.name)) found.push('a handler: ' + e.outerHTML.slice(0, 200))
			// Our own forms and the search have htmx attributes too.
			if (/^(data-)?hx-/.test(a.name) && (/hx-(on|vals|ext)/.test(a.name) || /logout|pwned|evil|load/.test(a.value))) found.push('htmx: ' + e.outerHTML.slice(0, 200))
			if (/^(href|src|action|formaction|data|xlink:href)$/.test(a.name)) {
				const to = new URL(a.value, location.href)
				if (!['http:', 'https:', 'mailto:'].includes(to.protocol) && !/^data:image\/(png|jpeg|gif|webp);/.test(a.value)) found.push('an address: ' + e.outerHTML.slice(0, 200))
				if (a.name != 'href' && to.origin != location.origin && to.protocol != 'data:') found.push('another host: ' + e.outerHTML.slice(0, 200))
			}
		}
		if (/^(script|iframe|object|embed|base|meta|link|style|svg:script)$/i.test(e.localName)) found.push('an element: ' + e.outerHTML.slice(0, 200))
		for (const name of ['mouseover', 'mouseenter', 'pointerover', 'focus', 'focusin', 'toggle', 'error', 'load', 'animationstart', 'scroll', 'copy'])
			e.dispatchEvent(new Event(name, {bubbles: false}))
	}
	if (document.querySelectorAll('#flash').length != 1) found.push('two elements of one id')
	if (window.pwned) found.push('something ran')
	return found
})()`

// TestTextsOfOthersDoNothing publishes texts that want to act, through the real registry, and looks at every
// page that shows them in a real browser.
func TestTextsOfOthersDoNothing(t *testing.T) {
	t.Parallel()
	s := started(t, "LATCHKEY_PUBLISH_RATE=off")
	token := s.person("ann")
	b := newBrowser(t, s.url)
	texts := vectors()
	if len(texts) < 300 {
		t.Fatalf("only %d texts", len(texts))
	}
	pages := 0
	visit := func(b *browser, address string, wanted int64) {
		t.Helper()
		pages++
		if status := b.open(address); status != wanted {
			t.Errorf("%s answers %d", address, status)
		}
		b.step("look for harm on "+address, func(ctx context.Context) error {
			found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](harm))
			for _, f := range found {
				t.Errorf("%s: %s", address, f)
			}
			return err
		})
		b.quiet()
	}
	const perPackage = 40
	for i := 0; i < len(texts); i += perPackage {
		some, name := texts[i:min(i+perPackage, len(texts))], fmt.Sprint("hostile-", i/perPackage)
		for n, version := range []string{"1.0.0", "1.0.1"} {
			s.publish(t, hostilePackage(name, version, some, n), token)
		}
		for _, page := range []string{"", "/versions", "/dependencies", "/files", "/files/1.0.0/texts", "/files/1.0.1/all.html", "/files/1.0.1/all.js", "/files/1.0.1/package.json", "/diff/1.0.0...1.0.1"} {
			visit(b, "/package/"+name+page, 200)
		}
	}
	visit(b, "/", 200)
	visit(b, "/~ann", 200)
	visit(b, "/search?q=hostile", 200)
	for _, text := range texts[len(texts)-20:] {
		b.expect("status of 4")
		visit(b, "/package/"+strings.NewReplacer("/", "", "#", "", "?", "", "%", "", "\\", "", "\x01", "", "\t", "").Replace(text), 404)
	}
	if pages < 90 {
		t.Errorf("only %d pages were looked at", pages)
	}
	profile(t, s, b.another(), texts, visit)
}

// hostilePackage says some texts wherever a package can say something.
func hostilePackage(name, version string, some []string, turn int) npmpack.Package {
	at := func(n int) string { return some[(n+turn)%len(some)] }
	all := strings.Join(some, "\n\n")
	files := map[string]string{"all.html": all, "all.js": "const a = `" + all + "`\n" + strings.Repeat("// moved\n", turn), "all.json": fmt.Sprintf("%q", all)}
	for n, text := range some {
		path := strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' || strings.ContainsRune(`/\:*?"|`, r) {
				return '_'
			}
			return r
		}, text)
		files[fmt.Sprintf("texts/%d%.60s.txt", n, strings.TrimRight(path, ". "))] = at(n)
	}
	return npmpack.Package{Name: name, Version: version, Readme: all + strings.Repeat("\n", turn), Files: files, Manifest: map[string]any{
		"description": at(0), "license": at(1), "homepage": at(2), "repository": map[string]any{"type": "git", "url": at(3), "directory": at(4)},
		"keywords": some, "author": map[string]any{"name": at(5), "url": at(6)}, "bugs": map[string]any{"url": at(7)}, "funding": at(8),
		"scripts": map[string]any{"test": at(9), "postinstall": at(10), at(11): at(12)}, at(13): at(14),
	}}
}

// profile puts texts where people say who they are.
func profile(t *testing.T, s *server, b *browser, texts []string, visit func(b *browser, address string, wanted int64)) {
	t.Helper()
	b.expect("status of 422")
	b.open("/login")
	b.fill("login", "ann", "password", password)
	b.press("Sign in")
	for _, text := range []string{texts[0], texts[len(texts)/2], `"><script>window.pwned=1</script>`, "</h1><img src=x onerror=window.pwned=1>"} {
		b.open("/settings/profile")
		b.fill("full_name", strings.Map(func(r rune) rune {
			if r < ' ' {
				return ' '
			}
			return r
		}, text))
		b.click("Save the profile")
		visit(b, "/settings/profile", 200)
		visit(b, "/~ann", 200)
	}
}
