package advisory

import (
	"testing"

	"github.com/go-json-experiment/json"
)

func TestAddressesAndTitlesOfRecords(t *testing.T) {
	for _, row := range []struct {
		record, url, title string
	}{
		{
			record: `{"id":"GHSA-1","summary":"Short","details":"Long","references":[{"type":"ADVISORY","url":"https://a.example"}]}`,
			url:    "https://github.com/advisories/GHSA-1",
			title:  "Short",
		},
		{
			record: `{"id":"X-1","details":"## Heading\ntext","references":[{"type":"WEB","url":"https://w.example"},{"type":"REPORT","url":"https://r.example"}]}`,
			url:    "https://r.example",
			title:  "Heading",
		},
		{
			record: `{"id":"X-2"}`,
			url:    "https://osv.dev/vulnerability/X-2",
			title:  "X-2",
		},
	} {
		var r record
		text := row.record[:len(row.record)-1] + `,"affected":[{"package":{"ecosystem":"npm","name":"p"},"versions":["1.0.0"]}]}`
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatal(err)
		}
		list := r.advisories()
		if len(list) != 1 || list[0].URL != row.url || list[0].Title != row.title {
			t.Errorf("%s: %+v", row.record, list)
		}
	}
}

func TestNumbersAreStableAndExactInJavaScript(t *testing.T) {
	seen := map[int64]string{}
	for _, id := range []string{"GHSA-pad", "GHSA-e2e", "MAL-1", "MAL-2", ""} {
		n := number(id)
		if n <= 0 || n >= 1<<53 || n != number(id) {
			t.Errorf("%q: %d", id, n)
		}
		if other, ok := seen[n]; ok {
			t.Errorf("%q and %q have the same number", id, other)
		}
		seen[n] = id
	}
	if number("GHSA-pad") != 3775777516592016 {
		t.Error("clients remember advisories by their numbers, which have changed")
	}
}

func TestSeverityOfScores(t *testing.T) {
	for score, want := range map[float64]string{
		0:   "",
		0.1: "low",
		3.9: "low",
		4:   "moderate",
		6.9: "moderate",
		7:   "high",
		8.9: "high",
		9:   "critical",
		10:  "critical",
	} {
		if got := severityOf(score); got != want {
			t.Errorf("%v is %q, want %q", score, got, want)
		}
	}
}
