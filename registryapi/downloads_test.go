package registryapi_test

import (
	"encoding/json"
	"testing"
	"time"
)

func TestDownloadsAreCountedOnceForEachTarballThatWasSent(t *testing.T) {
	r := newRegistry(t)
	const tgz = "/left-pad/-/left-pad-1.0.0.tgz"
	etag := r.get(tgz).Header.Get("Etag")
	r.get(tgz)
	r.get(tgz, "If-None-Match", etag)       // 304
	r.do("HEAD", tgz, "", "")               // asks for nothing
	r.get("/left-pad/-/left-pad-9.9.9.tgz") // 404
	r.do("GET", "/@ann/hidden/-/hidden-1.0.0.tgz", r.token, "")
	day := r.Now().UTC().Format("2006-01-02")
	r.Advance(24 * time.Hour)
	if err := r.Stats.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	today := r.Now().UTC().Format("2006-01-02")
	for path, want := range map[string]string{
		"point/" + today + "/left-pad":                  `{"downloads":2,"start":"` + today + `","end":"` + today + `","package":"left-pad"}`,
		"point/" + day + ":" + today + "/left-pad":      `{"downloads":2,"start":"` + day + `","end":"` + today + `","package":"left-pad"}`,
		"range/" + day + ":" + today + "/left-pad":      `{"downloads":[{"downloads":0,"day":"` + day + `"},{"downloads":2,"day":"` + today + `"}],"start":"` + day + `","end":"` + today + `","package":"left-pad"}`,
		"point/" + today:                                `{"downloads":2,"start":"` + today + `","end":"` + today + `"}`,
		"point/" + today + "/@ann%2fopen":               `{"downloads":0,"start":"` + today + `","end":"` + today + `","package":"@ann/open"}`,
		"point/" + today + "/@ann/open":                 `{"downloads":0,"start":"` + today + `","end":"` + today + `","package":"@ann/open"}`,
		"point/" + today + "/left-pad,absent":           `{"absent":null,"left-pad":{"downloads":2,"start":"` + today + `","end":"` + today + `","package":"left-pad"}}`,
		"range/" + today + "/absent":                    `{"error":"Not found"}`,
		"range/" + today + "/@ann%2fhidden":             `{"error":"Not found"}`,
		"range/forever/left-pad":                        ``,
		"point/" + day + ":" + today + ":2026/left-pad": ``,
	} {
		a := r.get("/downloads/" + path)
		var one, other any
		_ = json.Unmarshal([]byte(a.text), &one)
		_ = json.Unmarshal([]byte(want), &other)
		b, _ := json.Marshal(one)
		w, _ := json.Marshal(other)
		if want == "" && a.StatusCode != 400 || want != "" && string(b) != string(w) {
			t.Errorf("%s: %d %s, want %s", path, a.StatusCode, a.text, want)
		}
	}
	if a := r.do("GET", "/downloads/point/"+today+"/@ann%2fhidden", r.token, ""); a.member(t, "downloads") != 1.0 {
		t.Error("the maintainer is not told:", a.text)
	}
	r.Advance(24 * time.Hour)
	if a := r.get("/versions/left-pad/last-week"); a.text != `{"package":"left-pad","downloads":{"1.0.0":2}}`+"\n" {
		t.Error(a.text)
	}
}
