package registryapi_test

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"latchkey/internal/access"
)

const badPad = `{"id":"GHSA-pad","summary":"Pads too far","modified":"2026-01-02T03:04:05Z","published":"2026-01-01T00:00:00Z",
	"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}],"database_specific":{"severity":"HIGH","cwe_ids":["CWE-1","CWE-2"]},
	"affected":[{"package":{"ecosystem":"npm","name":"left-pad"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.1.0"}]}]}]}`

func (r *registry) advise(t *testing.T, records string) {
	t.Helper()
	if _, err := r.Advisories.Import(t.Context(), access.Console(), strings.NewReader(records)); err != nil {
		t.Fatal(err)
	}
}

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}

func TestBulkAudit(t *testing.T) {
	r := newRegistry(t)
	const path = "/-/npm/v1/security/advisories/bulk"
	ask := `{"left-pad":["1.0.0","1.1.0"],"@ann/hidden":["1.0.0"],"elsewhere":[]}`
	if a := r.do("POST", path, "", ask); a.StatusCode != 200 || a.text != "{}\n" {
		t.Error("without advisories:", a.StatusCode, a.text)
	}
	r.advise(t, badPad)
	want := `{"left-pad":[{"id":3775777516592016,"url":"https://github.com/advisories/GHSA-pad","title":"Pads too far","severity":"high","vulnerable_versions":"\u003c1.1.0","cwe":["CWE-1","CWE-2"],"cvss":{"score":7.5,"vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}}]}` + "\n"
	for what, a := range map[string]answer{
		"plain": r.do("POST", path, "", ask), "gzip": r.do("POST", path, "", gzipped(ask), "Content-Encoding", "gzip"),
		"as ann": r.do("POST", path, r.token, ask),
	} {
		if a.text != want {
			t.Errorf("%s: %d %s", what, a.StatusCode, a.text)
		}
	}
	if a := r.do("POST", path, "", `{"left-pad":["1.1.0"]}`); a.text != "{}\n" {
		t.Error("a version that is not affected:", a.text)
	}
	for what, row := range map[string]struct {
		status         int
		body, encoding string
	}{
		"not JSON": {400, "x", ""}, "other JSON": {400, `[1]`, ""}, "numbers": {400, `{"a":[1]}`, ""}, "not gzip": {400, ask, "gzip"}, "torn gzip": {400, gzipped(ask)[:20], "gzip"},
		"brotli": {415, ask, "br"}, "long": {413, `{"a":["` + strings.Repeat("1", 3<<20) + `"]}`, ""}, "bomb": {413, gzipped(`{"a":["` + strings.Repeat("1", 64<<20) + `"]}`), "gzip"},
		"twice": {400, `{"a":["1.0.0"],"a":["1.0.0"]}`, ""}, "empty": {400, ``, ""},
	} {
		header := []string{}
		if row.encoding != "" {
			header = []string{"Content-Encoding", row.encoding}
		}
		if a := r.do("POST", path, "", row.body, header...); a.StatusCode != row.status || a.member(t, "error") == "" {
			t.Errorf("%s: %d %.200s", what, a.StatusCode, a.text)
		}
	}
}

func TestTreeAudit(t *testing.T) {
	r := newRegistry(t)
	r.advise(t, badPad)
	ask := `{"name":"app","version":"1.0.0","install":[],"remove":[],"metadata":{},"requires":{".":"0.0.1"},"dependencies":{".":{"version":"0.0.1","requires":{"left-pad":"1.0.0"},
		"dependencies":{"left-pad":{"version":"1.0.0","dev":true},"right-pad":{"version":"2.0.0","dependencies":{"left-pad":{"version":"1.0.0"},"odd":{"version":{"x":1}}}}}},"left-pad":{"version":"1.1.0"}}}`
	for _, path := range []string{"/-/npm/v1/security/audits", "/-/npm/v1/security/audits/quick"} {
		a := r.do("POST", path, "", gzipped(ask), "Content-Encoding", "gzip")
		meta, _ := a.member(t, "metadata").(map[string]any)
		advisories, _ := a.member(t, "advisories").(map[string]any)
		issue, _ := advisories["3775777516592016"].(map[string]any)
		if a.StatusCode != 200 || meta["totalDependencies"] != 6.0 || meta["vulnerabilities"].(map[string]any)["high"] != 2.0 || len(advisories) != 1 {
			t.Fatalf("%d %s", a.StatusCode, a.text)
		}
		if issue["module_name"] != "left-pad" || issue["patched_versions"] != ">=1.1.0" || issue["recommendation"] != "Upgrade to version >=1.1.0." || issue["access"] != "public" {
			t.Errorf("%v", issue)
		}
		if !strings.Contains(a.text, `.\u003eleft-pad"`) || !strings.Contains(a.text, `.\u003eright-pad\u003eleft-pad"`) || strings.Contains(a.text, `"version":"1.1.0"`) {
			t.Error(a.text)
		}
	}
	if a := r.do("POST", "/-/npm/v1/security/audits", "", `{"dependencies":`+strings.Repeat(`{"a":{"dependencies":`, 9000)+`{}`+strings.Repeat(`}}`, 9000)+`}`); a.StatusCode != 400 {
		t.Errorf("a deep tree: %d %.100s", a.StatusCode, a.text)
	}
	if a := r.do("POST", "/-/npm/v1/security/audits", "", `{"requires":{}}`); a.StatusCode != 200 || !strings.Contains(a.text, `"advisories":{}`) {
		t.Error("an empty tree:", a.text)
	}
}
