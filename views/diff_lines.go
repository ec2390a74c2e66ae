package views

import (
	"context"
	"html"
	"io"
	"strconv"
	"strings"

	"latchkey/internal/readable"
	"latchkey/internal/tardiff"
	"latchkey/views/ui"
)

// hunks are the changed lines of one file. It is a component: a comparison has thousands of lines, and each is
// the same few words around a text.
type hunks struct{ file tardiff.File }

// Render writes the lines. The numbers on both sides are attributes that the style sheet shows, so that nobody
// copies them along.
func (h hunks) Render(_ context.Context, w io.Writer) error {
	var b strings.Builder
	b.WriteString(`<pre class="source diff" tabindex="0" role="region" aria-label="Changed lines of `)
	b.WriteString(html.EscapeString(readable.Line(h.file.Path)) + `" hx-disable><code>`)
	for i, hunk := range h.file.Hunks {
		if i > 0 || max(hunk.From, hunk.To) > 1 {
			b.WriteString(`<span class="gap">Line ` + strconv.Itoa(max(1, hunk.To)) + "\n</span>")
		}
		for _, l := range hunk.Lines {
			writeLine(&b, l)
		}
	}
	b.WriteString("</code></pre>")
	_, err := io.WriteString(w, b.String())
	return err
}

func writeLine(b *strings.Builder, l tardiff.Line) {
	class, sign := `<span class="dl"`, " "
	switch l.Kind {
	case tardiff.Added:
		class, sign = `<span class="dl plus"`, "+"
	case tardiff.Removed:
		class, sign = `<span class="dl minus"`, "-"
	default:
	}
	b.WriteString(class)
	if l.Old > 0 {
		b.WriteString(` data-old="` + strconv.Itoa(l.Old) + `"`)
	}
	if l.New > 0 {
		b.WriteString(` data-new="` + strconv.Itoa(l.New) + `"`)
	}
	b.WriteString(">" + sign + html.EscapeString(strings.ReplaceAll(readable.Text(l.Text), "\r", "␍")))
	if l.Cut > 0 {
		b.WriteString(`<em> … and ` + html.EscapeString(ui.Bytes(int64(l.Cut))) + ` more</em>`)
	}
	if l.Open {
		b.WriteString(`<em> (without a line end)</em>`)
	}
	b.WriteString("\n</span>")
}
