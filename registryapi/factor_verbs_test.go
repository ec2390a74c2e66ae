package registryapi_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/config"
	"latchkey/internal/npmpack"
)

// withoutVersion is the document that npm sends to unpublish a version: all that stays.
func (r *registry) withoutVersion(t *testing.T, token, name, gone string) (rev, body string) {
	t.Helper()
	doc := r.do("GET", "/"+name+"?write=true", token, "")
	rev = doc.member(t, "_rev").(string)
	kept := []string{}
	for v := range doc.member(t, "versions").(map[string]any) {
		if v != gone {
			kept = append(kept, `"`+v+`":{}`)
		}
	}
	return rev, `{"_id":"` + name + `","_rev":"` + rev + `","name":"` + name + `","versions":{` + strings.Join(kept, ",") + `}}`
}

// Whatever changes what others install, or who may change it, needs the second factor of an account that
// has one. What is refused for the lack of it changes nothing.
func TestEveryChangeOfAPackageAsksForTheSecondFactor(t *testing.T) {
	r := newRegistry(t, func(c *config.Config) { c.Unpublish = "always" })
	_, code := r.withApp(t)
	token := r.Token(r.ann, "publish")
	for _, v := range []string{"1.0.1", "1.0.2"} {
		if got := r.do("PUT", "/left-pad", r.token, string(npmpack.Package{Name: "left-pad", Version: v}.PublishBody())); got.StatusCode != 201 {
			t.Fatalf("%d %s", got.StatusCode, got.text)
		}
	}
	rev := func() string { return r.do("GET", "/left-pad?write=true", token, "").member(t, "_rev").(string) }
	for _, row := range []struct {
		name, method, path string
		body               func() string
		want               int
	}{
		{"deprecate", "PUT", "/left-pad", func() string {
			return `{"_id":"left-pad","_rev":"` + rev() + `","versions":{"1.0.0":{"deprecated":"old"}}}`
		}, 201},
		{"undeprecate", "PUT", "/left-pad", func() string {
			return `{"_id":"left-pad","_rev":"` + rev() + `","versions":{"1.0.0":{"deprecated":""}}}`
		}, 201},
		{"add an owner", "PUT", "/left-pad/-rev/REV", func() string {
			return `{"_id":"left-pad","maintainers":[{"name":"ann","email":""},{"name":"bob","email":""}]}`
		}, 201},
		{"hide", "POST", "/-/package/@ann%2fhidden/access", func() string { return `{"access":"public"}` }, 200},
		{"set a tag", "PUT", "/-/package/left-pad/dist-tags/old", func() string { return `"1.0.0"` }, 201},
		{"remove a tag", "DELETE", "/-/package/left-pad/dist-tags/old", func() string { return "" }, 200},
	} {
		r.Advance(time.Minute) // each code counts once
		path := func() string { return strings.ReplaceAll(row.path, "REV", rev()) }
		before := rev()
		asked := r.do(row.method, path(), token, row.body(), webHeaders...)
		if asked.StatusCode != 401 || asked.Header.Get("Www-Authenticate") != "OTP" || !strings.Contains(asked.text, "authUrl") {
			t.Errorf("%s without a proof: %d %s", row.name, asked.StatusCode, asked.text)
		}
		if got := r.do(row.method, path(), token, row.body(), "Npm-Otp", "000000"); got.StatusCode != 401 {
			t.Errorf("%s with a wrong code: %d %s", row.name, got.StatusCode, got.text)
		}
		if rev() != before {
			t.Errorf("%s changed something without a proof", row.name)
		}
		if got := r.do(row.method, path(), token, row.body(), "Npm-Otp", code()); got.StatusCode != row.want {
			t.Errorf("%s with a code: %d %s", row.name, got.StatusCode, got.text)
		}
	}
}

// npm unpublish of a version makes two writes and asks once: the code of the first is sent with the second.
func TestUnpublishOfAVersionAsksOnce(t *testing.T) {
	r := newRegistry(t, func(c *config.Config) { c.Unpublish = "always" })
	_, code := r.withApp(t)
	token := r.Token(r.ann, "publish")
	if got := r.do("PUT", "/left-pad", r.token, string(npmpack.Package{Name: "left-pad", Version: "1.0.1"}.PublishBody())); got.StatusCode != 201 {
		t.Fatalf("%d %s", got.StatusCode, got.text)
	}
	rev, body := r.withoutVersion(t, token, "left-pad", "1.0.1")
	if got := r.do("PUT", "/left-pad/-rev/"+rev, token, body); got.StatusCode != 401 {
		t.Errorf("without a code: %d %s", got.StatusCode, got.text)
	}
	if got := r.get("/left-pad/-/left-pad-1.0.1.tgz"); got.StatusCode != 200 {
		t.Error("gone without a code")
	}
	header := []string{"Npm-Otp", code(), "Npm-Command", "unpublish", "Npm-Session", "0123456789abcdef"}
	if got := r.do("PUT", "/left-pad/-rev/"+rev, token, body, header...); got.StatusCode != 200 && got.StatusCode != 201 {
		t.Fatalf("with a code: %d %s", got.StatusCode, got.text)
	}
	rev, _ = r.withoutVersion(t, token, "left-pad", "")
	if got := r.do("DELETE", "/left-pad/-/left-pad-1.0.1.tgz/-rev/"+rev, token, "", header...); got.StatusCode != 200 {
		t.Errorf("the second write: %d %s", got.StatusCode, got.text)
	}
	if got := r.get("/left-pad/-/left-pad-1.0.1.tgz"); got.StatusCode != 404 {
		t.Error("still there:", got.StatusCode)
	}
	if got := r.get("/left-pad/-/left-pad-1.0.0.tgz"); got.StatusCode != 200 {
		t.Error("another version went too:", got.StatusCode)
	}
}

// The whole package goes with one write, which needs a code of its own.
func TestUnpublishOfAPackageAsks(t *testing.T) {
	r := newRegistry(t, func(c *config.Config) { c.Unpublish = "always" })
	_, code := r.withApp(t)
	token := r.Token(r.ann, "publish")
	rev := r.do("GET", "/left-pad?write=true", token, "").member(t, "_rev").(string)
	if got := r.do("DELETE", "/left-pad/-rev/"+rev, token, "", webHeaders...); got.StatusCode != 401 || !strings.Contains(got.text, "authUrl") {
		t.Errorf("without a code: %d %s", got.StatusCode, got.text)
	}
	if got := r.get("/left-pad"); got.StatusCode != 200 {
		t.Fatal("gone without a code:", got.StatusCode)
	}
	if got := r.do("DELETE", "/left-pad/-rev/"+rev, token, "", "Npm-Otp", code()); got.StatusCode != 200 {
		t.Fatalf("with a code: %d %s", got.StatusCode, got.text)
	}
	if got := r.get("/left-pad"); got.StatusCode != 404 {
		t.Error("still there:", got.StatusCode)
	}
	// The name is held for a day, also for whoever had it.
	if got := r.do("PUT", "/left-pad", r.token, string(npmpack.Package{Name: "left-pad", Version: "2.0.0"}.PublishBody())); got.StatusCode != 403 {
		t.Errorf("published again at once: %d %s", got.StatusCode, got.text)
	}
	r.Advance(25 * time.Hour)
	if got := r.do("PUT", "/left-pad", r.token, string(npmpack.Package{Name: "left-pad", Version: "1.0.0"}.PublishBody())); got.StatusCode == 201 {
		t.Error("a version number is used again")
	}
	if got := r.do("PUT", "/left-pad", r.token, string(npmpack.Package{Name: "left-pad", Version: "2.0.0"}.PublishBody())); got.StatusCode != 201 {
		t.Errorf("after a day: %d %s", got.StatusCode, got.text)
	}
}
