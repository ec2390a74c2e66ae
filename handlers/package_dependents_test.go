package handlers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/npmpack"
)

func TestDependentsAndDownloadsAreShown(t *testing.T) {
	p := newPortal(t)
	ann := p.Person("ann")
	p.Publish(ann, npmpack.Package{Name: "base", Version: "1.0.0"})
	for i := range 101 {
		p.Publish(ann, npmpack.Package{Name: fmt.Sprintf("user-%03d", i), Version: "1.0.0", Manifest: map[string]any{"dependencies": map[string]string{"base": "1"}}})
	}
	p.Publish(ann, npmpack.Package{Name: "@ann/secret", Version: "1.0.0", Access: "restricted", Manifest: map[string]any{"dependencies": map[string]string{"base": "1"}}})
	b := p.visit()
	page := b.get("/package/base/dependents")
	if !page.has("header p:contains(101 packages need it)") || page.has("a[href=/package/@ann/secret]") || !page.has("footer a[href=/package/base/dependents?after=user-099]") {
		t.Error(page.text("main"))
	}
	if page = b.get("/package/base/dependents?after=user-099"); !page.has("a[href=/package/user-100]") || page.has("a[href=/package/user-000]") || !page.has("footer a[href=/package/base/dependents]") {
		t.Error(page.text("main"))
	}
	if page = p.as("ann").get("/package/base/dependents"); !page.has("a[href=/package/@ann/secret]") {
		t.Error("ann does not see her own:", page.text("main"))
	}
	if page = b.get("/package/base"); page.has("figure") || !page.has(".facts dd:contains(0 last week)") {
		t.Error("downloads of nobody are drawn")
	}
	tgz, err := p.Packages.Tarball(t.Context(), actorOf(p, "ann"), "base", "base-1.0.0.tgz")
	if err != nil {
		t.Fatal(err)
	}
	if err := tgz.Content.Close(); err != nil {
		t.Fatal(err)
	}
	for range 1234 {
		p.Stats.Count(tgz.VersionID)
	}
	if err := p.Stats.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.Advance(24 * time.Hour)
	page = b.get("/package/base")
	if !page.has(".facts dd:contains(1,234 last week)") || !page.has("figure svg rect[height=48]") ||
		!strings.Contains(page.body, `aria-label="Downloads a week: 1,234 in 52 weeks, 1,234 in the last one"`) || !page.has("figure td.number:contains(1,234)") {
		t.Error(page.text("main"))
	}
}
