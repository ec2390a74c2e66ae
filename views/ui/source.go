package ui

import (
	"context"
	"io"
	"strconv"
	"strings"
)

// Source is a file's text, as lines of HTML that internal/highlight made. It is a component: each line has a
// number, which the style sheet counts and nobody copies along.
type Source []string

// Render writes the lines.
func (s Source) Render(_ context.Context, w io.Writer) error {
	var b strings.Builder
	b.WriteString(`<pre class="source" tabindex="0" role="region" aria-label="Content of the file" hx-disable><code>`)
	for i, line := range s {
		b.WriteString(`<span class="ln" id="L`)
		b.WriteString(strconv.Itoa(i + 1))
		b.WriteString(`">`)
		b.WriteString(line)
		b.WriteString("\n</span>")
	}
	b.WriteString("</code></pre>")
	_, err := io.WriteString(w, b.String())
	return err
}
