package handlers

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/npmpack"
	"latchkey/internal/secret"
	"latchkey/internal/token"
)

// secretOn is the token that a page shows, which is shown once.
func secretOn(t *testing.T, r response) string {
	t.Helper()
	text := r.text("main .copy code")
	for _, word := range strings.Fields(text) {
		if secret.IsToken(word) {
			return word
		}
	}
	t.Fatalf("no secret on %q", r.text("main"))
	return ""
}

// first is an attribute of the first element that a selector finds.
func first(t *testing.T, r response, sel, name string) string {
	t.Helper()
	for _, n := range parseSelector(t, sel).find(parseHTML(t, r.body)) {
		v, _ := attribute(n, name)
		return v
	}
	t.Fatalf("no %s on %q", sel, r.text("main"))
	return ""
}

func (p *portal) standsFor(text string) string {
	by, err := p.Tokens.Authenticate(p.t.Context(), access.Actor{}, text)
	if err != nil {
		return ""
	}
	return by.Name
}

func TestTokenIsMadeShownOnceAndRevoked(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	b := p.as("ann")
	if r := b.get("/settings/tokens"); !r.has(".empty:contains(no access token)") {
		t.Errorf("%s", r.text("main"))
	}
	r := b.post("/settings/tokens/new", form("name", "ci-release", "kind", "automation", "packages", "@acme/* gift", "days", "30", "note", "the runner"))
	if r.status != http.StatusOK {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	text := secretOn(t, r)
	if p.standsFor(text) != "ann" {
		t.Error("the token does not work")
	}
	r = b.get("/settings/tokens")
	if strings.Contains(r.body, text) || !r.has(".rows li:contains(ci-release) .tag:contains(Automation)") || !strings.Contains(r.text("main"), "for @acme/*, gift") {
		t.Errorf("%s", r.text("main"))
	}
	id := first(t, r, "input[name=token]", "value")
	r = b.post("/settings/tokens", form("token", id))
	if r.location() != "/settings/tokens" || p.standsFor(text) != "" {
		t.Errorf("%d %q", r.status, r.location())
	}
	if r := b.post("/settings/tokens", form("token", id)); r.location() != "/settings/tokens" {
		t.Errorf("revoked twice, as by two clicks: %d", r.status)
	}
}

func TestTokenFormSaysWhatItsTokenCanDo(t *testing.T) {
	p := newPortal(t)
	ann := p.Person("ann")
	for _, name := range []string{"@ann/one", "@ann/two", "gift"} {
		p.Publish(ann, npmpack.Package{Name: name, Version: "1.0.0"})
	}
	b := p.as("ann")
	until := func(days int) string { return " until " + p.Now().AddDate(0, 0, days).UTC().Format("2 Jan 2006") }
	for query, want := range map[string]string{
		"":                             "The token can publish all that you reach" + until(7) + ". Today that is @ann/one, @ann/two, gift.",
		"name=ci&packages=@ann/*":      "ci can publish @ann/*" + until(7) + ". Today that is @ann/one, @ann/two.",
		"packages=gift,@ann/two":       "The token can publish gift, @ann/two" + until(7) + ". Today that is @ann/two, gift.",
		"kind=read-only&packages=none": "The token can read and install none" + until(30) + ". You maintain no such package today.",
		"kind=automation&days=30&addresses=10.0.0.0/8": "The token can publish all that you reach, from 10.0.0.0/8" + until(30) +
			", without a second factor. Today that is @ann/one, @ann/two, gift.",
		"orgs=acme&manages=on":        "The token reaches no package, can manage acme" + until(7) + ".",
		"orgs=acme&packages=@ann/one": "The token can publish @ann/one, can look at acme" + until(7) + ". Today that is @ann/one.",
	} {
		r := b.get("/settings/tokens/new?" + query)
		if got := strings.Join(strings.Fields(r.text("#summary")), " "); got != want {
			t.Errorf("%s: %q\nwant %q", query, got, want)
		}
	}
	for _, name := range []string{"a", "b", "c"} {
		p.Publish(ann, npmpack.Package{Name: "@ann/more-" + name, Version: "1.0.0"})
	}
	if r := b.get("/settings/tokens/new"); !strings.Contains(r.text("#summary"), "@ann/two and more.") {
		t.Error(r.text("#summary"))
	}
}

func TestTokenFormOffersTheLivesThatTheRegistryAllows(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	b := p.as("ann")
	for _, r := range []struct {
		usual, longest int
		query, chosen  string
	}{
		{7, 90, "", "7"}, {7, 5, "", "5"}, {7, 45, "", "7"}, {14, 90, "", "14"}, {7, 45, "days=45", "45"}, {7, 45, "days=90", "7"}, {7, 90, "kind=read-only", "30"},
	} {
		p.Config.Limits.TokenDaysDefault, p.Config.Limits.TokenDays = r.usual, r.longest
		got := b.get("/settings/tokens/new?" + r.query)
		if c := first(t, got, "option[selected]", "value"); c != r.chosen {
			t.Errorf("%+v: %s days are chosen", r, c)
		}
	}
}

func TestTokenFormComesBackWithWhatIsWrong(t *testing.T) {
	p := newPortal(t)
	p.Person("ann")
	b := p.as("ann")
	for _, r := range []struct{ field, value string }{
		{"name", ""}, {"kind", "session"}, {"packages", "A B"}, {"addresses", "home"}, {"days", "91"}, {"days", "soon"}, {"orgs", "a/b"}, {"note", strings.Repeat("x", 301)},
	} {
		f := form("name", "ci", "kind", "publish")
		f.Set(r.field, r.value)
		got := b.post("/settings/tokens/new", f)
		if got.status != http.StatusUnprocessableEntity || !got.has(".note.bad") || !got.has("#"+r.field+"-problem") {
			t.Errorf("%s=%q: %d %s", r.field, r.value, got.status, got.text("main"))
		}
	}
	if r := b.get("/settings/tokens"); !r.has(".empty") {
		t.Error("something was made")
	}
}

func TestTokenGetsANewSecret(t *testing.T) {
	p := newPortal(t)
	ann := p.Person("ann")
	b := p.as("ann")
	old := p.Token(ann, token.Publish)
	page := b.get("/settings/tokens")
	rotate := first(t, page, ".rows li a.button", "href")
	if r := b.get(rotate); r.status != http.StatusOK || !r.has("legend:contains(The old secret)") {
		t.Fatalf("%d %s", r.status, r.text("main"))
	}
	r := b.post(rotate, form("overlap", "1h"))
	if p.standsFor(secretOn(t, r)) != "ann" || p.standsFor(old) != "ann" {
		t.Error("both work while they overlap")
	}
	if r := b.post(rotate, form("overlap", "1000h")); r.status != http.StatusUnprocessableEntity {
		t.Errorf("a long overlap: %d", r.status)
	}
	if r := b.post(rotate, form("overlap", "now")); r.status == http.StatusOK {
		t.Errorf("no time at all: %d", r.status)
	}
	b.post(rotate, form("overlap", "0s"))
	if p.standsFor(old) != "" {
		t.Error("the old secret works on")
	}
	p.Person("bob")
	if r := p.as("bob").post(rotate, form("overlap", "0s")); r.status != http.StatusNotFound {
		t.Errorf("another's: %d", r.status)
	}
}
