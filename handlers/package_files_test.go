package handlers

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/npmpack"
	"latchkey/internal/registry"
)

func TestFilesOfEveryKindHaveAPage(t *testing.T) {
	p := newPortal(t)
	odd := []string{`<img src=x onerror=alert(1)>.js`, "a&b?c=d#e.txt", "100%.md", "with blank.ts", "abc:d", "-", "%2e%2e"}
	files := map[string]string{
		"index.js": "const a = '<b>' // x\n", "empty.txt": "", "logo.png": "\x89PNG\x00\x01", "big.js": strings.Repeat("a\n", registry.MaxShown),
		"src/deep/er/file.css": "a { color: red }", "src/other.js": "x",
	}
	for _, name := range odd {
		files["odd/"+name] = "the content of " + name
	}
	p.Publish(p.Person("ann"), npmpack.Package{Name: "kinds", Version: "1.0.0", Files: files})
	b := p.visit()
	for path, has := range map[string]string{
		"index.js":             `.source .ln[id=L1] .hs:contains('<b>')`,
		"empty.txt":            ".empty:contains(This file is empty)",
		"logo.png":             ".empty:contains(It has 6 B)",
		"big.js":               ".empty:contains(too large to show)",
		"src/deep/er/file.css": ".crumbs a[href=/package/kinds/files/1.0.0/src/deep]",
		"src":                  ".files a[href=/package/kinds/files/1.0.0/src/deep]:contains(deep/)",
		"src/deep":             ".files a[href=/package/kinds/files/1.0.0/src]:contains(..)",
		"src/deep/er":          ".crumbs h2:contains(1.0.0 / src / deep / er)",
	} {
		if r := b.get("/package/kinds/files/1.0.0/" + path); r.status != 200 || !r.has(has) {
			t.Errorf("%s: %d, nothing matches %q in %s", path, r.status, has, r.text("main"))
		}
	}
	// The way that the listing leads to each file is the way there, whatever its name.
	listing := b.get("/package/kinds/files/1.0.0/odd")
	for _, name := range odd {
		address := "/package/kinds/files/1.0.0/odd/" + url.PathEscape(name)
		if !listing.has(fmt.Sprintf(".files a[href=%s]", address)) {
			t.Errorf("the listing does not lead to %s", address)
		}
		if r := b.get(address); r.status != 200 || !strings.Contains(r.text(".source"), "the content of "+strings.Join(strings.Fields(name), " ")) {
			t.Errorf("%s: %d %s", address, r.status, r.text("main"))
		}
	}
}

func TestLongFoldersAreShownInPages(t *testing.T) {
	p := newPortal(t)
	files := map[string]string{}
	for i := range 1201 {
		files[fmt.Sprintf("many/f%04d", i)] = "x"
	}
	p.Publish(p.Person("ann"), npmpack.Package{Name: "long", Version: "1.0.0", Files: files})
	b := p.visit()
	here := "/package/long/files/1.0.0/many"
	for _, row := range []struct{ url, has, not string }{
		{here, ".files a[href=" + here + "/f0499]", ".files a[href=" + here + "/f0500]"},
		{here, "footer a[href=" + here + "?from=500]:contains(Further)", "footer a:contains(Earlier)"},
		{here + "?from=1000", "footer .say:contains(1,001 to 1,201 of 1,201)", "footer a:contains(Further)"},
		{here + "?from=1000", "footer a[href=" + here + "?from=500]:contains(Earlier)", ".files a[href=" + here + "/f0999]"},
		{here + "?from=99999", "footer a:contains(Earlier)", ".files a[href=" + here + "/f0999]"},
		{here + "/f1100", ".tree a[aria-current=page]:contains(f1100)", ".tree a:contains(f0700)"},
		{here + "/f1100", ".tree a[href=" + here + "]:contains(and 1,100 others)", ""},
	} {
		r := b.get(row.url)
		if r.status != 200 || !r.has(row.has) || row.not != "" && r.has(row.not) {
			t.Errorf("%s: %d, want %q and not %q: %.600s", row.url, r.status, row.has, row.not, r.text("main"))
		}
	}
}
