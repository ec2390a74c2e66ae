package highlight

import (
	"path"
	"strings"
)

// languages are all that is coloured, by the lexer's own name: finding a lexer by guessing costs 10 ms for
// every name that it does not know. Markdown is not among them, because its lexer guesses so for each fence.
var languages = map[string]string{ // of file names' endings, which fences use too
	"js": "javascript", "mjs": "javascript", "cjs": "javascript", "jsx": "react", "javascript": "javascript",
	"ts": "typescript", "mts": "typescript", "cts": "typescript", "tsx": "typescript", "typescript": "typescript",
	"json": "json", "jsonc": "json", "json5": "json", "map": "json", "webmanifest": "json",
	"css": "css", "scss": "scss", "less": "css", "html": "html", "htm": "html", "xml": "xml", "svg": "xml",
	"sh": "bash", "bash": "bash", "zsh": "bash", "shell": "bash", "console": "bash", "toml": "toml", "ini": "ini", "npmrc": "ini", "yaml": "yaml", "yml": "yaml",
	"c": "c", "h": "c", "cc": "c++", "cpp": "c++", "hpp": "c++", "c++": "c++", "rs": "rust", "rust": "rust", "go": "go", "java": "java", "kt": "kotlin",
	"py": "python", "python": "python", "rb": "ruby", "ruby": "ruby", "swift": "swift", "sql": "sql", "graphql": "graphql", "gql": "graphql",
	"diff": "diff", "patch": "diff", "gyp": "python", "gypi": "python", "proto": "protobuf",
}

// named are files that are known by their whole name.
var named = map[string]string{"Makefile": "make", "Dockerfile": "docker", ".npmrc": "ini", ".editorconfig": "ini", ".babelrc": "json", ".eslintrc": "json"}

// Of is the language of a file, by its path, or "" when it is none that is coloured.
func Of(file string) string {
	base := path.Base(file)
	if l, ok := named[base]; ok {
		return l
	}
	return languages[strings.ToLower(strings.TrimPrefix(path.Ext(base), "."))]
}

// Fence is the language that a fenced block in a readme names, or "".
func Fence(info string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(info), " ")
	word, _, _ = strings.Cut(word, "{")
	return languages[strings.ToLower(word)]
}
