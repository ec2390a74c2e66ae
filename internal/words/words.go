// Package words says numbers as people do.
package words

import (
	"time"

	"github.com/dustin/go-humanize"
)

// Span is a length of time: "5 minutes", "24 hours", "7 days". It is for lives of links and such, which
// are round.
func Span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour && d%(24*time.Hour) == 0:
		return Count(int64(d/(24*time.Hour)), "day", "days")
	case d%time.Hour == 0:
		return Count(int64(d/time.Hour), "hour", "hours")
	}
	return Count(int64(d.Round(time.Minute)/time.Minute), "minute", "minutes")
}

// Left is what is left of a time, rounded up: "3 days", "71 hours", "20 minutes".
func Left(d time.Duration) string {
	unit := time.Hour
	if d <= time.Hour {
		unit = time.Minute
	}
	return Span((d + unit - 1).Truncate(unit))
}

// Count is a number with its noun: "1 file", "1,204 files".
func Count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return humanize.Comma(n) + " " + many
}

// Moment is a time in a letter or a sentence, whose reader may be anywhere: "2 January 2006, 15:04 UTC".
func Moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

// YesNo is an answer in the log.
func YesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
