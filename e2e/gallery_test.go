package e2e

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"
)

// TestGallery looks at every page of the portal, as the list of routes has it: light, dark, and 420
// pixels wide. It takes a picture of each into the folder gallery, runs axe-core on it, and fails on
// what axe finds, on a page that is wider than its window, and on complaints of the browser.
func TestGallery(t *testing.T) {
	t.Parallel()
	g := openGallery(t)
	for _, page := range g.pages() {
		g.show(page)
	}
	g.showForms()
	g.showMidway()
	g.showEmpty()
	t.Logf("the pictures are in %s", g.folder)
}

// gallery is the demonstration with two visitors.
type gallery struct {
	t              *testing.T
	s              *server
	folder, axe    string
	stranger, mira *browser
	password       string
}

// page is an address to look at, and what its pictures are called. by is whose page it is; nobody's is
// looked at by a stranger or, when it is not for strangers, by mira.
type page struct {
	name, address string
	by            *browser
}

// modes are how each page is looked at.
var modes = []struct {
	name, scheme  string
	width, height int64
}{{"light", "light", 1200, 800}, {"dark", "dark", 1200, 800}, {"narrow", "light", 420, 800}}

var demoAccount = regexp.MustCompile(`Sign in as (\S+) with the password (\S+)`)

func openGallery(t *testing.T) *gallery {
	t.Helper()
	axe, err := os.ReadFile(clients("axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal("scripts/setup installs axe-core: ", err)
	}
	g := &gallery{t: t, axe: string(axe), folder: filepath.Join(root, "gallery"), s: newServer(t)}
	if err := os.RemoveAll(g.folder); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(g.folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := g.s.start("--demo"); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(g.s.log)
	if err != nil {
		t.Fatal(err)
	}
	account := demoAccount.FindStringSubmatch(string(log))
	if account == nil {
		t.Fatalf("the demonstration does not say how to sign in:\n%s", log)
	}
	g.password = account[2]
	g.stranger = newBrowser(t, g.s.url)
	g.stranger.expect("status of 404") // pages that are not for strangers
	g.mira = g.signedIn(account[1])
	return g
}

// notPages are addresses that answer with something else than a page.
var notPages = map[string]bool{
	"/static/:file": true, "/favicon.ico": true, "/favicon.svg": true, "/robots.txt": true, "/settings/security-log/export": true,
	"/org/:org/members/export": true, "/org/:org/audit-log/export": true,
}

// midway are pages that exist only while somebody is signing in or setting something up, where no address alone
// leads: showMidway goes there. The page of a mailed code looks like that of any code; the
// preview of an enforcement needs an owner with a second factor, whom the tests of handlers have.
var midway = map[string]bool{
	"/login/factor": true, "/login/code": true, "/login/lost": true, "/login/recovery-code": true, "/settings/two-factor/app": true,
	"/settings/two-factor/codes": true, "/org/:org/security/preview": true,
}

// pages turns the list of routes into addresses. A route with a parameter that nobody gave an example for
// fails the test, so that no page is left out.
func (g *gallery) pages() []page {
	g.t.Helper()
	routes, err := g.s.command("", "routes")
	if err != nil {
		g.t.Fatal(err)
	}
	examples := g.examples()
	pages := []page{{name: "problem-not-found", address: "/nothing/of/that/name"}}
	for line := range strings.Lines(routes) {
		edge, method, route := fields(line)
		if edge != "portal" || method != "GET" || notPages[route] || midway[route] {
			continue
		}
		name := cmp.Or(strings.Trim(regexp.MustCompile(`[^a-z]+`).ReplaceAllString(route, "-"), "-"), "home")
		if !strings.Contains(route, ":") {
			pages = append(pages, page{name: name, address: route})
			continue
		}
		if len(examples[route]) == 0 {
			g.t.Errorf("there is no example of the page %s: add one to the gallery", route)
		}
		for i, example := range examples[route] {
			if example.name = name; i > 0 {
				example.name = fmt.Sprintf("%s-%d", name, i+1)
			}
			pages = append(pages, example)
		}
	}
	if len(pages) < 20 {
		g.t.Errorf("only %d pages in\n%s", len(pages), routes)
	}
	return pages
}

func fields(line string) (edge, method, route string) {
	f := append(strings.Fields(line), "", "", "")
	return f[0], f[1], f[2]
}

// examples are addresses of pages that are about something.
func (g *gallery) examples() map[string][]page {
	const long = "the-complete-and-unabridged-collection-of-string-padding-functions-for-every-alphabet-and-direction-of-writing"
	at := func(addresses ...string) (pages []page) {
		for _, a := range addresses {
			pages = append(pages, page{address: a})
		}
		return pages
	}
	m := map[string][]page{
		"/~:person": at("/~mira", "/~bartholomew-featherstonehaugh", "/~tove"),
		"/verify/:token": append([]page{{address: g.mailed("Verify", "/verify/"), by: g.signedIn("tove")}},
			at("/verify/used-already")...),
		"/password/reset/:token": at(g.mailed("Choose a new password", "/password/reset/"), "/password/reset/used-already"),
		"/lock/:token":           at(g.mailed("Choose a new password", "/lock/"), "/lock/used-already"),
		"/recovery/:token":       at("/recovery/used-already"),
		"/invitations/:token":    at(g.mailed("You are invited", "/invitations/"), "/invitations/used-already"),
		"/org/:org/members":      at("/org/tidewater/members", "/org/tidewater/members?find=zz"),
		"/org/:org/invitations":  at("/org/tidewater/invitations"),
		"/org/:org/teams":        at("/org/tidewater/teams"),
		"/org/:org/teams/:team":  at("/org/tidewater/teams/web", "/org/tidewater/teams/developers"),
		"/org/:org/delete":       at("/org/tidewater/delete"),
		"/org/:org/security":     at("/org/tidewater/security"),
		"/org/:org/audit-log":    at("/org/tidewater/audit-log", "/org/tidewater/audit-log?person=amara", "/org/tidewater/audit-log?action=team&person=nobody"),
		"/setup/:token":          at("/setup/used-already"), // an unused one is among the pages of an empty registry
		"/auth/login/:id":        at(g.terminalWaits()),

		"/settings/tokens/:id/rotate": at(g.rotation()),
		"/auth/confirm/:id":           at("/auth/confirm/used-already"),
		"/operator/mail/:id":          at(g.newestLetter()),
	}
	m["/package/:name/files"] = at("/package/left-align/files")
	m["/package/:name/files/:version"] = at("/package/tide-table/files/3.0.0-beta.2", "/package/kelp/files/0.0.1")
	m["/package/:name/files/:version/*"] = at("/package/left-align/files/4.1.1/src/width.js", "/package/left-align/files/4.1.1/src",
		"/package/left-align/files/4.1.1/assets/dot.png", "/package/left-align/files/4.1.1/package.json")
	m["/package/:name/diff/:range"] = at("/package/left-align/diff/4.1.0...4.1.1", "/package/tide-table/diff/2.1.1...3.0.0-beta.1",
		"/package/left-align/diff/3.2.0...4.0.0", "/package/left-align/diff/4.1.1...4.1.1")
	m["/package/:name/dependencies"] = at("/package/tide-table/dependencies?version=3.0.0-beta.2", "/package/kelp/dependencies")
	m["/package/:name/dependents"] = at("/package/left-align/dependents", "/package/kelp/dependents")
	m["/package/:name/settings"] = at("/package/@mira/harbor-config/settings", "/package/left-align/settings")
	m["/package/:name/settings/delete"] = at("/package/left-align/settings/delete", "/package/left-align/settings/delete?version=4.1.1")
	m["/package/:name/diff"] = []page{{address: "/package/left-align/diff?from=4.1.0&to=4.1.1"}}
	for _, name := range []string{"left-align", "@mira/harbor-config", "kelp", "tide-table", long} {
		m["/package/:name"] = append(m["/package/:name"], page{address: "/package/" + name})
		m["/package/:name/versions"] = append(m["/package/:name/versions"], page{address: "/package/" + name + "/versions"})
	}
	return m
}

// signedIn is somebody's browser.
func (g *gallery) signedIn(name string) *browser {
	g.t.Helper()
	b := g.stranger.another()
	b.expect("status of 404") // pages that are not for strangers
	b.open("/login")
	b.fill("login", name, "password", g.password)
	b.press("Sign in")
	return b
}

// mailed is the address of a link in a captured letter.
func (g *gallery) mailed(subject, part string) string {
	g.t.Helper()
	u, err := url.Parse(letter(g.mira, subject, part))
	if err != nil {
		g.t.Fatal(err)
	}
	return u.Path
}

func (g *gallery) newestLetter() string {
	g.t.Helper()
	g.mira.open("/operator/mail")
	return strings.TrimPrefix(g.mira.link("/operator/mail/"), g.s.url)
}

// rotation is where one of mira's tokens gets a new secret.
func (g *gallery) rotation() string {
	g.t.Helper()
	g.mira.open("/settings/tokens")
	return strings.TrimPrefix(g.mira.link("/settings/tokens/0"), g.s.url)
}

// terminalWaits is what npm login opens.
func (g *gallery) terminalWaits() string {
	g.t.Helper()
	a, err := g.s.ask(request{method: "POST", path: "/npm/-/v1/login", body: []byte("{}")})
	_, rest, ok := strings.Cut(string(a.body), g.s.url+"/auth/")
	id, _, _ := strings.Cut(rest, `"`)
	if err != nil || !ok {
		g.t.Fatalf("a terminal cannot ask to be signed in: %v %s", err, a.body)
	}
	return "/auth/" + id
}

// show looks at a page as a stranger and, when it is not for strangers, as mira.
func (g *gallery) show(p page) {
	g.t.Helper()
	b := cmp.Or(p.by, g.stranger)
	status := b.open(p.address)
	if at := b.path(); p.by == nil && (status != 200 || at == "/login" && p.address != "/login") {
		b = g.mira
		status = b.open(p.address)
		if b.path() == "/sudo" && p.address != "/sudo" {
			b.fill("password", g.password)
			b.press("Go on")
			status = b.open(p.address)
		}
	}
	missing := strings.HasPrefix(p.name, "problem") || strings.HasSuffix(p.address, "used-already")
	if status != 200 && !missing {
		g.t.Errorf("%s answers %d", p.address, status)
	}
	g.look(b, p.name)
}

// showForms looks at forms that were filled in wrongly.
func (g *gallery) showForms() {
	g.t.Helper()
	g.stranger.expect("status of 422")
	g.stranger.open("/signup")
	g.stranger.fill("name", "mira", "email", "somebody@example.test", "password", "short")
	g.stranger.press("Make my account")
	g.look(g.stranger, "signup-problems")
	g.stranger.open("/login")
	g.stranger.fill("login", "mira", "password", "not the password")
	g.stranger.press("Sign in")
	g.look(g.stranger, "login-problems")
	g.mira.open(g.terminalWaits())
	g.mira.press("Sign the terminal in")
	if g.mira.path() == "/sudo" {
		g.mira.fill("password", g.password)
		g.mira.press("Go on")
		g.mira.press("Sign the terminal in")
	}
	g.look(g.mira, "auth-login-id-approved")
	g.mira.open(g.terminalWaits())
	g.mira.press("Say no")
	g.look(g.mira, "auth-login-id-denied")
}

// showMidway looks at the pages on the way through signing in with a second factor and turning it on.
func (g *gallery) showMidway() {
	g.t.Helper()
	jonas := g.stranger.another()
	jonas.open("/login")
	jonas.fill("login", "jonas", "password", g.password)
	jonas.press("Sign in")
	g.look(jonas, "login-factor")
	for name, address := range map[string]string{"login-recovery-code": "/login/recovery-code", "login-lost": "/login/lost"} {
		jonas.open(address)
		g.look(jonas, name)
	}
	g.mira.open("/settings/two-factor/add")
	g.mira.press("Set up an app")
	g.look(g.mira, "settings-two-factor-app")
	secret := strings.ReplaceAll(regexp.MustCompile(`([A-Z2-7]{4} ){7}[A-Z2-7]{4}`).FindString(g.mira.text()), " ", "")
	code, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		g.t.Fatal(err)
	}
	g.mira.fill("code", code)
	g.mira.press("Confirm the app")
	g.look(g.mira, "settings-two-factor-codes")
}

// showEmpty looks at a registry that nobody uses yet.
func (g *gallery) showEmpty() {
	g.t.Helper()
	s := started(g.t)
	log, err := os.ReadFile(s.log)
	if err != nil {
		g.t.Fatal(err)
	}
	first := g.stranger.another()
	first.home = s.url
	first.open(string(setupLink.Find(log)))
	g.look(first, "setup-token")
	first.fill("name", "mira", "email", "mira@example.test", "password", password)
	first.press("Make the operator's account")
	for name, address := range map[string]string{
		"empty-home": "/", "empty-operator": "/operator", "empty-operator-mail": "/operator/mail", "empty-settings-packages": "/settings/packages",
		"empty-person": "/~mira",
	} {
		first.open(address)
		g.look(first, name)
	}
}

// look takes the pictures of the page that a browser shows and checks it in each mode.
func (g *gallery) look(b *browser, name string) {
	g.t.Helper()
	b.step("load axe on "+name, func(ctx context.Context) error {
		_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](g.axe+";true"))
		return err
	})
	for _, mode := range modes {
		b.step("look at "+name+" "+mode.name, func(ctx context.Context) error {
			media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: mode.scheme}}}
			if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
				return err
			}
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(mode.width, mode.height)); err != nil {
				return err
			}
			found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](inspect, chromedp.EvalAwaitPromise))
			if err != nil {
				return err
			}
			for _, f := range found {
				g.t.Errorf("%s, %s: %s", name, mode.name, f)
			}
			picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(g.folder, name+"."+mode.name+".png"), picture, 0o600)
		})
	}
	b.quiet()
}

// inspect returns what is wrong with a page, in words.
const inspect = `(async () => {
	await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))
	const found = []
	const room = document.documentElement.clientWidth
	if (document.documentElement.scrollWidth > room) {
		const wide = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > room + 1)
		found.push('wider than the window of ' + room + ' px: ' + wide.slice(0, 4).map(e => e.outerHTML.slice(0, 120)).join(' | '))
	}
	const result = await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
	for (const v of result.violations) {
		found.push('axe ' + v.id + ': ' + v.help + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + ' (' + n.failureSummary.replace(/\s+/g, ' ') + ')').join(' | '))
	}
	return found
})()`
