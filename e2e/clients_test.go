package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/npmpack"
)

// packer is a client that publishes and installs.
type packer struct {
	name             string
	publish, install []string
	without          []string // members of package.json that it cannot pack
	resolves         bool     // it resolves dependencies before it publishes, and there is no other host here
	workspaces       bool     // it rewrites the versions of a workspace's packages
	sameReader       bool     // it unpacks with what another one in the list unpacks with
}

// npmPacker is a major version of npm.
func npmPacker(name string, sameReader bool) packer {
	return packer{name: name, publish: words(name + " publish"), install: words(name + " install --no-audit --no-package-lock"), sameReader: sameReader}
}

// everyClient is each major version of npm that people use, and the others.
var everyClient = []packer{
	npmPacker("npm6", false), npmPacker("npm7", false), npmPacker("npm8", true), npmPacker("npm9", false), npmPacker("npm10", true), npmPacker("npm", false),
	{
		name: "pnpm10", publish: words("pnpm10 publish --no-git-checks"), install: words("pnpm10 install"), workspaces: true,
		without: words("bundledDependencies"), // needs a hoisted node_modules
	},
	{name: "pnpm", publish: words("pnpm publish --no-git-checks"), install: words("pnpm install"), workspaces: true},
	{
		name: "yarn1", publish: words("yarn1 publish --non-interactive"), install: words("yarn1 install --no-lockfile"),
		without: words("bundledDependencies"), // yarn 1 as it is distributed lacks a module for it
	},
	{
		name: "yarn4", publish: words("yarn4 npm publish --access public"), install: words("yarn4 install --mode=skip-build"),
		resolves: true, workspaces: true,
	},
	{name: "bun", publish: words("bun publish"), install: words("bun install"), workspaces: true},
}

func words(s string) []string { return strings.Fields(s) }

// TestEveryClientsPackagesAreAccepted publishes, with every client, packages that have what clients rewrite, and
// names that archives need extensions for.
func TestEveryClientsPackagesAreAccepted(t *testing.T) {
	t.Parallel()
	s := started(t, "LATCHKEY_PUBLISH_RATE=off")
	token := s.person("ann")
	for name, version := range map[string]string{"a": "1.0.0", "b": "1.0.0", "blank": "2.0.0", "foo": "1.0.0", "d": "1.0.0", "y": "1.0.0"} {
		s.publish(t, npmpack.Package{Name: name, Version: version}, token)
	}
	for _, c := range everyClient {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			if err := s.home(home, token); err != nil {
				t.Fatal(err)
			}
			odd, tools := "@ann/odd-"+c.name, "tools-"+c.name
			c.publishes(t, home, oddManifest(odd), oddFiles)
			v := s.latest(t, odd)
			if v["hasInstallScript"] != true || v["bin"] == nil {
				t.Errorf("%s: an install script and a command became %v and %v", odd, v["hasInstallScript"], v["bin"])
			}
			if dist := v["dist"].(map[string]any); dist["fileCount"] != float64(len(oddFiles)+1) {
				t.Errorf("%s: %v files, not %d", odd, dist["fileCount"], len(oddFiles)+1)
			}
			c.publishes(t, home, toolsManifest(tools), toolsFiles)
			if v := s.latest(t, tools); v["hasInstallScript"] != nil {
				t.Errorf("%s: an install script was invented", tools)
			}
			if c.workspaces {
				app := "app-" + c.name
				c.publishesWorkspace(t, home, app)
				if got := s.latest(t, app)["dependencies"].(map[string]any)["lib"]; got != "^1.4.0" {
					t.Errorf("%s depends on lib at %v", app, got)
				}
			}
		})
	}
}

func oddManifest(name string) map[string]any {
	m := func(pairs ...string) map[string]string {
		out := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i]] = pairs[i+1]
		}
		return out
	}
	return map[string]any{
		"name": name, "version": "1.2.3", "license": "MIT", "bin": "./bin/x.js", "publishConfig": m("access", "public"),
		"scripts": m("postinstall", "./node_modules/.bin/foo", "prepare", "true", "test", "x"),
		"dependencies": m("a", "^1", "b", "1.x", "blank", " ^2 ", "alias", "npm:foo@1", "tarball", "https://example.test/x.tgz",
			"short", "npm/cli#v1", "https", "git+https://github.com/npm/cli.git", "scp", "git@github.com:npm/cli.git",
			"ssh", "git+ssh://git@gitlab.com/u/p#semver:^1", "tree", "https://github.com/npm/cli/tree/latest"),
		"optionalDependencies": m("b", "1.x", "c", "npm/cli"), "devDependencies": m("d", "*", "e", "npm/cli"),
		"peerDependencies": m("p", ">=1"), "peerDependenciesMeta": map[string]any{"p": map[string]bool{"optional": true}},
		"engines": m("node", ">=1"), "os": []string{"linux", "darwin"}, "cpu": []string{"x64", "arm64"}, "libc": []string{"glibc"},
	}
}

// oddFiles have names that do not fit into a header.
var oddFiles = map[string]string{
	"bin/x.js": "#!/usr/bin/env node\n", "binding.gyp": `{"targets":[]}`, "server.js": "1", "README.md": "# odd\n", "lib/grün – ☃.txt": "snow",
	"lib/😀" + strings.Repeat("é", 45) + ".txt":                                                                                                "bytes",
	"lib/" + strings.Repeat("d", 60) + "/" + strings.Repeat("e", 60) + "/" + strings.Repeat("f", 60) + "/short.txt":                           "prefix",
	"lib/" + strings.Repeat("d", 60) + "/" + strings.Repeat("e", 60) + "/" + strings.Repeat("f", 60) + "/" + strings.Repeat("g", 120) + ".js": "long",
}

func toolsManifest(name string) map[string]any {
	return map[string]any{
		"name": name, "version": "2.0.0-rc.1", "license": "MIT", "directories": map[string]string{"bin": "./tools"},
		"dependencies": map[string]string{"y": "1"}, "bundledDependencies": []string{"z"}, "publishConfig": map[string]string{"tag": "latest"},
		"cpu": "x64",
	}
}

var toolsFiles = map[string]string{
	"tools/t1.js": "1", "tools/sub/t2.js": "2", "index.js": "", "node_modules/z/package.json": `{"name":"z","version":"1.0.0"}`, "readme": "tools",
}

// publishes writes a package and has the client publish it.
func (c packer) publishes(t *testing.T, home string, manifest map[string]any, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	manifest = maps.Clone(manifest)
	for _, member := range c.without {
		delete(manifest, member)
	}
	for _, kind := range []string{"dependencies", "optionalDependencies", "devDependencies"} {
		if specs, ok := manifest[kind].(map[string]string); ok && c.resolves {
			specs = maps.Clone(specs)
			maps.DeleteFunc(specs, func(_, spec string) bool { return strings.Contains(spec, "/") })
			manifest[kind] = specs
		}
	}
	b, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	place(t, filepath.Join(dir, "package.json"), b)
	for name, content := range files {
		place(t, filepath.Join(dir, name), []byte(content))
	}
	if c.resolves {
		c.run(t, home, dir, c.install)
	}
	c.run(t, home, dir, c.publish)
}

// publishesWorkspace publishes a package whose dependency is beside it.
func (c packer) publishesWorkspace(t *testing.T, home, app string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"package.json":              `{"name":"root","version":"1.0.0","private":true,"workspaces":["packages/*"]}`,
		"pnpm-workspace.yaml":       "packages:\n  - packages/*\n",
		"packages/lib/package.json": `{"name":"lib","version":"1.4.0"}`,
		"packages/app/package.json": `{"name":"` + app + `","version":"2.0.0","license":"MIT","bin":"src/a.js","dependencies":{"lib":"workspace:^"},
			"peerDependencies":{"lib":"workspace:*"},"devDependencies":{"lib":"workspace:~"},"publishConfig":{"bin":{"app":"dist/a.js"}}}`,
		"packages/app/src/a.js": "1", "packages/app/dist/a.js": "1",
	} {
		place(t, filepath.Join(dir, name), []byte(content))
	}
	c.run(t, home, dir, c.install)
	c.run(t, home, filepath.Join(dir, "packages", "app"), c.publish)
}

// run runs the client in a folder.
func (c packer) run(t *testing.T, home, dir string, command []string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(tools, command[0]), command[1:]...)
	if command[0] == "npm" {
		cmd = exec.Command("npm", command[1:]...)
	}
	cmd.Dir, cmd.Env = dir, append(os.Environ(), clientEnv(home)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
}

func place(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// latest is the manifest that npm installs by default.
func (s *server) latest(t *testing.T, name string) map[string]any {
	t.Helper()
	var doc struct {
		Tags     map[string]string         `json:"dist-tags"`
		Versions map[string]map[string]any `json:"versions"`
	}
	if err := json.Unmarshal(s.get(packagePath(name), ""), &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Versions[doc.Tags["latest"]]
}

// TestEveryClientUnpacksWhatTheServerRead installs, with every client, archives that look strange: what lies in
// node_modules then is what Go's reader finds in them. So no client sees another package than the one that was
// checked.
func TestEveryClientUnpacksWhatTheServerRead(t *testing.T) {
	t.Parallel()
	s := started(t, "LATCHKEY_PUBLISH_RATE=off")
	token := s.person("ann")
	want, dependencies := map[string]map[string]string{}, map[string]string{}
	for i, what := range slices.Sorted(maps.Keys(npmpack.Oddities("x", "1.0.0"))) {
		name := fmt.Sprintf("oddity-%02d", i)
		archive := npmpack.Oddities(name, "1.0.0")[what]
		s.publish(t, npmpack.Package{Name: name, Version: "1.0.0", Archive: archive}, token)
		want[name], dependencies[name] = unpacked(t, archive), "1.0.0"
		t.Log(name, "is", what)
	}
	manifest, err := json.Marshal(map[string]any{"name": "app", "version": "1.0.0", "private": true, "dependencies": dependencies})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range everyClient {
		if c.sameReader {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			home, dir := t.TempDir(), t.TempDir()
			if err := s.home(home, ""); err != nil {
				t.Fatal(err)
			}
			place(t, filepath.Join(dir, "package.json"), manifest)
			c.run(t, home, dir, c.install)
			for name, files := range want {
				if diff := cmp.Diff(files, installed(t, filepath.Join(dir, "node_modules", name))); diff != "" {
					t.Errorf("%s: the server and %s read different files: %s", name, c.name, diff)
				}
			}
		})
	}
}

// unpacked are the files of an archive, without its root, as Go reads it.
func unpacked(t *testing.T, archive []byte) map[string]string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		_, name, _ := strings.Cut(h.Name, "/")
		files[name] = string(content)
		if name == "package.json" {
			files[name] = told(t, content)
		}
	}
}

// told is what matters here of a package.json, to which npm 6 adds where it got the package from.
func told(t *testing.T, content []byte) string {
	t.Helper()
	var m struct{ Name, Version string }
	if err := json.Unmarshal(bytes.TrimPrefix(content, []byte("\ufeff")), &m); err != nil {
		t.Error(err)
	}
	return m.Name + "@" + m.Version
}

// installed are the files in a folder, which may be a link.
func installed(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[name] = string(content)
		if name == "package.json" {
			files[name] = told(t, content)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
