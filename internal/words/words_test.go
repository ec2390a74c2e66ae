package words

import (
	"testing"
	"time"
)

func TestTimesInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Minute: "1 minute", 5 * time.Minute: "5 minutes", time.Hour: "1 hour", 24 * time.Hour: "24 hours", 7 * 24 * time.Hour: "7 days",
	} {
		if got := Span(d); got != want {
			t.Errorf("Span(%v) = %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		72 * time.Hour: "3 days", 72*time.Hour - time.Second: "3 days", 71 * time.Hour: "71 hours", 70*time.Hour + time.Nanosecond: "71 hours",
		time.Hour: "1 hour", 59*time.Minute + time.Second: "1 hour", 20 * time.Minute: "20 minutes", time.Second: "1 minute",
	} {
		if got := Left(d); got != want {
			t.Errorf("Left(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestCountsInWords(t *testing.T) {
	for n, want := range map[int64]string{0: "0 files", 1: "1 file", 1204: "1,204 files"} {
		if got := Count(n, "file", "files"); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}
