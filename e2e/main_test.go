// Package e2e tests the binary the way people use it: with the real npm, pnpm, yarn and bun, a real
// browser, and a real PostgreSQL and S3 server. It knows the program only from outside. Whatever it needs
// and does not find makes it fail; scripts/setup installs everything.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"latchkey/internal/throwaway"
)

// tools is a folder for the PATH: the program, and the clients under the names that scripts call them by.
var tools string

// root is the module's folder.
var root string

// clients is where scripts/setup puts what scripts/clients/package.json names.
func clients(path ...string) string {
	return filepath.Join(append([]string{root, ".cache", "clients", "node_modules"}, path...)...)
}

func TestMain(m *testing.M) {
	testscript.Main(suite{m}, map[string]func(){"terminal": terminal})
}

// suite builds the program before the tests run. It is not run when the test binary is the helper.
type suite struct{ *testing.M }

func (s suite) Run() int {
	dir, err := os.MkdirTemp("", "latchkey-e2e-*")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }()
		tools = dir
		err = prepare()
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	return s.M.Run()
}

func prepare() (err error) {
	if root, err = throwaway.Root(); err != nil {
		return err
	}
	build := exec.Command("go", "build", "-o", filepath.Join(tools, "latchkey"), "./cmd/latchkey")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the program: %w\n%s", err, out)
	}
	for name, command := range map[string]string{
		"pnpm10": `node "` + clients("pnpm10", "bin", "pnpm.cjs") + `"`,
		"pnpm":   `"` + clients("pnpm", "pnpm") + `"`,
		"yarn1":  `node "` + clients("yarn1", "bin", "yarn.js") + `"`,
		"yarn4":  `node "` + clients("yarn4", "bin", "yarn.js") + `"`,
		"npm6":   `node "` + clients("npm6", "bin", "npm-cli.js") + `"`,
		"npm7":   `node "` + clients("npm7", "bin", "npm-cli.js") + `"`,
		"npm8":   `node "` + clients("npm8", "bin", "npm-cli.js") + `"`,
		"npm9":   `node "` + clients("npm9", "bin", "npm-cli.js") + `"`,
		"npm10":  `node "` + clients("npm10", "bin", "npm-cli.js") + `"`,
		"bun":    `"` + clients(".bin", "bun") + `"`,
	} {
		script := "#!/bin/sh\nexec " + command + " \"$@\"\n"
		if err := os.WriteFile(filepath.Join(tools, name), []byte(script), 0o755); err != nil {
			return err
		}
		if out, err := exec.Command(filepath.Join(tools, name), "--version").CombinedOutput(); err != nil {
			return fmt.Errorf("%s does not run; scripts/setup installs it: %w\n%s", name, err, out)
		}
	}
	return nil
}
