package e2e

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// patience is how long one step of a browser may take on a busy machine.
const patience = 45 * time.Second

// browser is one person's browser, with cookies of its own. Whatever a page complains about on its
// console, a violation of the content policy above all, fails the test.
type browser struct {
	t    testing.TB
	ctx  context.Context // chromedp keeps the browser in it
	home string          // the portal

	mu       sync.Mutex
	expected []string // what a page may complain about, because the test provokes it
	heard    []string
}

// newBrowser starts Chromium. Nothing it does by itself may leave the machine.
func newBrowser(t testing.TB, home string) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.WSURLReadTimeout(patience), chromedp.Env("TMPDIR="+tools)) // it leaves things behind
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	return tab(t, ctx, home)
}

// another is the same program on another machine: no cookie is shared.
func (b *browser) another() *browser {
	b.t.Helper()
	return tab(b.t, b.ctx, b.home, chromedp.WithNewBrowserContext())
}

func tab(t testing.TB, parent context.Context, home string, options ...chromedp.ContextOption) *browser {
	t.Helper()
	ctx, stop := chromedp.NewContext(parent, options...)
	b := &browser{t: t, ctx: ctx, home: home}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal("start Chromium (scripts/setup installs it): ", err)
	}
	console := chromedp.Console(ctx)
	var listening sync.WaitGroup
	listening.Go(func() {
		for m, err := range console {
			if err != nil {
				return
			}
			if m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleWarning || m.IsException() {
				b.mu.Lock()
				b.heard = append(b.heard, fmt.Sprintf("%s (%s:%d)", m, m.URL, m.Line))
				b.mu.Unlock()
			}
		}
	})
	t.Cleanup(func() {
		stop()
		listening.Wait()
		b.quiet()
	})
	return b
}

// expect says that pages may complain about something from now on.
func (b *browser) expect(part string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expected = append(b.expected, part)
}

// quiet fails the test when a page has complained.
func (b *browser) quiet() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, message := range b.heard {
		known := false
		for _, part := range b.expected {
			known = known || strings.Contains(message, part)
		}
		if !known {
			b.t.Errorf("the browser's console: %s", message)
		}
	}
	b.heard = nil
}

// step gives f its time and fails the test with what the page shows.
func (b *browser) step(what string, f func(ctx context.Context) error) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := f(ctx); err != nil {
		page, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
		b.t.Fatalf("%s: %v\nThe page is %s", what, err, page)
	}
}

// open goes to an address of the portal, or to a whole URL, and returns the status.
func (b *browser) open(address string) (status int64) {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.home + address
	}
	b.step("open "+address, func(ctx context.Context) error {
		res, err := chromedp.Run(ctx, chromedp.NavigateResponse(address))
		if err == nil {
			status = res.Status
		}
		return err
	})
	return status
}

// fill types into fields, given as name and text in turn.
func (b *browser) fill(pairs ...string) {
	b.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		field := chromedp.CSS(`main [name="` + pairs[i] + `"]`)
		b.step("fill in "+pairs[i], func(ctx context.Context) error {
			return chromedp.Do(ctx, chromedp.Clear(field), chromedp.SendKeys(field, pairs[i+1]))
		})
	}
}

// press clicks a button that leads to another page, or to the same one anew. Waiting for the answer is
// what keeps the next step from asking for an element of the old page.
func (b *browser) press(text string) (status int64) {
	b.t.Helper()
	return b.leave(`//button[normalize-space()="` + text + `"]`)
}

// click is press for a button whose answer replaces a part of the page.
func (b *browser) click(text string) {
	b.t.Helper()
	b.step("click "+text, func(ctx context.Context) error {
		settled := `new Promise(resolve => document.addEventListener('htmx:afterSettle', () => resolve(true), {once: true}))`
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("window.settled = "+settled+"; true")); err != nil {
			return err
		}
		if err := chromedp.Do(ctx, chromedp.Click(`//button[normalize-space()="`+text+`"]`)); err != nil {
			return err
		}
		_, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("window.settled", chromedp.EvalAwaitPromise))
		return err
	})
}

// follow clicks a link.
func (b *browser) follow(text string) (status int64) {
	b.t.Helper()
	return b.leave(`//a[normalize-space()="` + text + `"]`)
}

func (b *browser) leave(element string) (status int64) {
	b.t.Helper()
	b.step("click "+element, func(ctx context.Context) error {
		var res *network.Response
		res, err := chromedp.RunResponse(ctx, chromedp.Click(element))
		if err == nil {
			status = res.Status
		}
		return err
	})
	return status
}

// path is where the browser is.
func (b *browser) path() (path string) {
	b.t.Helper()
	b.step("read the address", func(ctx context.Context) error {
		at, err := chromedp.Run(ctx, chromedp.Location())
		if err != nil {
			return err
		}
		u, err := url.Parse(at)
		if err == nil {
			path = u.Path
		}
		return err
	})
	return path
}

// text is what a reader sees.
func (b *browser) text() (text string) {
	b.t.Helper()
	b.step("read the page", func(ctx context.Context) (err error) {
		text, err = chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText`))
		return err
	})
	return text
}

// says fails the test unless a reader sees a text.
func (b *browser) says(text string) {
	b.t.Helper()
	if seen := b.text(); !strings.Contains(seen, text) {
		b.t.Fatalf("expected %q on %s, which says\n%s", text, b.path(), seen)
	}
}

// link returns the address of the first link whose address contains part.
func (b *browser) link(part string) (href string) {
	b.t.Helper()
	b.step("find a link to "+part, func(ctx context.Context) (err error) {
		href, err = chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector('main a[href*=%q]').href`, part)))
		return err
	})
	return href
}
