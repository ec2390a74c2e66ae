package npm

import (
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxKeywords = 50
	maxMember   = 1024 // bytes
)

// Head is what a package says about itself in its latest version, as text that fits on a page.
type Head struct {
	Description, License, Author string
	Homepage, Repository, Bugs   string
	Directory                    string // of the repository, where the package is
	Keywords                     []string
}

// ReadHead reads Documents.Head. Authors write its members in many ways: a license as text or {type}, a
// repository as text or {url}, an author as text or {name}, keywords as a list or one text. What has
// another form is left out.
func ReadHead(members []byte) (h Head) {
	var m struct {
		Description jsontext.Value `json:"description"`
		License     jsontext.Value `json:"license"`
		Author      jsontext.Value `json:"author"`
		Homepage    jsontext.Value `json:"homepage"`
		Repository  jsontext.Value `json:"repository"`
		Bugs        jsontext.Value `json:"bugs"`
		Keywords    jsontext.Value `json:"keywords"`
	}
	if json.Unmarshal(members, &m) != nil {
		return h
	}
	h.Description, h.License = member(m.Description, ""), member(m.License, "type")
	h.Homepage, h.Repository, h.Bugs = member(m.Homepage, "url"), member(m.Repository, "url"), member(m.Bugs, "url")
	if m.Repository.Kind() == '{' {
		h.Directory = member(m.Repository, "directory")
	}
	// "Ann Example <ann@example.com> (https://ann.example)" is one author's name, address and page.
	h.Author, _, _ = strings.Cut(member(m.Author, "name"), "<")
	h.Author, _, _ = strings.Cut(h.Author, "(")
	h.Author = strings.TrimSpace(h.Author)
	if m.Keywords.Kind() == '"' {
		h.Keywords = []string{member(m.Keywords, "")}
		return h
	}
	var words []jsontext.Value
	_ = json.Unmarshal(m.Keywords, &words)
	for _, w := range words[:min(len(words), maxKeywords)] {
		if text := member(w, ""); text != "" {
			h.Keywords = append(h.Keywords, text)
		}
	}
	return h
}

// member is v when it is text, or the text at key when it is an object; cut to what a page has room for.
func member(v jsontext.Value, key string) (text string) {
	if v.Kind() == '{' && key != "" {
		var o map[string]jsontext.Value
		_ = json.Unmarshal(v, &o)
		v = o[key]
	}
	if v.Kind() == '"' {
		_ = json.Unmarshal(v, &text)
	}
	return Storable(text, maxMember)
}

// Storable cuts a text to size at a character, and drops NUL, which PostgreSQL cannot store.
func Storable(text string, size int64) string {
	text = strings.ReplaceAll(text, "\x00", "")
	if int64(len(text)) <= size {
		return text
	}
	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}
	return text[:size]
}
