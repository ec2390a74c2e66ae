// Package floors holds the plan of the house against the house: who may call whom, where statements
// and decisions live, and how large things may grow.
package floors

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// floors is the plan: a package imports lower floors only.
var floors = map[string]int{
	"internal/errs":                0,
	"internal/cache":               0,
	"internal/throwaway":           0,
	"internal/words":               0,
	"internal/npmpack":             0,
	"static":                       0,
	"internal/forge":               0,
	"internal/readable":            0,
	"db":                           1,
	"internal/access":              1,
	"internal/blob":                1,
	"internal/config":              1,
	"internal/archive":             1,
	"internal/patience":            1,
	"internal/npm":                 1,
	"internal/secret":              1,
	"internal/mail":                2,
	"internal/highlight":           2,
	"internal/tardiff":             2,
	"db/dbtest":                    2,
	"internal/audit":               2,
	"internal/credential":          2,
	"internal/blob/blobtest":       2,
	"internal/jobs":                2,
	"internal/limit":               2,
	"internal/advisory":            3,
	"internal/signing":             2,
	"internal/markdown":            3,
	"internal/search":              3,
	"internal/outbox":              3,
	"internal/twofactor":           4,
	"internal/account":             5,
	"internal/account/accounttest": 6,
	"internal/token":               6,
	"internal/org":                 6,
	"internal/registry":            7,
	"internal/stats":               8,
	"internal/app":                 9,
	"internal/edge":                9,
	"views/ui":                     9,
	"internal/app/apptest":         10,
	"internal/demo":                10,
	"views":                        10,
	"handlers":                     11,
	"registryapi":                  11,
	"cmd/latchkey":                 12,
	"e2e":                          12,
	"internal/floors":              12,
}

// onlyIn says which packages may know a thing that is not ours, by the beginnings of their names.
var onlyIn = map[string][]string{
	"database/sql":                  {"db"},
	"github.com/jmoiron/sqlx":       {"db"},
	"github.com/mattn/go-sqlite3":   {"db"},
	"github.com/jackc/pgx/":         {"db"},
	"github.com/pressly/goose/":     {"db"},
	"github.com/minio/":             {"internal/blob"},
	"github.com/wneessen/go-mail":   {"internal/mail"},
	"github.com/labstack/":          {"handlers", "registryapi", "internal/edge"},
	"github.com/alecthomas/chroma/": {"internal/highlight"},
	"github.com/a-h/templ":          {"handlers", "views"},
	"github.com/alexedwards/scs/":   {"handlers"},
	"net/http":                      {"handlers", "registryapi", "internal/edge", "internal/blob", "cmd", "static", "e2e"},
	"html/template":                 nil,
}

type listed struct {
	ImportPath string
	Imports    []string
}

const module = "latchkey/"

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	d := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		p.ImportPath = strings.TrimPrefix(p.ImportPath, module)
		all = append(all, p)
	}
}

func TestCallsGoDownstairsOnly(t *testing.T) {
	all := packages(t)
	for _, p := range all {
		mine, ok := floors[p.ImportPath]
		if !ok {
			t.Errorf("%s has no floor: give it one in this file and in CONTRIBUTING.md", p.ImportPath)
		}
		for _, i := range p.Imports {
			below, ours := strings.CutPrefix(i, module)
			if ours && floors[below] >= mine {
				t.Errorf("%s (floor %d) imports %s (floor %d)", p.ImportPath, mine, below, floors[below])
			}
		}
	}
	if len(all) != len(floors) {
		t.Errorf("the plan has %d packages, the house %d", len(floors), len(all))
	}
}

func TestEdgesDoNotKnowTheDatabase(t *testing.T) {
	for _, p := range packages(t) {
		if p.ImportPath != "handlers" && p.ImportPath != "registryapi" && p.ImportPath != "views" {
			continue
		}
		for _, i := range p.Imports {
			if i == module+"db" {
				t.Errorf("%s imports db", p.ImportPath)
			}
		}
	}
}

func TestOthersPackagesStayWhereTheyBelong(t *testing.T) {
	for _, p := range packages(t) {
		for _, i := range p.Imports {
			for what, where := range onlyIn {
				known := i == strings.TrimSuffix(what, "/") || strings.HasSuffix(what, "/") && strings.HasPrefix(i, what)
				if known && !within(p.ImportPath, where) {
					t.Errorf("%s imports %s, which belongs in %v", p.ImportPath, i, where)
				}
			}
		}
	}
}

func within(pkg string, where []string) bool {
	for _, w := range where {
		if pkg == w || strings.HasPrefix(pkg, w+"/") {
			return true
		}
	}
	return false
}
