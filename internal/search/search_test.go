package search_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/app/apptest"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
	"latchkey/internal/npmpack"
	"latchkey/internal/search"
	"latchkey/internal/token"
)

func newService(t testing.TB, d *db.DB) *search.Service {
	t.Helper()
	return search.New(d, time.Now, &config.Config{})
}

// eachDB runs a test on an installation on each database, with a way to the database beside it.
func eachDB(t *testing.T, f func(t *testing.T, w *apptest.World, d *db.DB)) {
	t.Helper()
	dbtest.EachPlace(t, func(t *testing.T, p dbtest.Place) { f(t, apptest.On(t, p), p.Open(t)) })
}

var anonymous = access.Actor{}

// find is the names that a text finds, in their order.
func find(t testing.TB, w *apptest.World, by access.Actor, text string) []string {
	t.Helper()
	r, err := w.Search.Search(t.Context(), by, search.Query{Text: text, Size: 20})
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	names := []string{}
	for _, f := range r.Packages {
		names = append(names, f.Name)
	}
	if int(r.Total) != len(names) {
		t.Errorf("%q: %d packages and a total of %d", text, len(names), r.Total)
	}
	return names
}

// shelf is a registry with packages to find.
func shelf(w *apptest.World) (ann, bob access.Actor) {
	a, b := w.Person("ann"), w.Person("bob")
	for _, p := range []npmpack.Package{
		{Name: "pad", Manifest: map[string]any{"description": "Pads texts."}},
		{Name: "pad-left", Manifest: map[string]any{"description": "The left side", "keywords": []string{"find-as-you-type", "text"}}},
		{Name: "@ann/pad", Manifest: map[string]any{"description": "A pad of ann's own", "author": "Ann O. Nimous <ann@example.com>"}},
		{Name: "@ann/lodash-utils", Manifest: map[string]any{"description": "fastXMLParser, and a notepad", "keywords": "utility"}},
		{Name: "@ann/secret-pad", Access: "restricted", Manifest: map[string]any{"description": "zebra"}},
	} {
		p.Version = "1.0.0"
		w.Publish(a, p)
	}
	w.Publish(b, npmpack.Package{Name: "umbrella", Version: "1.0.0", Manifest: map[string]any{"description": "Nothing for a pad; naïve größe 日本語", "author": "Bob"}})
	return w.Actor(a, token.ReadOnly), w.Actor(b, token.ReadOnly)
}

func TestWhatIsFound(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ann, bob := shelf(w)
		for _, row := range []struct {
			text string
			want string // names, in their order when there is more than one
		}{
			{"pad", "pad @ann/pad pad-left umbrella"},               // exact, exact without the scope, beginning, text
			{"@ann/pad", "@ann/pad"},                                // the name as it is written
			{"PAD left", "pad-left"},                                // words in any case
			{"left pad", "pad-left"},                                // and in any order
			{"lodash", "@ann/lodash-utils"},                         // a part of a scoped name
			{"lodashutils", "@ann/lodash-utils"},                    // without what is between its parts
			{"lodash_utils", "@ann/lodash-utils"},                   // or with something else there
			{"loda", "@ann/lodash-utils"},                           // while it is being typed
			{"xml", "@ann/lodash-utils"},                            // a word inside a word
			{"fastxmlparser", "@ann/lodash-utils"},                  // and all of it
			{"fastXMLParser", "@ann/lodash-utils"},                  // as it is written
			{"l", ""},                                               // one letter is not a beginning
			{"größ", "umbrella"},                                    // other alphabets
			{"日本", "umbrella"},                                      //
			{"notepad", "@ann/lodash-utils"},                        //
			{"tepad", ""},                                           // the middle of a word is not its beginning
			{"keywords:text", "pad-left"},                           //
			{"keywords:find-as-you-type", "pad-left"},               // a keyword is all of it
			{"keywords:find", ""},                                   //
			{"keyword:utility", "@ann/lodash-utils"},                // written as one text
			{"keywords:utility,text", "@ann/lodash-utils pad-left"}, // either
			{"keywords:text+find-as-you-type", "pad-left"},          // both
			{"keywords:text+utility", ""},                           //
			{"author:nimous", "@ann/pad"},                           //
			{"author:bob", "umbrella"},                              //
			{"maintainer:bob", "umbrella"},                          //
			{"maintainer:BOB pad", "umbrella"},                      //
			{"maintainer:nobody", ""},                               //
			{"scope:ann", "@ann/lodash-utils @ann/pad"},             //
			{"scope:@ann pad", "@ann/pad"},                          //
			{"zebra", ""},                                           // private
			{"secret-pad", ""},                                      //
			{"@ann/secret-pad", ""},                                 //
			{"---", ""},                                             // asks for something, but for no word
			{"scope:", ""},                                          //
			{"keywords:- pad", ""},                                  //
			{`pad" OR "a`, ""},                                      // operators of either database are words
			{"pad' | 'left", "pad-left"},                            //
			{"NEAR(pad)", ""},                                       //
			{"pad*", "@ann/pad pad pad-left umbrella"},              //
			{"a' OR 1=1--", ""},                                     //
			{"%", ""},                                               //
			{"name:^x", ""},                                         //
			{`\`, ""},                                               //
			{"pad\x00left", "pad-left"},                             //
			{"\xff\xfe", ""},                                        //
			{strings.Repeat("pad ", 60), "@ann/pad pad pad-left umbrella"}, // more words than are looked at
		} {
			if got := strings.Join(find(t, w, anonymous, row.text), " "); got != row.want {
				t.Errorf("%q finds %q, want %q", row.text, got, row.want)
			}
		}
		if got := find(t, w, ann, "zebra"); !slices.Equal(got, []string{"@ann/secret-pad"}) {
			t.Errorf("ann finds %q", got)
		}
		if all, of := find(t, w, anonymous, ""), find(t, w, ann, ""); len(all) != 5 || len(of) != 6 || len(find(t, w, bob, " ")) != 5 {
			t.Errorf("an empty text finds %q and for ann %q", all, of)
		}
	})
}

func TestWhatIsShownOfAPackage(t *testing.T) {
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ann := w.Person("ann")
		w.Publish(ann, npmpack.Package{Name: "widget", Version: "1.0.0", Manifest: map[string]any{
			"description": "one", "license": "MIT", "keywords": []string{"a", "b"}, "author": map[string]any{"name": "Ann"},
			"homepage": "https://widget.example", "repository": "https://code.example/w", "bugs": map[string]any{"url": "https://bugs.example"},
		}})
		w.Publish(ann, npmpack.Package{Name: "widget", Version: "2.0.0-rc.1", Tag: "next", Manifest: map[string]any{"description": "unborn"}})
		r, err := w.Search.Search(t.Context(), anonymous, search.Query{Text: "widget", Size: 1})
		if err != nil || len(r.Packages) != 1 {
			t.Fatal(r, err)
		}
		f := r.Packages[0]
		if f.Version != "1.0.0" || f.Description != "one" || f.License != "MIT" || f.Author != "Ann" || f.Publisher != "ann" || f.Private || f.PublishedAt.IsZero() ||
			!slices.Equal(f.Keywords, []string{"a", "b"}) || !slices.Equal(f.Maintainers, []string{"ann"}) || f.Homepage+f.Repository+f.Bugs != "https://widget.examplehttps://code.example/whttps://bugs.example" {
			t.Errorf("%+v", f)
		}
		if got := find(t, w, anonymous, "unborn"); len(got) != 0 {
			t.Error("found by a version that is not the latest")
		}
		by := w.Actor(ann, token.Automation)
		if err := w.Packages.SetTag(t.Context(), by, "widget", "latest", "2.0.0-rc.1"); err != nil {
			t.Fatal(err)
		}
		if got := find(t, w, anonymous, "unborn"); len(got) != 1 {
			t.Error("not found by its new latest version")
		}
		if got := find(t, w, anonymous, "one"); len(got) != 0 {
			t.Error("still found by its old one")
		}
	})
}

// A package that becomes private is hidden in the same moment, whoever writes that.
func TestHidingIsKeptByTheDatabase(t *testing.T) {
	eachDB(t, func(t *testing.T, w *apptest.World, d *db.DB) {
		shelf(w)
		if got := find(t, w, anonymous, "umbrella"); len(got) != 1 {
			t.Fatal(got)
		}
		if _, err := d.Exec(t.Context(), `UPDATE packages SET private = TRUE WHERE name = 'umbrella'`); err != nil {
			t.Fatal(err)
		}
		if got := find(t, w, anonymous, "umbrella"); len(got) != 0 {
			t.Error("found although it is private:", got)
		}
		if got := find(t, w, anonymous, "maintainer:bob"); len(got) != 0 {
			t.Error("found by its maintainer although it is private:", got)
		}
		if _, err := d.Exec(t.Context(), `UPDATE packages SET private = FALSE WHERE name = 'umbrella'`); err != nil {
			t.Fatal(err)
		}
		if got := find(t, w, anonymous, "umbrella"); len(got) != 1 {
			t.Error("not found although it is public again")
		}
	})
}

func TestRemovedPackagesAreNotFound(t *testing.T) {
	eachDB(t, func(t *testing.T, w *apptest.World, d *db.DB) {
		shelf(w)
		for _, statement := range []string{
			`DELETE FROM dist_tags WHERE package_id IN (SELECT id FROM packages WHERE name = 'umbrella')`, `DELETE FROM packages WHERE name = 'umbrella'`,
		} {
			if _, err := d.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		if got := find(t, w, anonymous, "größe"); len(got) != 0 {
			t.Error(got)
		}
		var left int64
		if err := d.Get(t.Context(), &left, `SELECT COUNT(*) FROM search_texts WHERE terms LIKE '%umbrella%'`); err != nil || left != 0 {
			t.Errorf("%d texts are left: %v", left, err)
		}
		if got := find(t, w, anonymous, "pad left"); len(got) != 1 {
			t.Error("the index is broken:", got)
		}
	})
}

func TestRefreshIndexesWhatIsMissing(t *testing.T) {
	eachDB(t, func(t *testing.T, w *apptest.World, d *db.DB) {
		shelf(w)
		for _, statement := range []string{`DELETE FROM search WHERE name = 'umbrella'`, `UPDATE search SET edition = 0 WHERE name = 'pad'`, `UPDATE search_texts SET terms = 'old'`} {
			if _, err := d.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		if got := find(t, w, anonymous, "umbrella pad"); len(got) != 0 {
			t.Fatal(got)
		}
		if err := w.Search.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := find(t, w, anonymous, "pad"); !slices.Equal(got, []string{"pad", "umbrella"}) {
			t.Error(got)
		}
	})
}

func TestAmongEqualsThePopularComesFirst(t *testing.T) {
	eachDB(t, func(t *testing.T, w *apptest.World, d *db.DB) {
		ann := w.Person("ann")
		for _, name := range []string{"same-a", "same-b", "same-c", "same"} {
			w.Publish(ann, npmpack.Package{Name: name, Version: "1.0.0"})
		}
		now := w.Now()
		for name, days := range map[string][]int{"same-b": {3, 31}, "same-c": {0, 29}, "same-a": {40}} {
			for _, ago := range days {
				if _, err := d.Exec(t.Context(), `INSERT INTO downloads (package_id, day, count) SELECT id, ?, 7 FROM packages WHERE name = ?`,
					now.AddDate(0, 0, -ago).UTC().Format("2006-01-02"), name); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.Search.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := find(t, w, anonymous, "same"); !slices.Equal(got, []string{"same", "same-c", "same-b", "same-a"}) {
			t.Error(got)
		}
		r, err := w.Search.Search(t.Context(), anonymous, search.Query{Text: "same", From: 1, Size: 2})
		if err != nil || r.Total != 4 || len(r.Packages) != 2 || r.Packages[0].Popularity != 14 || r.Packages[1].Name != "same-b" {
			t.Errorf("%+v %v", r, err)
		}
		r, err = w.Search.Search(t.Context(), anonymous, search.Query{Text: "same", From: 9, Size: 2})
		if err != nil || r.Total != 4 || len(r.Packages) != 0 {
			t.Errorf("after the end: %+v %v", r, err)
		}
	})
}

func TestSearchesAreBounded(t *testing.T) {
	w := apptest.New(t, func(c *config.Config) { c.Limits.SearchRate = config.Rate{N: 6, Per: time.Minute} })
	for _, q := range []search.Query{{Size: -1}, {Size: 251}, {From: -1}, {From: 1 << 40}, {Text: strings.Repeat("a", 257)}} {
		if _, err := w.Search.Search(t.Context(), anonymous, q); errs.Of(err).Kind != errs.Invalid {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if _, err := w.Search.Search(t.Context(), anonymous, search.Query{Size: 250}); err != nil {
		t.Error(err)
	}
	if _, err := w.Search.Search(t.Context(), anonymous, search.Query{Size: 250}); !errors.Is(err, limit.ErrTooMany) {
		t.Error("over the rate:", err)
	}
	if _, err := w.Search.Search(t.Context(), w.Actor(w.Person("ann"), token.Publish), search.Query{Size: 250}); err != nil {
		t.Error("somebody else's rate:", err)
	}
}
