package advisory_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/advisory"
	"latchkey/internal/app/apptest"
	"latchkey/internal/errs"
	"latchkey/internal/token"
)

// osv is a record about one package with the events of one range.
func osv(id, name, events, more string) string {
	return fmt.Sprintf(`{"id":%q,"summary":"Bad %s","modified":"2026-01-02T03:04:05Z","affected":[{"package":{"ecosystem":"npm","name":%q},
		"ranges":[{"type":"SEMVER","events":[%s]}]}]%s}`, id, name, name, events, more)
}

func load(t *testing.T, w *apptest.World, text string) advisory.Imported {
	t.Helper()
	n, err := w.Advisories.Import(t.Context(), access.Console(), strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// ids are the records that affect versions of a package.
func ids(t *testing.T, w *apptest.World, name string, versions ...string) string {
	t.Helper()
	found, err := w.Advisories.Affecting(t.Context(), access.Actor{}, map[string][]string{name: versions, "unrelated": {"1.0.0"}})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, a := range found[name] {
		out = append(out, a.ID)
	}
	if len(found["unrelated"]) > 0 {
		t.Error("an unrelated package is affected")
	}
	return strings.Join(out, " ")
}

func TestRangesAreThoseOfOSV(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		for i, row := range []struct{ events, vulnerable, patched, in, out string }{
			{`{"introduced":"0"},{"fixed":"1.2.3"}`, "<1.2.3", ">=1.2.3", "0.0.1 1.2.2 1.2.3-rc.1 1.0.0-beta", "1.2.3 2.0.0"},
			{`{"introduced":"1.0.0"},{"fixed":"1.2.3"},{"introduced":"2.0.0"},{"fixed":"2.0.5"}`, ">=1.0.0 <1.2.3 || >=2.0.0 <2.0.5", ">=1.2.3 || >=2.0.5", "1.0.0 2.0.4 2.0.0", "0.9.9 1.2.3 2.0.5 1.9.0"},
			{`{"introduced":"1.0.0"},{"last_affected":"1.2.3"}`, ">=1.0.0 <=1.2.3", "", "1.0.0 1.2.3", "1.2.4 0.9.0"},
			{`{"introduced":"0"}`, "*", "", "0.0.1 99.0.0 1.0.0-beta", ""},
			{`{"introduced":"1.0.0"}`, ">=1.0.0", "", "1.0.0 9.9.9 nonsense", "0.9.9"},
		} {
			id, name := fmt.Sprint("GHSA-", i), fmt.Sprint("pkg", i)
			load(t, w, osv(id, name, row.events, ""))
			for _, v := range strings.Fields(row.in) {
				if ids(t, w, name, v) != id {
					t.Errorf("%s does not affect %s", row.events, v)
				}
			}
			for _, v := range strings.Fields(row.out) {
				if got := ids(t, w, name, v); got != "" {
					t.Errorf("%s affects %s", row.events, v)
				}
			}
			found, err := w.Advisories.Affecting(t.Context(), access.Actor{}, map[string][]string{name: {"0.0.1", strings.Fields(row.in)[0]}})
			if err != nil || len(found[name]) != 1 {
				t.Fatal(found, err)
			}
			if a := found[name][0]; a.Vulnerable != row.vulnerable || a.Patched != row.patched || a.Title != "Bad "+name || a.URL != "https://github.com/advisories/"+id || a.Number <= 0 || a.Number >= 1<<53 {
				t.Errorf("%+v", a)
			}
		}
	})
}

func TestWhatARecordMaySay(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		load(t, w, `{"id":"MAL-1","details":"# Stolen\nmore","modified":"2026-01-02T03:04:05Z","affected":[
			{"package":{"ecosystem":"npm","name":"evil"},"versions":["1.0.0","6.6.6","not one"]},
			{"package":{"ecosystem":"PyPI","name":"evil-py"},"versions":["1.0.0"]},
			{"package":{"ecosystem":"npm","name":"two"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],"database_specific":{"last_known_affected_version_range":"<= 3.0.0"}},
			{"package":{"ecosystem":"npm","name":"two"},"ranges":[{"type":"SEMVER","events":[{"introduced":"5.0.0"},{"fixed":"5.0.1"}]}]},
			{"package":{"ecosystem":"npm","name":"git"},"ranges":[{"type":"GIT","events":[{"introduced":"0"}]}]}],
			"references":[{"type":"WEB","url":"https://web.example"},{"type":"ADVISORY","url":"https://advisory.example"}]}`)
		found, err := w.Advisories.Affecting(t.Context(), access.Actor{}, map[string][]string{
			"evil": {"6.6.6"}, "evil-py": {"1.0.0"}, "two": {"2.0.0"}, "git": {"1.0.0"},
		})
		if err != nil || len(found) != 2 {
			t.Fatal(found, err)
		}
		if a := found["evil"][0]; a.Severity != "critical" || a.Title != "Stolen" || a.URL != "https://advisory.example" || a.Vulnerable != "1.0.0 || 6.6.6" || a.Score() != 0 {
			t.Errorf("%+v", a)
		}
		if a := found["two"][0]; a.Vulnerable != "<= 3.0.0 || >=5.0.0 <5.0.1" || a.Patched != ">=5.0.1" {
			t.Errorf("%+v", a)
		}
		for said, want := range map[string]string{
			`,"database_specific":{"severity":"MODERATE","cwe_ids":["CWE-79"]}`: "moderate",
			`,"database_specific":{"severity":"LOW"}`:                           "low",
			`,"database_specific":{"severity":7}`:                               "high",
			``:                                                                  "high",
			`,"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]`:            "critical",
			`,"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N"}]`:            "low",
			`,"severity":[{"type":"CVSS_V4","score":"CVSS:4.0/AV:N"}],"database_specific":{"severity":"MEDIUM"}`: "moderate",
		} {
			load(t, w, osv("GHSA-s", "said", `{"introduced":"0"}`, said))
			found, err := w.Advisories.Affecting(t.Context(), access.Actor{}, map[string][]string{"said": {"1.0.0"}})
			if err != nil || len(found["said"]) != 1 || found["said"][0].Severity != want {
				t.Errorf("%s: %+v %v, want %s", said, found, err, want)
			}
		}
	})
}

func TestScores(t *testing.T) {
	for vector, want := range map[string]float64{ // examples of the CVSS 3.1 specification's calculator
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H": 9.8, "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N": 6.1, "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H": 7.5,
		"CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H": 9.9, "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N": 1.8, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N": 0,
		"": 0, "CVSS:4.0/AV:N": 0, "CVSS:3.1/AV:N": 0, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:X/C:H/I:H/A:H": 0,
	} {
		if got := (advisory.Advisory{Vector: vector}).Score(); got != want {
			t.Errorf("%s: %v, want %v", vector, got, want)
		}
	}
}

func TestImportTakesEveryFormAndReplaces(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		one, two := osv("GHSA-1", "one", `{"introduced":"0"}`, ""), osv("GHSA-2", "two", `{"introduced":"0"}`, "")
		for form, text := range map[string]string{
			"one": one, "list": "[" + one + "," + two + "]", "lines": one + "\n" + two + "\n", "list of lists": "[[" + one + "],[]]", "nothing": "", "empty list": "[]",
		} {
			if n := load(t, w, text); n.Advisories != strings.Count(text, `"id"`) || n.Withdrawn+n.Others != 0 {
				t.Errorf("%s: %+v", form, n)
			}
		}
		if ids(t, w, "one", "1.0.0") != "GHSA-1" || ids(t, w, "two", "1.0.0") != "GHSA-2" {
			t.Error("not there")
		}
		load(t, w, osv("GHSA-1", "one", `{"introduced":"0"},{"fixed":"0.5.0"}`, ""))
		if got := ids(t, w, "one", "1.0.0"); got != "" {
			t.Error("the old range is still there:", got)
		}
		n := load(t, w, osv("GHSA-2", "two", `{"introduced":"0"}`, `,"withdrawn":"2026-01-02T03:04:05Z"`)+`{"id":"X-1","modified":"2026-01-02T03:04:05Z"}`)
		if n != (advisory.Imported{Withdrawn: 1, Others: 1}) || ids(t, w, "two", "1.0.0") != "" {
			t.Errorf("%+v, %q", n, ids(t, w, "two", "1.0.0"))
		}
		var many strings.Builder
		for i := range 450 {
			many.WriteString(osv(fmt.Sprint("GHSA-m", i), "many", `{"introduced":"0"}`, "") + "\n")
		}
		if n := load(t, w, many.String()); n.Advisories != 450 || len(strings.Fields(ids(t, w, "many", "1.0.0"))) != 450 {
			t.Errorf("%+v", n)
		}
	})
}

func TestBadFilesAndCallersAreRefused(t *testing.T) {
	w := apptest.New(t)
	for _, text := range []string{`{"id":`, `{"id":1}`, `{}`, `"text"`, `{"id":"x","id":"y"}`, `[` + osv("GHSA-1", "one", `{"introduced":"0"}`, ""), "\x00", "PK\x03\x04"} {
		if _, err := w.Advisories.Import(t.Context(), access.Console(), strings.NewReader(text)); errs.Of(err).Kind != errs.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, by := range []access.Actor{{}, w.Actor(w.Person("ann"), token.Automation), w.Actor(w.Operator("olga"), token.Automation)} {
		if _, err := w.Advisories.Import(t.Context(), by, strings.NewReader("[]")); err == nil {
			t.Errorf("%q may import", by.Name)
		}
	}
	many := map[string][]string{}
	for i := range 20_001 {
		many[fmt.Sprint(i)] = nil
	}
	if _, err := w.Advisories.Affecting(t.Context(), access.Actor{}, many); errs.Of(err).Kind != errs.TooLarge {
		t.Error("too many packages:", err)
	}
}

// A question may be made to cost much: the same package in a great many versions, none of them affected.
func TestAQuestionsWorkIsBounded(t *testing.T) {
	w := apptest.New(t)
	var text strings.Builder
	for i := range 100 {
		text.WriteString(osv(fmt.Sprint("GHSA-", i), "popular", `{"introduced":"0"},{"fixed":"1.0.0"}`, ""))
	}
	load(t, w, text.String())
	versions := make([]string, 100_000)
	for i := range versions {
		versions[i] = fmt.Sprintf("2.0.%d", i)
	}
	started := time.Now()
	found, err := w.Advisories.Affecting(t.Context(), access.Actor{}, map[string][]string{"popular": versions})
	if err != nil || len(found["popular"]) == 0 || len(found["popular"]) == 100 {
		t.Errorf("%d advisories, %v", len(found["popular"]), err)
	}
	t.Log(time.Since(started))
}
