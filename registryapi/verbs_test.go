package registryapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"latchkey/internal/config"
	"latchkey/internal/npmpack"
)

// rev is the revision that npm would send back.
func (r *registry) rev(name string) string {
	r.t.Helper()
	rev, _ := r.do("GET", "/"+name, r.token, "").member(r.t, "_rev").(string)
	return rev
}

func TestEditsTakeOneThingFromADocument(t *testing.T) {
	r := newRegistry(t)
	before := r.get("/left-pad")
	rev := r.rev("left-pad")
	// npm deprecate, from a client that would also have the rest its way.
	body := fmt.Sprintf(`{"_id":"left-pad","_rev":%q,"name":"evil","dist-tags":{"latest":"9.9.9"},"versions":{"1.0.0":{"deprecated":"old","dist":{"tarball":"https://evil.test/"}},
		"9.9.9":{"name":"left-pad"}},"users":{"bob":true},"maintainers":[{"name":"bob"}],"readme":"evil"}`, rev)
	if got := r.do("PUT", "/left-pad", r.token, body); got.StatusCode != http.StatusCreated || got.member(t, "success") != true {
		t.Fatal(got.StatusCode, got.text)
	}
	after := r.get("/left-pad")
	want := strings.Replace(before.text, `}]}}},"time"`, `}]},"deprecated":"old"}},"time"`, 1)
	want = strings.Replace(want, rev, r.rev("left-pad"), 1)
	if after.text != want {
		t.Errorf("%s\nwant\n%s", after.text, want)
	}
	if got := r.do("PUT", "/left-pad", r.token, body); got.StatusCode != http.StatusConflict {
		t.Error("an old revision:", got.StatusCode, got.text)
	}
	// pnpm has its members in another order, and says what it does.
	body = fmt.Sprintf(`{"versions":{"1.0.0":{"deprecated":""}},"_id":"left-pad","_rev":%q}`, r.rev("left-pad"))
	if got := r.do("PUT", "/left-pad", r.token, body, "Npm-Command", "undeprecate"); got.StatusCode != http.StatusCreated || strings.Contains(r.get("/left-pad").text, "deprecated") {
		t.Error(got.StatusCode, got.text)
	}
}

func TestStarsTakeOnlyTheCallersOwn(t *testing.T) {
	r := newRegistry(t)
	bob := r.Token(r.bob, "automation")
	for _, row := range []struct{ token, users, want string }{
		{bob, `{"ann":true,"bob":true}`, `"users":{"bob":true}`},
		{r.token, `{"ann":true}`, `"users":{"ann":true,"bob":true}`},
		{bob, `{"ann":true}`, `"users":{"ann":true}`},
		{r.token, `{"bob":true}`, `"users":{}`},
	} {
		got := r.do("PUT", "/left-pad", row.token, `{"_id":"left-pad","_rev":"0-0","users":`+row.users+`}`)
		if doc := r.get("/left-pad"); got.StatusCode != http.StatusCreated || !strings.Contains(doc.text, row.want) {
			t.Errorf("%s: %d %s", row.users, got.StatusCode, got.text)
		}
	}
}

func TestEditsThatChangeNothing(t *testing.T) {
	r := newRegistry(t)
	publisher := r.Token(r.ann, "publish")
	for what, row := range map[string]struct {
		path, body string
		status     int
	}{
		"nothing":           {"/left-pad", `{"_id":"left-pad","_rev":"0-0"}`, 400},
		"owners, no rev":    {"/left-pad", `{"_id":"left-pad","_rev":"0-0","maintainers":[{"name":"bob"}]}`, 400},
		"stars with a rev":  {"/left-pad/-rev/0-0", `{"users":{"ann":true}}`, 400},
		"not JSON":          {"/left-pad/-rev/0-0", `hello`, 400},
		"an old revision":   {"/left-pad/-rev/0-0", `{"versions":{}}`, 409},
		"yarn's revision":   {"/left-pad/-rev/undefined", `{"maintainers":[{"name":"bob","email":""}]}`, 409},
		"no such package":   {"/absent/-rev/0-0", `{"versions":{}}`, 404},
		"a compressed body": {"/left-pad/-rev/0-0", "\x1f\x8b", 415},
	} {
		header := []string{}
		if row.status == 415 {
			header = []string{"Content-Encoding", "gzip"}
		}
		before := r.get("/left-pad").text
		if got := r.do("PUT", row.path, publisher, row.body, header...); got.StatusCode != row.status {
			t.Errorf("%s: %d %s", what, got.StatusCode, got.text)
		}
		if r.get("/left-pad").text != before {
			t.Errorf("%s: the document changed", what)
		}
	}
}

func TestEditsAreBounded(t *testing.T) {
	r := newRegistry(t, func(c *config.Config) { c.Limits.MaxTarball, c.Limits.MaxDocument = 1<<20, 1<<20 })
	body := `{"_id":"left-pad","_rev":"0-0","x":[` + strings.Repeat(`"0123456789",`, 1<<20) + `0]}`
	if got := r.do("PUT", "/left-pad", r.token, body); got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Error(got.StatusCode, got.text)
	}
}

func TestUnpublishAsNpmDoesIt(t *testing.T) {
	r := newRegistry(t)
	r.Publish(r.ann, npmpack.Package{Name: "left-pad", Version: "1.1.0"})
	steps := func(status int) {
		t.Helper()
		got := r.do("PUT", "/left-pad/-rev/"+r.rev("left-pad"), r.token, `{"_id":"left-pad","versions":{"1.0.0":{}},"dist-tags":{"latest":"1.0.0"}}`)
		if got.StatusCode != http.StatusCreated {
			t.Fatal(got.StatusCode, got.text)
		}
		if got := r.do("DELETE", "/left-pad/-/left-pad-1.1.0.tgz/-rev/"+r.rev("left-pad"), r.token, ""); got.StatusCode != status {
			t.Error(got.StatusCode, got.text)
		}
	}
	etag := r.get("/left-pad").Header.Get("Etag")
	steps(200)
	if doc := r.get("/left-pad", "If-None-Match", etag); doc.StatusCode != 200 || strings.Contains(doc.text, "1.1.0") {
		t.Error("the second step would read the old revision:", doc.StatusCode, doc.text)
	}
	steps(200) // again
	if got := r.do("DELETE", "/left-pad/-rev/"+r.rev("left-pad"), r.token, ""); got.StatusCode != 200 {
		t.Fatal(got.StatusCode, got.text)
	}
	if got := r.get("/left-pad"); got.StatusCode != 404 {
		t.Error(got.StatusCode)
	}
}

func TestAnswersOfLists(t *testing.T) {
	r := newRegistry(t)
	bob := r.Token(r.bob, "automation")
	r.do("PUT", "/-/user/v1/star", r.token, `{"name":"left-pad"}`)
	for _, row := range []struct{ path, token, want string }{
		{"/-/package/left-pad/collaborators", "", `{"ann":"write"}`},
		{"/-/package/left-pad/collaborators?format=cli", "", `[{"username":"ann","email":"","permissions":"write"}]`},
		{"/-/package/left-pad/visibility", "", `{"public":true}`},
		{"/-/package/@ann%2fhidden/visibility", r.token, `{"public":false}`},
		{"/-/package/@ann%2fhidden/access", r.token, `{"access":"restricted"}`},
		{"/-/package/left-pad/access", "", `{"access":"public"}`},
		{"/-/user/ann/package", r.token, `{"@ann/hidden":"write","@ann/open":"write","left-pad":"write"}`},
		{"/-/user/ann/package?format=cli", bob, `{"@ann/open":"write","left-pad":"write"}`},
		{"/-/user/bob/package", bob, `{}`},
		{"/-/user/v1/star", r.token, `["left-pad"]`},
		{"/-/user/v1/star", bob, `[]`},
		{"/-/_view/starredByUser?key=%22ann%22", "", `{"rows":[{"value":"left-pad"}]}`},
		{"/-/_view/starredByUser?key=%22nobody%22", "", `{"rows":[]}`},
	} {
		got := r.do("GET", row.path, row.token, "")
		if strings.TrimSpace(got.text) != row.want || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s", row.path, got.text)
		}
	}
	if got := r.get("/-/_view/starredByUser?key=ann"); got.StatusCode != 400 {
		t.Error(got.StatusCode, got.text)
	}
}

func TestAddedOwnerIsAnnounced(t *testing.T) {
	r := newRegistry(t)
	publisher := r.Token(r.ann, "publish")
	for _, got := range []answer{
		r.do("PUT", "/left-pad/-rev/"+r.rev("left-pad"), publisher, `{"_id":"left-pad","maintainers":[{"name":"ann","email":""},{"name":"bob","email":""}]}`),
		r.do("PUT", "/-/package/left-pad/owners", publisher, `{"user":"bob"}`),
	} {
		if want := "bob will maintain left-pad after accepting the invitation at " + r.Config.URL + "settings/invitations"; got.StatusCode != 201 || got.Header.Get("Npm-Notice") != want {
			t.Error(got.StatusCode, got.text, got.Header)
		}
	}
	if got := r.do("PUT", "/-/package/left-pad/owners", publisher, `{"user":"b\r\nX-Evil: 1"}`); got.StatusCode != 404 || got.Header.Get("Npm-Notice") != "" {
		t.Error(got.StatusCode, got.Header)
	}
}
