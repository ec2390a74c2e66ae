// Package highlight colours source code for pages. Its HTML has spans with the classes below and nothing else:
// no styles, no addresses, no ids.
package highlight

import (
	"context"
	"crypto/sha256"
	"html"
	"strings"
	"time"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"

	"latchkey/internal/patience"
	"latchkey/internal/readable"
)

const (
	// MaxBytes is the longest source that is coloured; longer ones are shown plain.
	MaxBytes = 128 << 10
	// workFor bounds the work itself: a lexer's patterns backtrack, and some sources are written for that.
	workFor = 2 * time.Second
	wait    = 250 * time.Millisecond // of a page
)

// spans begin what has a colour. The style sheet knows the classes.
var spans = map[chroma.TokenType]string{
	chroma.Keyword:             `<span class="hk">`,
	chroma.KeywordType:         `<span class="ht">`,
	chroma.NameTag:             `<span class="hk">`,
	chroma.NameClass:           `<span class="ht">`,
	chroma.NameFunction:        `<span class="hf">`,
	chroma.NameAttribute:       `<span class="hf">`,
	chroma.NameDecorator:       `<span class="hf">`,
	chroma.NameBuiltin:         `<span class="ht">`,
	chroma.LiteralString:       `<span class="hs">`,
	chroma.LiteralStringSymbol: `<span class="hs">`,
	chroma.LiteralNumber:       `<span class="hn">`,
	chroma.LiteralDate:         `<span class="hn">`,
	chroma.Comment:             `<span class="hc">`,
	chroma.CommentPreproc:      `<span class="hk">`,
	chroma.GenericInserted:     `<span class="hi">`,
	chroma.GenericDeleted:      `<span class="hd">`,
}

// span is what begins a token, by its kind or by what that is a kind of.
func span(t chroma.TokenType) string {
	for _, kind := range []chroma.TokenType{t, t.SubCategory(), t.Category()} {
		if s, ok := spans[kind]; ok {
			return s
		}
	}
	return ""
}

// Lines renders a source in a language that Of or Fence named, as lines of HTML. Every line is whole: what
// spans several is begun anew in each. What cannot be coloured, or not within ctx, is shown as it is.
func Lines(ctx context.Context, language, source string) (lines []string) {
	defer func() {
		if recover() != nil { // a panic in a lexer must not take the server along
			lines = Plain(source)
		}
	}()
	lexer := lexers.Get(language)
	if language == "" || lexer == nil || len(source) > MaxBytes {
		return Plain(source)
	}
	next, err := chroma.Coalesce(lexer).Tokenise(nil, readable.Text(source))
	if err != nil {
		return Plain(source)
	}
	var line strings.Builder
	for t := next(); t != chroma.EOF; t = next() {
		if ctx.Err() != nil {
			return Plain(source)
		}
		open, end := span(t.Type), ""
		if open != "" {
			end = "</span>"
		}
		for i, part := range strings.Split(t.Value, "\n") {
			if i > 0 {
				lines = append(lines, line.String())
				line.Reset()
			}
			if part != "" {
				line.WriteString(open + html.EscapeString(part) + end)
			}
		}
	}
	if line.Len() > 0 {
		lines = append(lines, line.String())
	}
	return lines
}

// Plain is a source without colours, as lines of HTML.
func Plain(source string) []string {
	lines := strings.Split(html.EscapeString(strings.TrimSuffix(readable.Text(source), "\n")), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return nil
	}
	return lines
}

// Renderer colours files for pages and remembers them.
type Renderer struct{ cache *patience.Cache[[]string] }

// New makes a renderer that keeps at most limit bytes of HTML.
func New(limit int64) *Renderer {
	return &Renderer{patience.New(wait, limit, func(lines []string) (n int) {
		for _, l := range lines {
			n += len(l) + 16
		}
		return n
	})}
}

// File is the lines of a file, coloured by what its path says it is, or plain when that takes too long.
func (r *Renderer) File(ctx context.Context, path, source string) []string {
	language := Of(path)
	if language == "" || len(source) > MaxBytes {
		return Plain(source)
	}
	key := sha256.Sum256([]byte(language + "\x00" + source))
	lines, ok := r.cache.Get(ctx, key, func() []string {
		ctx, cancel := context.WithTimeout(context.Background(), workFor)
		defer cancel()
		return Lines(ctx, language, source)
	})
	if !ok {
		return Plain(source)
	}
	return lines
}
