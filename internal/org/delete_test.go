package org_test

import (
	"errors"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/app/apptest"
	"latchkey/internal/errs"
	"latchkey/internal/org"
)

func TestDeletingAnOrganization(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		e := newEnforced(t, w)
		got, err := w.Orgs.Ending(t.Context(), e.ann, "acme")
		must(t, err)
		if want := (org.Ending{Members: 3, Teams: 2}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		for name, by := range map[string]access.Actor{"a member": e.mia, "an admin": browser(e.bob), "a stranger": browser(w.Person("eve"))} {
			if _, err := w.Orgs.Ending(t.Context(), by, "acme"); err == nil {
				t.Error(name, "learns what would go")
			}
			if err := w.Orgs.Delete(t.Context(), by, "acme", "acme"); err == nil {
				t.Error(name, "deletes it")
			}
		}
		if err := w.Orgs.Delete(t.Context(), e.ann, "acme", "acm"); errs.AsInvalid(err) == nil {
			t.Errorf("with the wrong name: %v", err)
		}
		must(t, w.Orgs.Delete(t.Context(), e.ann, "acme", "acme"))
		if _, _, err := w.Orgs.Get(t.Context(), e.ann, "acme"); err == nil {
			t.Error("it is still there")
		}
		letters := 0
		for _, l := range w.Mails("ann@example.com") {
			if strings.Contains(l.Subject, "acme was deleted") {
				letters++
			}
		}
		if letters != 1 {
			t.Errorf("%d letters", letters)
		}
		if _, err := w.Orgs.Create(t.Context(), e.ann, org.NewOrg{Name: "acme"}); errs.AsInvalid(err) == nil {
			t.Errorf("its name is free: %v", err)
		}
	})
}

func TestOrganizationWithPackagesStays(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		e := newEnforced(t, w)
		must(t, publish(t, w, e.bob, "@acme/widget", "1.0.0", "public"))
		if err := w.Orgs.Delete(t.Context(), e.ann, "acme", "acme"); !errors.Is(err, org.ErrHasPackages) {
			t.Fatal(err)
		}
		if got, err := w.Orgs.Ending(t.Context(), e.ann, "acme"); err != nil || got.Packages != 1 {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// Whoever comes first wins: a package without its organization would belong to nobody.
func TestDeletingAnOrganizationAgainstAPublish(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		e := newEnforced(t, w)
		published := make(chan error, 1)
		go func() { published <- publish(t, w, e.bob, "@acme/widget", "1.0.0", "public") }()
		deleted := w.Orgs.Delete(t.Context(), e.ann, "acme", "acme")
		if (<-published == nil) == (deleted == nil) {
			t.Errorf("both, or neither: %v", deleted)
		}
	})
}
