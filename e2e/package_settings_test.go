package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/npmpack"
)

// TestMaintainerDeprecatesAndDeletesInARealBrowser is a maintainer who deprecates old versions and deletes one
// with its typed name, and what npm says of them afterwards.
func TestMaintainerDeprecatesAndDeletesInARealBrowser(t *testing.T) {
	t.Parallel()
	s := started(t)
	mira := newBrowser(t, s.url)
	mira.expect("status of 422")
	becomeOperator(t, s, mira)
	token, err := s.token("mira", "automation")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"1.0.0", "1.1.0", "2.0.0"} {
		s.publish(t, npmpack.Package{Name: "e2e-tool", Version: v}, token)
	}
	home := filepath.Join(t.TempDir(), "home")
	if err := s.home(home, token); err != nil {
		t.Fatal(err)
	}

	mira.open("/package/e2e-tool")
	mira.follow("Settings")
	mira.fill("range", "1.x", "message", "Use 2 instead")
	mira.press("Deprecate these versions")
	mira.says("2 versions are deprecated")
	mira.says("1.1.0 1.0.0")
	if said := run(t, home, home, "npm", "view", "e2e-tool@1.0.0", "deprecated"); !strings.Contains(said, "Use 2 instead") {
		t.Error("npm view says", said)
	}

	mira.fill("version", "2.0.0")
	mira.press("Delete a version…")
	mira.says("latest leads to 1.1.0 afterwards")
	mira.says("The number 2.0.0 can never be used again")
	mira.fill("typed", "e2e-tool")
	mira.press("Delete e2e-tool@2.0.0")
	mira.says("Expected e2e-tool@2.0.0.")
	mira.fill("typed", "e2e-tool@2.0.0")
	mira.press("Delete e2e-tool@2.0.0")
	mira.says("e2e-tool@2.0.0 is deleted")
	if said := run(t, home, home, "npm", "view", "e2e-tool", "versions", "dist-tags.latest"); strings.Contains(said, "2.0.0") || !strings.Contains(said, "1.1.0") {
		t.Error("npm view says", said)
	}
}
