package account_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/account/accounttest"
)

func TestProfileIsOnesOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := w.Somebody("ann")
		u, err := w.Profile(t.Context(), w.As(s.ID))
		if err != nil || u != s.User {
			t.Errorf("got %+v, %v", u, err)
		}
		for _, c := range []struct {
			by   access.Actor
			want error
		}{{visitor(7), access.ErrUnauthenticated}, {access.Console(), access.ErrForbidden}} { // the console has no account
			_, err = w.Profile(t.Context(), c.by)
			w.Is(err, c.want)
			w.Is(w.UpdateProfile(t.Context(), c.by, account.Profile{}), c.want)
		}
	})
}

func TestProfileSaysWhatItsOwnerSays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := w.Somebody("ann")
		w.Pass(1e9)
		in := account.Profile{FullName: "  Ann Ünïcode  ", Homepage: " https://ann.example.com/?q=1#top "}
		w.OK(w.UpdateProfile(t.Context(), w.As(s.ID), in))
		u, err := w.Profile(t.Context(), w.As(s.ID))
		if err != nil || u.FullName != "Ann Ünïcode" || u.Homepage != "https://ann.example.com/?q=1#top" || !u.UpdatedAt.Equal(w.Now()) {
			t.Errorf("got %+v, %v", u, err)
		}
		w.OK(w.UpdateProfile(t.Context(), w.As(s.ID), account.Profile{}))
		if u, _ := w.Profile(t.Context(), w.As(s.ID)); u.FullName != "" || u.Homepage != "" {
			t.Errorf("not cleared: %+v", u)
		}
		w.Logged("account.profile_changed", 2)
	})
}

func TestHomepageIsAWebAddress(t *testing.T) {
	w := sqlite(t)
	by := w.As(w.Somebody("ann").ID)
	for _, homepage := range []string{
		"javascript:alert(1)", "data:text/html,x", "ann.example.com", "//example.com", "https://", "ftp://example.com", "https://a\nb",
		"https://user:pw@example.com", "https://example.com/" + strings.Repeat("x", 255), "https://example.com/\xff", " https://exa mple.com",
	} {
		accounttest.Fields(t, w.UpdateProfile(t.Context(), by, account.Profile{Homepage: homepage}), "homepage")
	}
	accounttest.Fields(t, w.UpdateProfile(t.Context(), by, account.Profile{FullName: "a\x00b", Homepage: "x"}), "homepage", "full_name")
}

func TestReadOnlyTokenCannotChangeAProfile(t *testing.T) {
	w := sqlite(t)
	by := w.As(w.Somebody("ann").ID)
	by.SessionID, by.Via, by.Grant = "", "token", &access.Grant{TokenID: "t", ReadOnly: true}
	w.Is(w.UpdateProfile(t.Context(), by, account.Profile{FullName: "x"}), access.ErrTokenTooWeak)
	if _, err := w.Profile(t.Context(), by); err != nil {
		t.Error(err)
	}
	_, err := w.DB.Exec(t.Context(), `INSERT INTO tokens (id, user_id, name, kind, secret_hash, hint, created_at) VALUES ('t', ?, 'x', 'session', 'x', 'x', ?)`, by.UserID, w.Now())
	w.OK(err)
	by.Grant = &access.Grant{TokenID: "t", Terminal: true}
	w.OK(w.UpdateProfile(t.Context(), by, account.Profile{FullName: "x"}))
}

func TestPersonIsShownWithoutTheAddress(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := w.Somebody("ann")
		w.OK(w.UpdateProfile(t.Context(), w.As(s.ID), account.Profile{FullName: "Ann", Homepage: "https://ann.example.com"}))
		p, err := w.Person(t.Context(), visitor(7), "ann")
		want := account.Person{Name: "ann", FullName: "Ann", Homepage: "https://ann.example.com", Since: s.User.CreatedAt}
		if err != nil || p != want {
			t.Errorf("got %+v, %v", p, err)
		}
		for _, name := range []string{"bob", "", "Ann", "ann\x00", "\xff", "ann@example.com", strings.Repeat("a", 5000)} {
			_, err := w.Person(t.Context(), visitor(7), name)
			w.Is(err, account.ErrNotFound)
		}
	})
}

func TestLookupIsForTheOwnerAndTheConsole(t *testing.T) {
	w := sqlite(t)
	ann, bob := w.Somebody("ann"), w.Somebody("bob")
	for _, by := range []access.Actor{w.As(ann.ID), access.Console()} {
		u, err := w.Lookup(t.Context(), by, "ann")
		if err != nil || u.ID != ann.User.ID {
			t.Errorf("got %+v, %v", u, err)
		}
	}
	for _, by := range []access.Actor{visitor(7), w.As(bob.ID)} {
		for _, name := range []string{"ann", "nobody", "\x00"} {
			u, err := w.Lookup(t.Context(), by, name)
			w.Is(err, account.ErrNotFound)
			if u != (account.User{}) {
				t.Errorf("told %+v", u)
			}
		}
	}
}

func TestPeopleArePagedForOperatorsOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i := range 7 {
			w.Somebody(fmt.Sprintf("p%d", i))
		}
		var names []string
		after := ""
		for {
			page, err := w.People(t.Context(), access.Console(), after, 3)
			w.OK(err)
			if len(page) == 0 {
				break
			}
			for _, u := range page {
				names = append(names, u.Name)
			}
			after = page[len(page)-1].Name
		}
		if got := strings.Join(names, " "); got != "p0 p1 p2 p3 p4 p5 p6" {
			t.Errorf("got %s", got)
		}
		for _, n := range []int{-1, 0, 1} {
			if page, err := w.People(t.Context(), access.Console(), "", n); err != nil || len(page) != 1 {
				t.Errorf("limit %d: %d, %v", n, len(page), err)
			}
		}
		for _, by := range []access.Actor{visitor(7), w.As(w.SignedIn("p0").ID)} {
			_, err := w.People(t.Context(), by, "", 3)
			w.Is(err, access.ErrHidden)
		}
		_, err := w.People(t.Context(), access.Console(), "\x00", 3)
		w.Is(err, account.ErrNotFound)
	})
}

func TestNoticeGoesOutWithTheCommitAndToVerifiedAddressesOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.Somebody("ann")
		bob := w.signUp("bob", "bob@example.com")
		w.Mails()
		data := map[string]string{"Device": "Firefox", "From": ""}
		notify := func(id string, then error) error {
			return w.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				return errors.Join(w.Notify(ctx, tx, id, "new-sign-in", data), then)
			})
		}
		undone := errors.New("undone")
		w.Is(notify(ann.User.ID, undone), undone)
		w.OK(notify(bob.User.ID, nil))
		w.Quiet()
		w.OK(notify(ann.User.ID, nil))
		w.mailed("ann@example.com", "New sign-in")
		w.Is(notify("nobody", nil), account.ErrNotFound)
	})
}
