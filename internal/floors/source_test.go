package floors

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/throwaway"
)

const (
	longestFile     = 400
	longestFunction = 60
)

// tracked lists the files of the repository, and those that are about to be in it.
func tracked(t *testing.T) (root string, files []string) {
	t.Helper()
	root, err := throwaway.Root()
	if err != nil {
		t.Fatal(err)
	}
	git := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	git.Dir = root
	out, err := git.Output()
	if err != nil {
		t.Fatal("git ls-files: ", err)
	}
	for f := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if info, err := os.Stat(filepath.Join(root, f)); err == nil && info.Mode().IsRegular() {
			files = append(files, f)
		}
	}
	return root, files
}

// source is a hand-written Go file.
type source struct {
	path string // from the root
	pkg  string // its folder
	text []byte
	fset *token.FileSet
	tree *ast.File
}

func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

func (s source) line(p token.Pos) int { return s.fset.Position(p).Line }

func sources(t *testing.T) (out []source) {
	t.Helper()
	root, files := tracked(t)
	for _, f := range files {
		if !strings.HasSuffix(f, ".go") || strings.HasSuffix(f, "_templ.go") {
			continue
		}
		s := source{path: f, pkg: filepath.Dir(f), fset: token.NewFileSet()}
		var err error
		if s.text, err = os.ReadFile(filepath.Join(root, f)); err != nil {
			t.Fatal(err)
		}
		if s.tree, err = parser.ParseFile(s.fset, f, s.text, parser.ParseComments); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if len(out) < 50 {
		t.Fatalf("only %d Go files were found", len(out))
	}
	return out
}

func TestFilesAndFunctionsStaySmall(t *testing.T) {
	for _, s := range sources(t) {
		if lines := bytes.Count(s.text, []byte("\n")); lines > longestFile {
			t.Errorf("%s has %d lines; split it by what it is about", s.path, lines)
		}
		if s.test() {
			continue
		}
		ast.Inspect(s.tree, func(n ast.Node) bool {
			f, ok := n.(*ast.FuncDecl)
			if ok && f.Body != nil && s.line(f.Body.End())-s.line(f.Body.Pos())-1 > longestFunction {
				t.Errorf("%s: %s is longer than %d lines", s.path, f.Name.Name, longestFunction)
			}
			return true
		})
	}
}

// Tests are part of the work: at least four lines for each five.
func TestThereIsEnoughTest(t *testing.T) {
	var code, test int
	for _, s := range sources(t) {
		lines := bytes.Count(s.text, []byte("\n"))
		if s.test() {
			test += lines
		} else {
			code += lines
		}
	}
	t.Logf("%d lines of Go, %d of test", code, test)
	if test*5 < code*4 {
		t.Errorf("%d lines of test for %d of Go", test, code)
	}
}

func TestExportedNamesAreExplained(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		for _, d := range s.tree.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && receiverExported(d) {
					t.Errorf("%s:%d: %s has no comment", s.path, s.line(d.Pos()), d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					ty, ok := spec.(*ast.TypeSpec)
					if ok && ty.Name.IsExported() && ty.Doc == nil && d.Doc == nil {
						t.Errorf("%s:%d: %s has no comment", s.path, s.line(ty.Pos()), ty.Name.Name)
					}
				}
			}
		}
	}
}

func receiverExported(f *ast.FuncDecl) bool {
	name := receiver(f)
	return f.Recv == nil || ast.IsExported(name)
}

// receiver is the type that a method is of, or "".
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return ""
	}
	e := f.Recv.List[0].Type
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	if generic, ok := e.(*ast.IndexListExpr); ok {
		e = generic.X
	}
	if id, ok := e.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

func TestNothingIsLeftUndone(t *testing.T) {
	for _, s := range sources(t) {
		for _, g := range s.tree.Comments {
			for _, mark := range []string{"TO" + "DO", "FIX" + "ME", "XX" + "X"} {
				if strings.Contains(g.Text(), mark) {
					t.Errorf("%s:%d: %s", s.path, s.line(g.Pos()), mark)
				}
			}
		}
		if s.test() && (bytes.Contains(s.text, []byte("t.Sk"+"ip")) || bytes.Contains(s.text, []byte(".Sk"+"ipNow"))) {
			t.Errorf("%s leaves a test out", s.path)
		}
	}
}
