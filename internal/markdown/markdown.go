// Package markdown turns a readme, which anybody may write, into HTML that is safe inside our pages. It
// is rendered, sanitised, and then rewritten so that nothing in it leads the browser anywhere by itself.
package markdown

import (
	"bytes"
	"context"
	"crypto/sha256"
	"html"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	rawhtml "github.com/yuin/goldmark/renderer/html"

	"latchkey/internal/patience"
)

const (
	// MaxBytes is the longest source that is rendered; what is longer is cut, and the page says so.
	MaxBytes = 512 << 10
	maxHTML  = 2 << 20
	// wait is how long a page waits for its readme. What takes longer is shown as plain text, and
	// rendered by the time somebody asks again.
	wait = 250 * time.Millisecond
)

// Base says where the files are that a readme speaks of: what its relative links, and those to pictures, are
// appended to. Both end in a slash. Without one, such links become text.
type Base struct{ Files, Pictures string }

// Document is a readme, ready to be written into a page.
type Document struct {
	html string
	// Cut says that the source was longer than MaxBytes.
	Cut bool
}

// Render writes the document. It makes Document a part that a template can hold.
func (d Document) Render(_ context.Context, w io.Writer) error {
	_, err := io.WriteString(w, d.html)
	return err
}

// Empty reports whether there is nothing to show.
func (d Document) Empty() bool { return strings.TrimSpace(d.html) == "" }

// Renderer renders readmes and remembers them by their content.
type Renderer struct {
	parse  goldmark.Markdown
	policy *bluemonday.Policy
	cache  *patience.Cache[Document]
}

// New makes a renderer that keeps at most cacheBytes of HTML.
func New(cacheBytes int64) *Renderer {
	return &Renderer{
		parse: goldmark.New(
			goldmark.WithExtensions(
				extension.Linkify, extension.Strikethrough, extension.TaskList,
				extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)), // a style attribute would be blocked
			),
			goldmark.WithParserOptions(parser.WithAutoHeadingID()),
			goldmark.WithRendererOptions(rawhtml.WithUnsafe()), // readmes contain HTML; the policy decides what stays
		),
		policy: policy(),
		cache:  patience.New(wait, cacheBytes, func(d Document) int { return len(d.html) }),
	}
}

// Render returns the HTML of a readme. It never fails: what cannot be rendered, or not in good time, is
// shown as the text it is.
func (r *Renderer) Render(ctx context.Context, source string, base Base) Document {
	source, cut := cutAt(source, MaxBytes)
	if hostile(source) {
		return Document{plain(source), cut}
	}
	key := sha256.Sum256([]byte(base.Files + "\x00" + base.Pictures + "\x00" + source))
	d, ok := r.cache.Get(ctx, key, func() Document { return Document{html: r.render(source, base)} })
	if !ok {
		d.html = plain(source)
	}
	d.Cut = cut
	return d
}

// render does the work. A panic in a parser must not take the server along.
func (r *Renderer) render(source string, base Base) (out string) {
	defer func() {
		if recover() != nil {
			out = plain(source)
		}
	}()
	var b bytes.Buffer
	if err := r.parse.Convert([]byte(source), &b); err != nil || b.Len() > 4*maxHTML {
		return plain(source)
	}
	out, err := rewrite(r.policy.SanitizeReader(&b), base)
	if err != nil || len(out) > maxHTML {
		return plain(source)
	}
	return out
}

// plain shows the source as text.
func plain(source string) string {
	return `<pre class="plain">` + html.EscapeString(strings.ToValidUTF8(source, "�")) + `</pre>`
}

// cutAt shortens text to at most n bytes, between two characters.
func cutAt(text string, n int) (string, bool) {
	if len(text) <= n {
		return text, false
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n], true
}
