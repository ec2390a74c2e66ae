package handlers

import (
	"fmt"
	"testing"

	"latchkey/internal/npmpack"
)

func TestPackagesOfAPersonAreShownInPages(t *testing.T) {
	p := newPortal(t)
	ann := p.Person("ann")
	for i := range 101 {
		p.Publish(ann, npmpack.Package{Name: fmt.Sprintf("pack-%03d", i), Version: "1.0.0"})
	}
	for address, b := range map[string]*browser{"/~ann": p.visit(), "/settings/packages": p.as("ann")} {
		page := b.get(address)
		if !page.has("a[href=/package/pack-099]") || page.has("a[href=/package/pack-100]") || !page.has("footer a[href="+address+"?after=pack-099]") {
			t.Error(address, page.text("main"))
		}
		page = b.get(address + "?after=pack-099")
		if !page.has("a[href=/package/pack-100]") || page.has("a[href=/package/pack-099]") || !page.has("footer a[href="+address+"]") {
			t.Error(address, "further on:", page.text("main"))
		}
	}
}
