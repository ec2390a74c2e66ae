package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/internal/npmpack"
)

const tool = "/package/@ann/tool/settings"

// tools is a portal with a package of ann's, and bob.
func tools(t *testing.T) *portal {
	t.Helper()
	p := newPortal(t)
	ann := p.Person("ann")
	p.Person("bob")
	for _, v := range []string{"1.0.0", "1.1.0", "2.0.0"} {
		p.Publish(ann, npmpack.Package{Name: "@ann/tool", Version: v})
	}
	return p
}

// acts sends a form and follows where it leads, whose text must say something.
func (b *browser) acts(t *testing.T, target, says string, form url.Values) {
	t.Helper()
	r := b.post(target, form)
	if r.status == http.StatusSeeOther {
		r = b.get(r.location())
	}
	if !strings.Contains(r.text("main"), says) {
		t.Errorf("%s %v: expected %q in %s", target, form, says, r.text("main"))
	}
}

func TestPackageSettings(t *testing.T) {
	p := tools(t)
	ann, bob := p.as("ann"), p.as("bob")
	if page := ann.get("/package/@ann/tool"); !page.has("nav a[href=" + tool + "]") {
		t.Error("a maintainer does not find the settings")
	}
	if page := bob.get("/package/@ann/tool"); page.has("nav a[href=" + tool + "]") {
		t.Error("somebody else is led to the settings")
	}
	ann.acts(t, tool+"/access", "only those who have access", form("access", "restricted"))
	if r := bob.get("/package/@ann/tool"); r.status != http.StatusNotFound {
		t.Error("bob still sees it:", r.status)
	}
	ann.acts(t, tool+"/access", "everybody can see", form("access", "public"))
	ann.acts(t, tool+"/access", "Access is public or restricted", form("access", "secret"))

	ann.acts(t, tool+"/maintainers", "Nobody here has that name", form("act", "ask", "person", "nobody"))
	ann.acts(t, tool+"/maintainers", "bob is asked", form("act", "ask", "person", "bob"))
	ann.acts(t, tool+"/maintainers", "taken back", form("act", "withdraw", "person", "bob"))
	ann.acts(t, tool+"/maintainers", "the last one cannot be removed", form("act", "remove", "person", "ann"))
	if page := ann.get(tool); !page.has(".rows li:contains(The last maintainer stays.)") || page.has(".rows button[value=remove]") {
		t.Error(page.text("main"))
	}
	ann.acts(t, tool+"/maintainers", "bob is asked", form("act", "ask", "person", "bob"))
	for _, i := range invitationsOf(p, "bob") {
		bob.acts(t, "/settings/invitations/"+i, "You maintain", form("answer", "accept"))
	}
	if page := bob.get(tool); page.status != http.StatusOK || !page.has("fieldset[disabled]") || !page.has("button[value=remove]") {
		t.Error("another maintainer:", page.status, page.text("main"))
	}
	bob.acts(t, tool+"/maintainers", "You do not maintain", form("act", "remove", "person", "bob"))

	ann.acts(t, tool+"/deprecation", "2 versions are deprecated", form("act", "deprecate", "range", "1.x", "message", "use 2"))
	if page := ann.get(tool); !page.has(".rows li:contains(use 2) .mono:contains(1.1.0 1.0.0)") {
		t.Error(page.text("main"))
	}
	ann.acts(t, tool+"/deprecation", "1 version is not deprecated", form("act", "undeprecate", "range", "1.0.0"))
	ann.acts(t, tool+"/deprecation", "Say why", form("act", "deprecate", "range", "1.x"))
	if r := ann.post(tool+"/deprecation", form("act", "deprecate", "range", "nonsense", "message", "gone")); r.status != 422 ||
		!r.has("#range-problem") || !r.has("input[name=message][value=gone]") {
		t.Error(r.text("main"))
	}
}

func TestDeletingAsksForTheNameAndAProof(t *testing.T) {
	p := tools(t)
	ann := p.as("ann")
	revision := func(page response) string {
		_, rest, _ := strings.Cut(page.body, `name="revision" value="`)
		rev, _, _ := strings.Cut(rest, `"`)
		return rev
	}
	page := ann.get(tool + "/delete?version=2.0.0")
	if !page.has("dd:contains(latest leads to 1.1.0)") || !page.has("dd:contains(never be used again)") {
		t.Error(page.text("main"))
	}
	rev := revision(page)
	ann.acts(t, tool+"/delete", "Expected @ann/tool@2.0.0", form("version", "2.0.0", "revision", rev, "typed", "@ann/tool"))
	ann.acts(t, tool+"/delete", "changed since you read it", form("version", "2.0.0", "revision", "1-x", "typed", "@ann/tool@2.0.0"))
	ann.acts(t, tool+"/delete", "@ann/tool@2.0.0 is deleted", form("version", "2.0.0", "revision", rev, "typed", "@ann/tool@2.0.0"))

	p.Publish(p.Person("carl"), npmpack.Package{Name: "user", Version: "1.0.0", Manifest: map[string]any{"dependencies": map[string]string{"@ann/tool": "1"}}})
	if page = ann.get(tool + "/delete"); page.has("input[name=typed]") || !page.has("dd a[href=/package/user]") {
		t.Error("what others depend on can be deleted:", page.text("main"))
	}
	p.Publish(p.Person("dora"), npmpack.Package{Name: "lonely", Version: "1.0.0"})
	dora := p.as("dora")
	rev = revision(dora.get("/package/lonely/settings/delete"))
	p.Advance(20 * time.Minute)
	gone := form("revision", rev, "typed", "lonely")
	if r := dora.post("/package/lonely/settings/delete", gone); r.location() != "/sudo" {
		t.Error("deleted without a fresh proof:", r.status, r.location())
	}
	if r := dora.get("/package/lonely/settings"); r.location() != "/sudo" {
		t.Error("no proof is asked for before a form is filled in:", r.status, r.location())
	}
	dora = p.as("dora")
	dora.acts(t, "/package/lonely/settings/delete", "lonely is deleted, with 1 version.", gone)
	if r := dora.get("/package/lonely"); r.status != http.StatusNotFound {
		t.Error(r.status)
	}
}

// invitationsOf are the ids of what somebody was asked to maintain.
func invitationsOf(p *portal, name string) (ids []string) {
	p.t.Helper()
	list, err := p.Packages.Invitations(p.t.Context(), actorOf(p, name))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, i := range list {
		ids = append(ids, i.ID)
	}
	return ids
}
