package ui

import (
	"testing"
	"time"
)

func TestPlainTextShowsWhatWouldHideOrTurn(t *testing.T) {
	for in, want := range map[string]string{
		"naïve 👩‍👧 café":      "naïve 👩‍👧 café",
		"a\u202egnp.exe":      `a\u202egnp.exe`,
		"a\u2066b\u2069":      `a\u2066b\u2069`,
		"zero\u200bwidth":     `zero\u200bwidth`,
		"tag\U000e0041":       `tag\ue0041`,
		"line\nbreak\x1b[31m": "line break [31m",
		"soft\u00adhyphen":    `soft\u00adhyphen`,
		"":                    "",
	} {
		if got := Plain(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestTimesInWords(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for before, want := range map[time.Duration]string{
		20 * time.Second: "just now", -20 * time.Second: "just now", 5 * time.Minute: "5 minutes ago", 26 * time.Hour: "1 day ago",
		40 * 24 * time.Hour: "on 15 Oct 2026", -time.Hour: "24 Nov 2026, 13:00",
	} {
		if got := ago(now, now.Add(-before)); got != want {
			t.Errorf("%v: %q, want %q", before, got, want)
		}
	}
}

func TestTitleIsPageThingProduct(t *testing.T) {
	if got := title([]string{"Versions", "@ann/widget"}, "Latchkey"); got != "Versions · @ann/widget · Latchkey" {
		t.Error(got)
	}
}

func TestAvatarsAreTheSameEachTime(t *testing.T) {
	if initials("ann-lee") != "AN" || initials("@x") != "X" || initials("--") != "" || tint("ann") != tint("ann") {
		t.Error(initials("ann-lee"), initials("@x"), tint("ann"))
	}
}

func TestPageWithoutAnEntryBelongsToTheNearest(t *testing.T) {
	places := []Place{{Name: "Operator"}, {Href: "/operator"}, {Href: "/operator/mail"}}
	for path, want := range map[string]string{"/operator/mail/1": "/operator/mail", "/operator/x": "/operator", "/operators": "", "/operator/mail": ""} {
		if got := nearest(places, path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestSpansOfTimeInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		5 * time.Minute: "5 minutes", time.Minute: "1 minute", time.Hour: "1 hour", 24 * time.Hour: "24 hours", 36 * time.Hour: "36 hours",
		7 * 24 * time.Hour: "7 days", 90 * time.Minute: "90 minutes",
	} {
		if got := Span(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestCounts(t *testing.T) {
	if Count(1, "file", "files") != "1 file" || Count(1204, "file", "files") != "1,204 files" || Bytes(-1) != "0 B" || Bytes(1300) != "1.3 kB" {
		t.Error(Count(1, "file", "files"), Count(1204, "file", "files"), Bytes(-1), Bytes(1300))
	}
}
