package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/db/dbtest"
	"latchkey/internal/app/apptest"
	"latchkey/internal/config"
	"latchkey/internal/npmpack"
	"latchkey/internal/org"
)

// want is what a row says of an answer. Zero values say nothing, but a status of 0 is 200.
type want struct {
	status   int
	location string
	title    string
	has, not string // a selector that leads somewhere, or nowhere
	mails    string // address that got a letter
}

func (w want) check(t *testing.T, p *portal, r response) {
	t.Helper()
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if r.status != w.status {
		t.Errorf("status %d, want %d: %s", r.status, w.status, r.text("main"))
	}
	if r.location() != w.location {
		t.Errorf("location %q, want %q", r.location(), w.location)
	}
	if got := r.text("title"); w.title != "" && got != w.title {
		t.Errorf("title %q, want %q", got, w.title)
	}
	if w.has != "" && !r.has(w.has) {
		t.Errorf("nothing matches %q in:\n%s", w.has, r.text("body"))
	}
	if w.not != "" && r.has(w.not) {
		t.Errorf("something matches %q", w.not)
	}
	if w.mails != "" && len(p.Mails(w.mails)) == 0 {
		t.Errorf("no mail for %s", w.mails)
	}
}

const readme = "# Widget\n\n<script>alert(1)</script>\n\nSee [the page](https://example.com/) and ![logo](https://evil.example/p.png).\n"

// peopled is a portal with an operator, two people and three packages.
func peopled(t *testing.T) *portal {
	t.Helper()
	p := newPortal(t)
	p.Operator("olga")
	ann := p.Person("ann")
	p.Person("bob")
	if _, err := p.Orgs.Create(t.Context(), actorOf(p, "ann"), org.NewOrg{Name: "acme"}); err != nil {
		t.Fatal(err)
	}
	p.Publish(ann, npmpack.Package{Name: "@ann/widget", Version: "1.0.0", Readme: readme, Manifest: map[string]any{
		"description": "Turns \u202ethings", "license": "MIT", "homepage": "javascript:alert(1)", "keywords": []string{"<b>"},
		"repository": map[string]any{"type": "git", "url": "git+https://code.example/ann/widget.git"},
	}})
	p.Publish(ann, npmpack.Package{Name: "@ann/widget", Version: "1.1.0-rc.1", Tag: "next"})
	p.Publish(ann, npmpack.Package{Name: "@ann/vault", Version: "1.0.0", Access: "restricted"})
	p.Publish(ann, npmpack.Package{Name: "gadget", Version: "2.0.0"})
	return p
}

func TestPages(t *testing.T) {
	p := peopled(t)
	for _, row := range []struct {
		name, as, method, url string
		form                  url.Values
		want                  want
	}{
		{name: "first page", url: "/", want: want{title: "Latchkey", has: ".steps code:contains(npm config set @yourname:registry http://localhost:4873/npm/)", not: "code:contains(set registry)"}},
		{name: "first page lists what is public", url: "/", want: want{has: "a[href=/package/@ann/widget]", not: "a[href=/package/@ann/vault]"}},
		{name: "first page lists one's own", as: "ann", url: "/", want: want{has: "li:contains(Private) a[href=/package/@ann/vault]"}},
		{name: "stranger is offered the two ways in", url: "/", want: want{has: "nav a[href=/signup]", not: "form[action=/logout]"}},
		{name: "everybody who is signed in can sign out", as: "ann", url: "/help/npm", want: want{has: "form[action=/logout] button", not: "a[href=/operator]"}},
		{name: "operator finds their pages", as: "olga", url: "/", want: want{has: "nav a[href=/operator]"}},

		{name: "set up npm", url: "/help/npm", want: want{title: "Set up npm · Latchkey", has: "#ci code:contains(//localhost:4873/npm/:_authToken=${NPM_TOKEN})"}},
		{name: "set up yarn 4 over plain http", url: "/help/npm", want: want{has: "#yarn-4 code:contains(unsafeHttpWhitelist)"}},
		{name: "what yarn 4 would wait a day for", as: "ann", url: "/help/npm", want: want{has: `#yarn-4 code:contains(npmPreapprovedPackages: - "@ann/*")`}},
		{name: "own scope in the commands", as: "ann", url: "/help/npm", want: want{has: "#npm code:contains(npm config set @ann:registry)"}},

		{name: "search field in the header", url: "/", want: want{has: "header form[action=/search] input[name=q]"}},
		{name: "search", url: "/search?q=widget", want: want{title: "Search · Latchkey", has: "#found a[href=/package/@ann/widget]", not: "#found a[href=/package/gadget]"}},
		{name: "search keeps what was typed", url: "/search?q=%22%3E%3Cscript%3E", want: want{has: "#found p:contains(Nothing found.)", not: "main script"}},
		{name: "search for nothing lists all that is public", url: "/search", want: want{has: "#found p:contains(2 packages.)", not: "a[href=/package/@ann/vault]"}},
		{name: "search of a maintainer", as: "ann", url: "/search?q=vault", want: want{has: "#found li:contains(Private) a[href=/package/@ann/vault]"}},
		{name: "search of a stranger", url: "/search?q=vault", want: want{not: "a[href=/package/@ann/vault]"}},
		{name: "keywords lead to their packages", url: "/search?q=widget", want: want{has: "#found a[href=/search?q=keywords%3A%3Cb%3E]"}},
		{name: "search from a place that is no number", url: "/search?q=gadget&from=x", want: want{has: "#found a[href=/package/gadget]"}},
		{name: "search far away", url: "/search?q=gadget&from=99999999", want: want{status: 422}},

		{name: "package", url: "/package/gadget", want: want{title: "gadget · Latchkey", has: ".install code:contains(npm i gadget)"}},
		{name: "scoped package with a slash", url: "/package/@ann/widget", want: want{title: "@ann/widget · Latchkey", has: ".readme h1:contains(Widget)"}},
		{name: "scoped package, encoded", url: "/package/@ann%2fwidget", want: want{has: ".facts a[href=/~ann]"}},
		{name: "scoped package, all of it encoded", url: "/package/%40ann%2Fwidget", want: want{has: ".tabs a[aria-current=page]:contains(Readme)"}},
		{name: "name encoded twice", url: "/package/@ann%252fwidget", want: want{status: 404}},
		{name: "name that climbs", url: "/package/..%2f..%2fetc", want: want{status: 404}},
		{name: "no package", url: "/package/nothing", want: want{status: 404, title: "There is nothing here · Latchkey"}},
		{name: "scope without a name", url: "/package/@ann", want: want{status: 404}},
		{name: "more than a page", url: "/package/gadget/x", want: want{status: 404}},
		{name: "readme without what could act", url: "/package/@ann/widget", want: want{has: ".readme a[href=https://evil.example/p.png]:contains(logo)", not: ".readme script"}},
		{name: "repository as a browser opens it", url: "/package/@ann/widget", want: want{has: ".facts a[href=https://code.example/ann/widget]"}},
		{name: "home page that is no address", url: "/package/@ann/widget", want: want{has: ".facts dd:contains(javascript:alert(1)", not: ".facts a:contains(javascript)"}},
		{name: "text that would turn around", url: "/package/@ann/widget", want: want{has: `header p:contains(Turns \u202ethings)`}},
		{name: "keyword with markup", url: "/package/@ann/widget", want: want{has: ".facts .tag:contains(<b>)"}},
		{name: "tags", url: "/package/@ann/widget", want: want{has: ".facts .tag:contains(next → 1.1.0-rc.1)"}},
		{name: "private package, to a stranger", url: "/package/@ann/vault", want: want{status: 404, has: "a[href=/login?next=%2Fpackage%2F%40ann%2Fvault]"}},
		{name: "private package, to another", as: "bob", url: "/package/@ann/vault", want: want{status: 404}},
		{name: "private package, to its maintainer", as: "ann", url: "/package/@ann/vault", want: want{has: ".tag:contains(Private)"}},
		{name: "versions", url: "/package/@ann/widget/versions", want: want{title: "Versions · @ann/widget · Latchkey", has: "tr:contains(1.1.0-rc.1) .tag:contains(next)"}},
		{name: "versions, encoded", url: "/package/@ann%2fwidget/versions?below=2", want: want{has: "tr:contains(1.0.0)", not: "tr:contains(1.1.0-rc.1)"}},
		{name: "versions below nonsense", url: "/package/@ann/widget/versions?below=1e309", want: want{has: "tr:contains(1.1.0-rc.1)"}},
		{name: "versions of a private package", as: "bob", url: "/package/@ann/vault/versions", want: want{status: 404}},

		{name: "how it was published", url: "/package/@ann/widget", want: want{has: ".facts dd:contains(by ann with an access token)"}},
		{name: "versions lead to their files and changes", url: "/package/@ann/widget/versions", want: want{has: "tr:contains(1.1.0-rc.1) a[href=/package/@ann/widget/diff/1.0.0...1.1.0-rc.1]"}},
		{name: "two versions can be chosen", url: "/package/@ann/widget/versions", want: want{has: "form[action=/package/@ann/widget/diff] input[name=from][value=1.0.0][checked]"}},
		{name: "one version cannot be compared", url: "/package/gadget/versions", want: want{has: "a[href=/package/gadget/files/2.0.0]", not: "input[name=from]"}},
		{name: "dependencies", url: "/package/gadget/dependencies", want: want{title: "Dependencies · gadget · Latchkey", has: ".empty:contains(2.0.0 depends on nothing)"}},
		{name: "dependencies of no version", url: "/package/gadget/dependencies?version=9.9.9", want: want{status: 404}},
		{name: "dependencies of a private package", as: "bob", url: "/package/@ann/vault/dependencies", want: want{status: 404}},
		{name: "files of the latest version", url: "/package/@ann/widget/files", want: want{title: "Files · @ann/widget · Latchkey", has: ".files a[href=/package/@ann/widget/files/1.0.0/package.json]"}},
		{name: "files of a version", url: "/package/@ann%2fwidget/files/1.1.0-rc.1", want: want{has: "h2:contains(1.1.0-rc.1) .tag:contains(next)"}},
		{name: "a file", url: "/package/@ann/widget/files/1.0.0/README.md", want: want{title: "README.md · @ann/widget · Latchkey", has: ".source .ln:contains(<script>alert(1)", not: "main script"}},
		{name: "a file in colour", url: "/package/gadget/files/2.0.0/package.json", want: want{has: ".tree a[aria-current=page]:contains(package.json)"}},
		{name: "no such file", url: "/package/gadget/files/2.0.0/absent.js", want: want{status: 404, has: "p:contains(no such file or folder)"}},
		{name: "a path that climbs", url: "/package/gadget/files/2.0.0/..%2f..%2fpackage.json", want: want{status: 404}},
		{name: "no such version", url: "/package/gadget/files/9.9.9", want: want{status: 404}},
		{name: "a tag is no version", url: "/package/gadget/files/latest", want: want{status: 404}},
		{name: "files of a private package, to a stranger", url: "/package/@ann/vault/files/1.0.0", want: want{status: 404, not: "p:contains(version)"}},
		{name: "a file of a private package, to another", as: "bob", url: "/package/@ann/vault/files/1.0.0/package.json", want: want{status: 404, not: ".source"}},
		{name: "a file of a private package, to its maintainer", as: "ann", url: "/package/@ann/vault/files/1.0.0/package.json", want: want{has: ".source"}},

		{name: "person", url: "/~ann", want: want{title: "ann · Latchkey", has: "a[href=/package/gadget]", not: "body:contains(ann@example.com)"}},
		{name: "person, private packages", url: "/~ann", want: want{not: "a[href=/package/@ann/vault]"}},
		{name: "nobody", url: "/~nobody", want: want{status: 404}},

		{name: "own packages", as: "ann", url: "/settings/packages", want: want{title: "Packages · Settings · Latchkey", has: "a[href=/package/@ann/vault]"}},
		{name: "no packages yet", as: "bob", url: "/settings/packages", want: want{has: ".empty:contains(You maintain no package yet)"}},
		{name: "profile", as: "ann", url: "/settings/profile", want: want{has: ".rail a[aria-current=page]:contains(Profile)"}},
		{
			name: "profile is saved", as: "ann", method: "POST", url: "/settings/profile", form: form("full_name", "Ann <b>", "homepage", "https://ann.example/"),
			want: want{status: 303, location: "/settings/profile"},
		},
		{name: "saved profile", url: "/~ann", want: want{has: "a[href=https://ann.example/]", not: "main b"}},
		{
			name: "profile with a home page that is none", as: "ann", method: "POST", url: "/settings/profile", form: form("full_name", "Anna", "homepage", "javascript:alert(1)"),
			want: want{status: 422, has: "#homepage[aria-invalid=true]"},
		},
		{name: "address, verified", as: "ann", url: "/settings/emails", want: want{has: "li:contains(ann@example.com) .tag.ok:contains(Verified)", not: "main form"}},
		{name: "address is verified already", as: "ann", method: "POST", url: "/settings/emails", want: want{status: 409}},

		{name: "overview", as: "olga", url: "/operator", want: want{title: "Overview · Operator · Latchkey", has: ".numbers div:contains(People3)"}},
		{name: "people", as: "olga", url: "/operator/people", want: want{has: "li:contains(ann@example.com) a[href=/~ann]"}},
		{name: "people after a name", as: "olga", url: "/operator/people?after=bob", want: want{has: "a[href=/~olga]", not: "a[href=/~ann]"}},
		{
			name: "invitation", as: "olga", method: "POST", url: "/operator/people", form: form("email", "eve@example.com"),
			want: want{status: 303, location: "/operator/people", mails: "eve@example.com"},
		},
		{name: "captured mail", as: "olga", url: "/operator/mail", want: want{has: "li:contains(eve@example.com) a:contains(invited)"}},
		{name: "letter that is not there", as: "olga", url: "/operator/mail/..%2f..%2fsecret.key", want: want{status: 404}},
		{
			name: "invitation to no address", as: "olga", method: "POST", url: "/operator/people", form: form("email", "eve"),
			want: want{status: 422, has: ".problem:contains(ann@example.com)"},
		},

		{name: "no page", url: "/nothing", want: want{status: 404, has: "nav a[href=/login]"}},
		{name: "no page, signed in", as: "ann", url: "/settings/profile/x.css", want: want{status: 404, has: "form[action=/logout]"}},
		{name: "wrong method", as: "ann", method: "POST", url: "/settings/packages", want: want{status: 405}},
		{name: "method in the form", as: "ann", method: "POST", url: "/settings/packages", form: form("_method", "GET"), want: want{status: 405}},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := p.as(row.as)
			if row.method == "" {
				row.method = http.MethodGet
			}
			row.want.check(t, p, b.send(b.request(row.method, row.url, row.form)))
		})
	}
}

func TestErrorOnOurSideSaysOnlyItsNumber(t *testing.T) {
	p := peopled(t)
	b := p.as("ann")
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	r := b.get("/")
	if r.status != 500 || !r.has("code:contains("+r.header.Get("X-Request-Id")+")") || strings.Contains(r.body, "sql") || strings.Contains(r.body, "database") {
		t.Errorf("%d %s", r.status, r.text("body"))
	}
}

func TestHeadIsAnsweredAsGet(t *testing.T) {
	p := newPortal(t)
	b := p.visit()
	if r := b.send(b.request(http.MethodHead, "/help/npm", nil)); r.status != 200 || !strings.HasPrefix(r.header.Get("Content-Type"), "text/html") {
		t.Errorf("%d %v", r.status, r.header)
	}
}

func TestFirstPageSaysThatNobodyRunsTheRegistry(t *testing.T) {
	p := newPortal(t)
	if r := p.visit().get("/"); !r.has(".note:contains(Nobody runs this registry yet)") {
		t.Error("the page says nothing")
	}
	p.Operator("olga")
	if r := p.visit().get("/"); r.has(".note:contains(Nobody runs this registry yet)") {
		t.Error("the page still says so")
	}
}

// The password of everybody in the tests must be acceptable, or rows would pass for the wrong reason.
func TestPasswordOfTheTestsWorks(t *testing.T) {
	p := peopled(t)
	if !p.as("ann").signedIn() || apptest.Password == "" {
		t.Error("ann is not signed in")
	}
}

func TestOperatorIsToldWhatTheDatabaseMayLose(t *testing.T) {
	p := newPortal(t, func(c *config.Config) {
		c.Database = dbtest.Postgres(t).Address
		q := "?"
		if strings.Contains(c.Database, "?") {
			q = "&"
		}
		c.Database += q + "synchronous_commit=off"
	})
	p.Operator("olga")
	if r := p.as("olga").get("/operator"); !strings.Contains(r.text("main"), "synchronous_commit = off") {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
}
