package db

import "strings"

// Words is a full-text query: all of the groups, and of each group any word. A word that ends in "*"
// stands for every word that begins with it. Words are made of letters and digits (internal/search makes
// them); anything else in one could be read as an operator.
type Words [][]string

// Matching is the one condition that the two databases write differently: that a row of the table search
// has these words in its search_texts. It is SQL with one placeholder, and the argument that belongs there.
func (d *DB) Matching(w Words) (condition, argument string) { return d.dialect.matching(w) }

// join writes the groups with a database's own operators.
func (w Words) join(and, or string, word func(text string, prefix bool) string) string {
	groups := make([]string, len(w))
	for i, group := range w {
		words := make([]string, len(group))
		for k, text := range group {
			text, prefix := strings.CutSuffix(text, "*")
			words[k] = word(text, prefix)
		}
		groups[i] = "(" + strings.Join(words, or) + ")"
	}
	return strings.Join(groups, and)
}

func (sqlite) matching(w Words) (condition, argument string) {
	return "search.number IN (SELECT docid FROM search_terms WHERE terms MATCH ?)", w.join(" AND ", " OR ", func(text string, prefix bool) string {
		if prefix {
			text += "*"
		}
		return `"` + text + `"`
	})
}

func (postgres) matching(w Words) (condition, argument string) {
	return "search.number IN (SELECT number FROM search_texts WHERE vector @@ CAST(? AS tsquery))", w.join(" & ", " | ", func(text string, prefix bool) string {
		text = "'" + text + "'"
		if prefix {
			text += ":*"
		}
		return text
	})
}
