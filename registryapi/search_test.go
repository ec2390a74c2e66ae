package registryapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"latchkey/internal/npmpack"
)

func TestSearchAnswersWhatNpmPrints(t *testing.T) {
	r := newRegistry(t)
	r.Publish(r.ann, npmpack.Package{Name: "@ann/widget", Version: "1.0.0", Manifest: map[string]any{
		"description": "Turns <things>", "keywords": []string{"x", "y"}, "license": "MIT", "author": "Ann Example <ann@example.com>",
		"homepage": "https://widget.example", "repository": "code:ann/widget", "bugs": "https://bugs.example",
	}})
	var got struct {
		Objects []struct{ Package map[string]any }
		Total   int
		Time    string
	}
	a := r.get("/-/v1/search?text=WIDGET&size=20&from=0&quality=0.65&popularity=0.98&maintenance=0.5")
	if err := json.Unmarshal([]byte(a.text), &got); err != nil || len(got.Objects) != 1 || got.Total != 1 || got.Time == "" {
		t.Fatal(a.StatusCode, a.text)
	}
	p := got.Objects[0].Package
	want := map[string]string{
		"name": `"@ann/widget"`, "scope": `"ann"`, "version": `"1.0.0"`, "description": `"Turns \u003cthings\u003e"`, "keywords": `["x","y"]`, "license": `"MIT"`,
		"author": `{"name":"Ann Example"}`, "publisher": `{"email":"","username":"ann"}`, "maintainers": `[{"email":"","username":"ann"}]`,
		"links": `{"bugs":"https://bugs.example","homepage":"https://widget.example","npm":"http://localhost:4873/package/@ann/widget","repository":"code:ann/widget"}`,
	}
	for key, value := range want {
		if b, _ := json.Marshal(p[key]); string(b) != value {
			t.Errorf("%s is %s, want %s", key, b, value)
		}
	}
	if date, _ := p["date"].(string); !strings.HasSuffix(date, "Z") {
		t.Error("date:", p["date"])
	}
	if a := r.get("/-/v1/search?text=nothing"); !strings.HasPrefix(a.text, `{"objects":[],"total":0,"time":"`) {
		t.Error(a.text)
	}
	// A package without any of it has what npm cannot do without.
	if a := r.get("/-/v1/search?text=left-pad"); !strings.Contains(a.text, `"scope":"unscoped"`) || !strings.Contains(a.text, `"maintainers":[{`) {
		t.Error(a.text)
	}
}

func TestSearchShowsHiddenPackagesToTheirMaintainersOnly(t *testing.T) {
	r := newRegistry(t)
	for _, text := range []string{"hidden", "@ann/hidden", "maintainer:ann", "scope:ann", ""} {
		for _, token := range []string{"", r.Token(r.bob, "automation")} {
			if a := r.do("GET", "/-/v1/search?text="+text, token, ""); strings.Contains(a.text, "hidden") || a.StatusCode != 200 {
				t.Errorf("%q: %s", text, a.text)
			}
		}
		if a := r.do("GET", "/-/v1/search?text="+text, r.token, ""); !strings.Contains(a.text, "hidden") {
			t.Errorf("%q as ann: %s", text, a.text)
		}
	}
	strangers, ours := r.get("/-/v1/search?text=ann").member(t, "total"), r.do("GET", "/-/v1/search?text=ann", r.token, "").member(t, "total")
	if strangers != 1.0 || ours != 2.0 {
		t.Errorf("counted %v and %v", strangers, ours)
	}
}

func TestSearchRefusesOddPages(t *testing.T) {
	r := newRegistry(t)
	for _, query := range []string{"size=-1", "size=1e9", "size=251", "from=-1", "from=9223372036854775808", "from=NaN", "text=" + strings.Repeat("x", 300)} {
		if a := r.get("/-/v1/search?" + query); a.StatusCode != 400 || a.member(t, "error") == "" {
			t.Errorf("%s: %d %s", query, a.StatusCode, a.text)
		}
	}
	for _, text := range []string{"%25", "_", "%5c", "%22", "*", "NEAR(", "a'+OR+1=1--", "name:%5ex", "%00", "%ff", "author:", "maintainer:%22"} {
		if a := r.get("/-/v1/search?text=" + text); a.StatusCode != 200 {
			t.Errorf("%s: %d %s", text, a.StatusCode, a.text)
		}
	}
}
