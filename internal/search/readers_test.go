package search_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/app/apptest"
	"latchkey/internal/npmpack"
	"latchkey/internal/org"
	"latchkey/internal/registry"
	"latchkey/internal/search"
)

// company is an organization of ann's with private packages: bob reaches one by a team, carl published one as a
// member, dave published one and left, olga owns it too, and eve is nobody there.
func company(t *testing.T, w *apptest.World) (people map[string]access.Actor, packages []string) {
	t.Helper()
	people = map[string]access.Actor{"": {}}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	for _, name := range []string{"ann", "bob", "carl", "dave", "olga", "eve"} {
		u := w.Person(name)
		people[name] = access.Actor{UserID: u.ID, Name: name, Via: access.ViaBrowser, EmailVerified: true}
	}
	ann := people["ann"]
	_, err := w.Orgs.Create(ctx, ann, org.NewOrg{Name: "acme"})
	do(err)
	for name, role := range map[string]org.Role{"bob": org.Member, "carl": org.Member, "dave": org.Member, "olga": org.Owner} {
		do(w.Orgs.Invite(ctx, ann, "acme", org.Invite{To: name, Role: role}))
		link := w.Link(name + "@example.com")
		_, err := w.Orgs.Accept(ctx, people[name], link[strings.LastIndexByte(link, '/')+1:])
		do(err)
	}
	do(w.Orgs.SetNewPackages(ctx, ann, "acme", "developers", ""))
	do(w.Orgs.CreateTeam(ctx, ann, "acme", org.Team{Name: "web"}))
	do(w.Orgs.AddToTeam(ctx, ann, "acme", "web", "bob"))
	for _, p := range []struct{ by, name, access string }{
		{"ann", "@acme/alpha", "restricted"},
		{"ann", "@acme/beta", "restricted"},
		{"carl", "@acme/gamma", "restricted"},
		{"dave", "@acme/delta", "restricted"},
		{"dave", "@dave/own", "restricted"},
		{"eve", "open", ""},
	} {
		u, err := w.Accounts.Lookup(ctx, access.Console(), p.by)
		do(err)
		w.Publish(u, npmpack.Package{Name: p.name, Version: "1.0.0", Access: p.access, Manifest: map[string]any{"description": "everything"}})
		packages = append(packages, p.name)
	}
	do(w.Orgs.Grant(ctx, ann, "acme", "web", "@acme/beta", org.Read))
	do(w.Orgs.Remove(ctx, ann, "acme", "dave"))
	return people, packages
}

// TestListsShowWhatMayBeRead compares what each person may read, asked package by package, with what searches,
// their counts and lists show: two ways to say the same, of which one is in SQL.
func TestListsShowWhatMayBeRead(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		people, packages := company(t, w)
		bob, err := w.Accounts.Lookup(t.Context(), access.Console(), "bob")
		if err != nil {
			t.Fatal(err)
		}
		w.WithApp(bob)
		everybody := map[string]int{"": 1, "ann": 5, "bob": 2, "carl": 2, "dave": 2, "olga": 5, "eve": 1}
		compare(t, w, people, packages, everybody)
		_, err = w.DB().Exec(t.Context(), `UPDATE orgs SET requires = 'any', requires_from = ?`, w.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		compare(t, w, people, packages, everybody)
		w.Advance(time.Hour) // bob alone has what is required by now
		compare(t, w, people, packages, map[string]int{"": 1, "ann": 1, "bob": 2, "carl": 1, "dave": 2, "olga": 1, "eve": 1})
	})
}

// compare checks what each person may read, and is shown, of which there must be as many.
func compare(t *testing.T, w *apptest.World, people map[string]access.Actor, packages []string, want map[string]int) {
	t.Helper()
	ctx := t.Context()
	for name, by := range people {
		var may, recent []string
		for _, p := range packages {
			if _, err := w.Packages.Find(ctx, by, p); err == nil {
				may = append(may, p)
			}
		}
		slices.Sort(may)
		if got := find(t, w, by, "everything"); !slices.Equal(slices.Sorted(slices.Values(got)), may) {
			t.Errorf("%q finds %v and may read %v", name, got, may)
		}
		for _, s := range recentOf(t, w, by) {
			recent = append(recent, s.Name)
		}
		if slices.Sort(recent); !slices.Equal(recent, may) {
			t.Errorf("%q is shown %v and may read %v", name, recent, may)
		}
		if r, err := w.Search.Search(ctx, by, search.Query{Text: "everything", Size: 1}); err != nil || int(r.Total) != len(may) {
			t.Errorf("%q is told of %d packages and may read %v: %v", name, r.Total, may, err)
		}
		if len(may) != want[name] {
			t.Errorf("%q may read %v, want %d", name, may, want[name])
		}
	}
}

func recentOf(t *testing.T, w *apptest.World, by access.Actor) []registry.Summary {
	t.Helper()
	list, err := w.Packages.Recent(t.Context(), by, 100)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestDeprecatedPackagesAreFoundLast(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ann := w.Person("ann")
		by := w.Actor(ann, "automation")
		for _, name := range []string{"pad-a", "pad-b", "pad-c"} {
			w.Publish(ann, npmpack.Package{Name: name, Version: "1.0.0"})
		}
		check := func(what string, want ...string) {
			t.Helper()
			if got := find(t, w, by, "pad"); !slices.Equal(got, want) {
				t.Errorf("%s: %v", what, got)
			}
		}
		deprecate := func(text, message string) {
			t.Helper()
			if _, err := w.Packages.DeprecateRange(t.Context(), by, "pad-a", text, message); err != nil {
				t.Fatal(err)
			}
		}
		check("before", "pad-a", "pad-b", "pad-c")
		deprecate("*", "use pad-b")
		check("deprecated", "pad-b", "pad-c", "pad-a")
		w.Publish(ann, npmpack.Package{Name: "pad-a", Version: "2.0.0"})
		check("with a new version", "pad-a", "pad-b", "pad-c")
		deprecate("2.0.0", "no")
		check("that is deprecated too", "pad-b", "pad-c", "pad-a")
		deprecate("2.0.0", "")
		check("taken back", "pad-a", "pad-b", "pad-c")
		if err := w.Packages.SetTag(t.Context(), by, "pad-a", "latest", "1.0.0"); err != nil {
			t.Fatal(err)
		}
		check("with latest on an old one", "pad-b", "pad-c", "pad-a")
	})
}
