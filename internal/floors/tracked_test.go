package floors

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Where this machine gets packages from, and where it keeps things, is nobody else's business and
// would be wrong for them.
func TestFilesNameNoRegistryHostAndNoMachine(t *testing.T) {
	root, files := tracked(t)
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	forbidden := append(hosts(t), root+"/", home+"/")
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(root, f))
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range forbidden {
			if bytes.Contains(text, []byte(word)) {
				t.Errorf("%s contains %s", f, word)
			}
		}
		if strings.HasSuffix(f, "package-lock.json") || strings.HasSuffix(f, "pnpm-lock.yaml") || strings.HasSuffix(f, "yarn.lock") {
			t.Errorf("%s names where packages came from: pin exact versions instead", f)
		}
	}
}

var host = regexp.MustCompile(`(?:https?://)([A-Za-z0-9.-]+\.[a-z]{2,})`)

// hosts are the public registries' hosts and those that this machine is set up with.
func hosts(t *testing.T) (out []string) {
	t.Helper()
	out = []string{"registry.npmjs" + ".org", "registry.yarnpkg" + ".com", "proxy.golang" + ".org", "sum.golang" + ".org", "deb.debian" + ".org"}
	for _, c := range [][]string{{"npm", "config", "get", "registry"}, {"go", "env", "GOPROXY"}, {"go", "env", "GOSUMDB"}} {
		text, err := exec.CommandContext(t.Context(), c[0], c[1:]...).Output()
		if err != nil {
			t.Fatalf("%v: %v", c, err)
		}
		for _, m := range host.FindAllStringSubmatch(string(text), -1) {
			out = append(out, m[1])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var (
	target   = regexp.MustCompile(`hx-target="#([^"]+)"`)
	fragment = regexp.MustCompile(`templ\.Fragment\("([^"]+)"\)`)
)

// A region that htmx refreshes is a fragment of its page: its id, its fragment and the target are one
// word. A target without a fragment would be filled with a whole page.
func TestTargetsAreFragmentsOfTheirPage(t *testing.T) {
	root, files := tracked(t)
	found := 0
	for _, f := range files {
		if !strings.HasSuffix(f, ".templ") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, f))
		if err != nil {
			t.Fatal(err)
		}
		fragments := map[string]bool{}
		for _, m := range fragment.FindAllSubmatch(text, -1) {
			fragments[string(m[1])] = true
			if !bytes.Contains(text, []byte(`id="`+string(m[1])+`"`)) {
				t.Errorf("%s: the fragment %q has no element of that id", f, m[1])
			}
		}
		for _, m := range target.FindAllSubmatch(text, -1) {
			found++
			if !fragments[string(m[1])] {
				t.Errorf("%s: hx-target #%s has no fragment", f, m[1])
			}
		}
	}
	if found == 0 {
		t.Error("no targets were found")
	}
}
