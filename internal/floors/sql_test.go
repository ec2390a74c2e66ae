package floors

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// statement is how SQL begins, in the capitals that this house writes it in.
var (
	statement = regexp.MustCompile(`^\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE (TABLE|INDEX|UNIQUE)|ALTER|DROP|PRAGMA)\s`)
	writes    = regexp.MustCompile(`(?:INSERT INTO|UPDATE|DELETE FROM)\s+([a-z_]+)`)
)

// literals calls f with each string literal of a file.
func (s source) literals(f func(text string, at token.Pos)) {
	ast.Inspect(s.tree, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				f(text, lit.Pos())
			}
		}
		return true
	})
}

func TestStatementsLiveInStores(t *testing.T) {
	found := 0
	for _, s := range sources(t) {
		if s.test() || within(s.pkg, []string{"db"}) {
			continue
		}
		store := strings.HasPrefix(filepath.Base(s.path), "store")
		s.literals(func(text string, at token.Pos) {
			if !statement.MatchString(text) {
				return
			}
			found++
			if !store {
				t.Errorf("%s:%d: a statement outside a store", s.path, s.line(at))
			}
		})
	}
	if found < 30 {
		t.Errorf("only %d statements were found", found)
	}
}

func TestOnePackageWritesATable(t *testing.T) {
	writers := map[string]string{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		s.literals(func(text string, at token.Pos) {
			if !statement.MatchString(text) {
				return
			}
			for _, m := range writes.FindAllStringSubmatch(text, -1) {
				table := m[1]
				if table == "set" || table == "on" { // ON CONFLICT … DO UPDATE SET is in capitals and never here
					continue
				}
				if other, ok := writers[table]; ok && other != s.pkg {
					t.Errorf("%s:%d: %s is written by %s too", s.path, s.line(at), table, other)
				}
				writers[table] = s.pkg
			}
		})
	}
	if writers["users"] != "internal/account" || writers["jobs"] != "internal/jobs" || len(writers) < 12 {
		t.Errorf("writers: %v", writers)
	}
}
