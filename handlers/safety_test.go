package handlers

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/app/apptest"
	"latchkey/internal/audit"
)

func TestSessionsAreListedAndSignedOut(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	here, there := p.as("ann"), p.as("ann")
	l := p.ask(t, "203.0.113.7")
	here.get("/auth/login/" + l.ID)
	here.post("/auth/login/"+l.ID, form("answer", "approve"))
	if text, _ := p.answer(t, l); text == "" {
		t.Fatal("the terminal is not signed in")
	}
	r := here.get("/settings/sessions")
	if !r.has(".rows li:contains(Firefox on Linux) .tag.ok:contains(This browser)") || !r.has("button:contains(Sign out the other browsers)") ||
		!r.has(".rows li:contains(npm login on npm) input[name=terminal]") {
		t.Fatalf("%s", r.text("main"))
	}
	if r := here.post("/settings/sessions", form("all", "others")); r.location() != "/settings/sessions" || there.signedIn() || !here.signedIn() {
		t.Errorf("%d %q", r.status, r.location())
	}
	if r := here.get("/settings/sessions"); r.has("button:contains(Sign out the other browsers)") || !r.has("button:contains(Sign out everywhere)") {
		t.Errorf("%s", r.text("main"))
	}
	if r := here.post("/settings/sessions", form("browser", "another's")); r.status != http.StatusNotFound {
		t.Errorf("a session that is not there: %d", r.status)
	}
	again := p.as("ann")
	if r := here.post("/settings/sessions", form("all", "everywhere")); r.location() != "/" || here.signedIn() || again.signedIn() {
		t.Errorf("everywhere: %d %q", r.status, r.location())
	}
	b := p.as("ann")
	if r := b.get("/settings/sessions"); !r.has(".empty:contains(No terminal is signed in)") {
		t.Errorf("%s", r.text("main"))
	}
}

func TestOneSessionIsSignedOutFromTheList(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	here, there := p.as("ann"), p.as("ann")
	ids := func(b *browser) (other, mine string) {
		for _, n := range parseSelector(t, "form.inline input[name=browser]").find(parseHTML(t, b.get("/settings/sessions").body)) {
			v, _ := attribute(n, "value")
			if mine == "" {
				mine = v // this browser is first
			} else {
				other = v
			}
		}
		return other, mine
	}
	other, mine := ids(here)
	here.script = "sessions"
	if r := here.post("/settings/sessions", form("browser", other)); r.status != http.StatusOK || !r.has("#sessions") || !r.has("#flash:contains(That browser is signed out.)") {
		t.Errorf("%d %s", r.status, r.body)
	}
	here.script = ""
	if there.signedIn() {
		t.Error("the other is still signed in")
	}
	if r := here.post("/settings/sessions", form("browser", mine)); r.location() != "/" || here.signedIn() {
		t.Errorf("its own: %d %q", r.status, r.location())
	}
}

func TestSecurityLogIsReadFilteredAndPaged(t *testing.T) {
	p := newPortal(t)
	ann := p.Person("ann")
	p.visit().post("/login", form("login", "ann", "password", "wrong"))
	b := p.as("ann")
	p.Token(ann, "automation")
	r := b.get("/settings/security-log")
	for _, want := range []string{
		"li:contains(Signed in):contains(Firefox on Linux)", "li:contains(Wrong password)", "li:contains(Access token made)", "li:contains(Account created)",
		"li:contains(by the operator, on the server)", "a[aria-current=page]:contains(Everything)",
	} {
		if !r.has(".page " + want) {
			t.Errorf("nothing matches %s in %s", want, r.text("main"))
		}
	}
	if r := b.get("/settings/security-log?kind=token"); !r.has("li:contains(Access token made)") || r.has("li:contains(Signed in)") {
		t.Errorf("%s", r.text("main"))
	}
	if r := b.get("/settings/security-log?kind=package"); !r.has(".empty") {
		t.Errorf("%s", r.text("main"))
	}
	for range 60 {
		p.visit().post("/login", form("login", "ann", "password", "wrong"))
		p.Advance(5 * time.Minute)
	}
	b = p.as("ann")
	r = b.get("/settings/security-log?kind=session")
	next := parseSelector(t, "footer a:contains(Older)").find(parseHTML(t, r.body))
	if len(next) != 1 {
		t.Fatalf("no second page: %s", r.text("footer"))
	}
	href, _ := attribute(next[0], "href")
	if r := b.get(href); !r.has("a:contains(Newest)") || r.has("a:contains(Older)") || !r.has("li:contains(Wrong password)") {
		t.Errorf("%s: %s", href, r.text("main"))
	}
}

func TestSecurityLogIsDownloaded(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	evil := p.visit()
	evil.headers["User-Agent"] = `=HYPERLINK("https://evil.example","x")`
	evil.post("/login", form("login", "ann", "password", "wrong"))
	b := p.as("ann")
	r := b.get("/settings/security-log/export")
	if r.header.Get("Content-Type") != "application/jsonl; charset=utf-8" || !strings.Contains(r.header.Get("Content-Disposition"), "security-log.jsonl") || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", r.header)
	}
	var events []audit.Event
	for line := range strings.Lines(r.body) {
		var e audit.Logged
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		events = append(events, e.Event)
	}
	if len(events) != 3 || events[0] != audit.SessionStarted || events[1] != audit.SessionFailed || events[2] != audit.AccountCreated {
		t.Errorf("%v", events)
	}
	r = b.get("/settings/security-log/export?as=csv&kind=session")
	rows, err := csv.NewReader(strings.NewReader(r.body)).ReadAll()
	if err != nil || len(rows) != 3 || rows[0][2] != "event" || rows[2][2] != "session.failed" {
		t.Fatalf("%v %v", rows, err)
	}
	if agent := rows[2][10]; agent != "'"+evil.headers["User-Agent"] {
		t.Errorf("a spreadsheet would read %q as a formula", agent)
	}
}

func TestLockingAndRecovering(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	b, other := p.as("ann"), p.as("ann")
	if r := b.get("/settings/lock"); !r.has("form button.danger:contains(Lock my account)") {
		t.Errorf("%s", r.text("main"))
	}
	if r := b.post("/settings/lock", form()); r.location() != "/password/forgot" || b.signedIn() || other.signedIn() {
		t.Fatalf("%d %q", r.status, r.location())
	}
	if r := b.get("/password/forgot"); !r.has("#flash:contains(The account is locked.)") {
		t.Errorf("%s", r.text("main"))
	}
	if r := b.post("/login", form("login", "ann", "password", apptest.Password)); r.status != http.StatusUnprocessableEntity || !r.has(".note.warn:contains(This account is locked.) a[href=/password/forgot]") {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	if r := b.post("/login", form("login", "ann", "password", "wrong")); r.has(".note:contains(locked)") {
		t.Error("whoever does not know the password learns that the account is locked")
	}
	b.post("/password/forgot", form("login", "ann"))
	b.post(path(t, p.Link("ann@example.com")), form("password", newPassword))
	if r := b.post("/login", form("login", "ann", "password", newPassword)); r.status != http.StatusSeeOther || !b.signedIn() {
		t.Errorf("not recovered: %d %s", r.status, r.text("main"))
	}
}

func TestLinkInALetterLocksWithoutSigningIn(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	b := p.as("ann")
	b.post("/settings/password", form("password", newPassword))
	link := path(t, p.Link("ann@example.com"))
	if !strings.HasPrefix(link, "/lock/") {
		t.Fatal(link)
	}
	stranger := p.visit()
	if r := stranger.get(link); !r.has("h1:contains(Lock the account ann?)") || r.header.Get("Referrer-Policy") != "no-referrer" || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v %s", r.header, r.text("main"))
	}
	if !b.signedIn() {
		t.Fatal("looking locks")
	}
	if r := stranger.post(link, form()); r.location() != "/password/forgot" || b.signedIn() {
		t.Errorf("%d %q", r.status, r.location())
	}
	if r := stranger.get(link); r.status != http.StatusNotFound {
		t.Errorf("the link still works: %d", r.status)
	}
}

func TestHeldAccountSeesUntilWhenOnEveryPage(t *testing.T) {
	p := newPortal(t)
	ann := p.Person("ann")
	b := p.as("ann")
	p.Hold(ann)
	for _, page := range []string{"/", "/settings/profile", "/help/npm"} {
		if r := b.get(page); !r.has("main .note.warn:contains(read-only for another 3 days, because somebody used a recovery code)") {
			t.Errorf("%s: %s", page, r.text("main"))
		}
	}
	if r := b.post("/settings/profile", form("full_name", "Eve")); r.status != http.StatusForbidden || !r.has("main:contains(This account is read-only until)") {
		t.Errorf("%d %s", r.status, r.text("main"))
	}
	p.Advance(access.HoldFor)
	b = p.as("ann")
	if r := b.get("/"); r.has(".note:contains(read-only)") {
		t.Error("it does not end")
	}
}

// A form of a page that one person opened is not sent in the name of another who signed in meanwhile.
func TestStaleFormIsNotSentForAnother(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	p.Person("bob")
	b := p.as("ann")
	r := b.get("/settings/profile")
	if !r.has("form#profile input[name=signed_in_as][value=ann]") || !r.has("header form[action=/logout] input[name=signed_in_as][value=ann]") {
		t.Fatalf("the forms do not say whose page it is: %s", r.body)
	}
	b.post("/login", form("login", "bob", "password", apptest.Password))
	for _, script := range []string{"", "profile"} {
		b.script = script
		if r := b.post("/settings/profile", form("full_name", "Ann", "signed_in_as", "ann")); r.status != http.StatusConflict {
			t.Errorf("%q: %d", script, r.status)
		}
	}
	b.script = "profile"
	r = b.post("/settings/profile", form("full_name", "Bob", "signed_in_as", "bob"))
	if r.status != http.StatusOK || !r.has("form#profile input[name=signed_in_as][value=bob]") {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.script = ""
	if r := b.get("/~bob"); r.has("h1:contains(Ann)") {
		t.Error("ann's form was saved for bob")
	}
	if r := p.visit().get("/login"); r.has("input[name=signed_in_as]") {
		t.Error("a stranger's form names somebody")
	}
}
