// Package ui is the kit that every page is made of. It knows nothing of the product: pages bring what
// to show, ui decides how it looks.
package ui

import (
	"context"
	"hash/fnv"
	"strings"
	"time"
	"unicode"

	"github.com/dustin/go-humanize"

	"latchkey/internal/readable"
	"latchkey/internal/words"
)

// Frame is what surrounds every page. It is put into the context once per request and is the only
// value that views take from there.
type Frame struct {
	Product  string    // the name of this installation
	Registry string    // what npm is pointed at
	Path     string    // of the request, for the current place in a navigation
	Now      time.Time // what "2 hours ago" is counted from
	Me       Me
	Flash    string // what was just done
	Hold     string // that the account is read-only, and why
	SignUp   bool   // a stranger may make an account
	Mail     bool   // mail is kept here, for an operator to read
}

// Me is the person who looks at the page. The zero Me is a stranger.
type Me struct {
	Name               string
	Operator, Verified bool
}

type frameKey struct{}

// WithFrame puts the frame into the context.
func WithFrame(ctx context.Context, f Frame) context.Context {
	return context.WithValue(ctx, frameKey{}, f)
}

// FrameOf returns the frame, or an empty one.
func FrameOf(ctx context.Context) Frame {
	f, _ := ctx.Value(frameKey{}).(Frame)
	return f
}

// Plain makes text that somebody else wrote safe to read, in one line.
func Plain(s string) string { return readable.Line(s) }

// Bytes is a size for people: "412 B", "1.2 MB".
func Bytes(n int64) string {
	if n < 0 {
		n = 0
	}
	return humanize.Bytes(uint64(n))
}

// Span is a length of time in words: "5 minutes", "7 days".
func Span(d time.Duration) string { return words.Span(d) }

// Count is a number with its noun: "1 file", "1,204 files".
func Count(n int64, one, many string) string { return words.Count(n, one, many) }

// Thousands is a number as people read it: "1,204".
func Thousands(n int64) string { return humanize.Comma(n) }

// ago is a past moment in words, counted from now.
func ago(now, t time.Time) string {
	switch d := now.Sub(t); {
	case d < -time.Minute:
		return t.UTC().Format("2 Jan 2006, 15:04")
	case d < time.Minute:
		return "just now"
	case d < 31*24*time.Hour:
		return humanize.RelTime(t, now, "ago", "")
	}
	return "on " + t.UTC().Format("2 Jan 2006")
}

// initials are the two letters of an avatar.
func initials(name string) string {
	letters := []rune{}
	for _, r := range strings.TrimLeft(name, "@") {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			letters = append(letters, unicode.ToUpper(r))
		}
	}
	return string(letters[:min(2, len(letters))])
}

// tint picks one of the avatar's colours by name, so that a person keeps theirs.
func tint(name string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // a hash does not fail
	return "t" + string(rune('0'+h.Sum32()%8))
}

// nearest is the place that a page without an entry of its own belongs to: the longest address above it.
func nearest(places []Place, path string) (best string) {
	for _, p := range places {
		if p.Href == path {
			return ""
		}
		if p.Href != "" && strings.HasPrefix(path, p.Href+"/") && len(p.Href) > len(best) {
			best = p.Href
		}
	}
	return best
}

// title is "Page · Thing · product".
func title(parts []string, product string) string {
	return strings.Join(append(parts[:len(parts):len(parts)], product), " · ")
}
