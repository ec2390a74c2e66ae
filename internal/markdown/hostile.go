package markdown

import "strings"

// What the parser does in more than linear time, and how much of it a real readme never reaches. The
// numbers were measured: at each limit, 512 KiB of the worst text cost half a second.
const (
	maxBrackets  = 1000   // in one paragraph: each may begin a link that each other may end
	maxEmphasis  = 2000   // in one paragraph: each may close what each other opened
	maxDepth     = 30     // of quotes and lists
	maxHeadings  = 3000   // each wants an id of its own
	maxCells     = 50_000 // of all tables: each is filled up to its widest row
	markers      = "-+*"
	headingRules = "=-"
)

// hostile reports whether a text was made to keep the parser busy. It looks at characters and not at
// what they mean, so that no text can talk it out of counting.
func hostile(source string) bool {
	var brackets, emphasis, rows, columns, cells, headings int
	for line := range strings.Lines(source) {
		text := strings.TrimSpace(line)
		if text == "" {
			cells += rows * columns
			brackets, emphasis, rows, columns = 0, 0, 0, 0
			continue
		}
		brackets += strings.Count(text, "[")
		emphasis += strings.Count(text, "*") + strings.Count(text, "_") + strings.Count(text, "~")
		rows++
		columns = max(columns, strings.Count(text, "|"))
		if text[0] == '#' || strings.Trim(text, headingRules) == "" {
			headings++
		}
		if brackets > maxBrackets || emphasis > maxEmphasis || cells+rows*columns > maxCells ||
			headings > maxHeadings || depth(text) > maxDepth {
			return true
		}
	}
	return false
}

// depth counts how many quotes and list items a line opens.
func depth(text string) (n int) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '>', strings.IndexByte(markers, c) >= 0 && i+1 < len(text) && text[i+1] == ' ':
			n++
		case c != ' ' && c != '\t':
			return n
		}
	}
	return n
}
