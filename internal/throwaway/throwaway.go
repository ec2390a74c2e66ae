// Package throwaway starts the servers that tests need and that are not ours. Each is a script of
// the folder scripts that prints an address and ends with its standard input, so with the test binary
// however that ends.
package throwaway

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// held keeps the servers' standard inputs open until this process ends: the collector of garbage
// would close what nobody refers to.
var (
	mu   sync.Mutex
	held []io.Closer
)

// Start runs scripts/NAME and returns the address it prints. A server that cannot be had is an error
// that says how to get it; nothing is skipped.
func Start(name string) (address string, err error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	cmd := exec.Command(filepath.Join(root, "scripts", name)) // it ends with its standard input
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = cmd.Wait()
		return "", fmt.Errorf("scripts/%s: %s", name, strings.TrimSpace(complaint.String()))
	}
	mu.Lock()
	defer mu.Unlock()
	held = append(held, in)
	return strings.TrimSpace(line), nil
}

// Root is the folder of go.mod, above the folder a test runs in.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		_, err := os.Stat(filepath.Join(dir, "go.mod"))
		if err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if !errors.Is(err, fs.ErrNotExist) || up == dir {
			return "", fmt.Errorf("no go.mod above the tests: %w", err)
		}
		dir = up
	}
}
