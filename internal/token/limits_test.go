package token_test

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/token"
)

const day = 24 * time.Hour

// made makes a token for ann in her browser.
func (w *world) made(by access.Actor, in token.NewToken) token.Created {
	w.T.Helper()
	if in.Name == "" {
		in.Name = "ci"
	}
	c, err := w.Create(w.T.Context(), by, in)
	w.OK(err)
	return c
}

// letters expects that many new letters whose subject has a part.
func (w *world) letters(part string, want int) {
	w.T.Helper()
	got := 0
	for _, m := range w.Mails() {
		if strings.Contains(m.Subject, part) {
			got++
		}
	}
	if got != want {
		w.T.Errorf("%d letters %q, want %d", got, part, want)
	}
}

func TestLimitsAreKeptAndGranted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		networks, err := token.ParseAddresses([]string{"198.51.100.7/24", "2001:db8::1"})
		w.OK(err)
		limits := token.Limits{
			Note: "  the release job ", Limited: true, Packages: []string{"@acme", "gift", "@acme/*", "gift"}, Orgs: []string{"@acme"}, Manages: true, Addresses: networks,
		}
		c := w.made(ann, token.NewToken{Kind: token.Publish, Days: 30, Limits: limits})
		if want := w.Now().Add(30 * day); !c.ExpiresAt.Equal(want) {
			t.Errorf("it ends at %v, not %v", c.ExpiresAt, want)
		}
		want := token.Limits{Note: "the release job", Limited: true, Packages: []string{"@acme/*", "gift"}, Orgs: []string{"acme"}, Manages: true, Addresses: networks}
		held, err := w.List(t.Context(), ann, "ann")
		w.OK(err)
		if len(held) != 1 || !reflect.DeepEqual(held[0].Limits, want) {
			t.Errorf("listed as %+v\nwant %+v", held, want)
		}
		a := w.works(c.Secret)
		if g := a.Grant; !g.Limited || !slices.Equal(g.Packages, want.Packages) || !slices.Equal(g.Orgs, want.Orgs) || !g.Manages || g.Unattended || g.ReadOnly {
			t.Errorf("it grants %+v", *g)
		}
	})
}

func TestTokenWorksFromItsAddressesOnly(t *testing.T) {
	w := sqlite(t)
	ann := w.person("ann")
	networks, err := token.ParseAddresses([]string{"198.51.100.0/25", "2001:db8::/32"})
	w.OK(err)
	c := w.made(ann, token.NewToken{Kind: token.ReadOnly, Limits: token.Limits{Addresses: networks}})
	for address, works := range map[string]bool{
		"198.51.100.1": true, "198.51.100.127": true, "198.51.100.128": false, "::ffff:198.51.100.1": true,
		"2001:db8::9": true, "2001:db9::9": false, "203.0.113.1": false,
	} {
		a, err := w.Authenticate(t.Context(), access.Anonymous(netip.MustParseAddr(address), "npm"), c.Secret)
		if works && (err != nil || !a.SignedIn()) || !works && (!errors.Is(err, token.ErrAddress) || a.SignedIn()) {
			t.Errorf("from %s: %q, %v", address, a.Name, err)
		}
	}
	if a, err := w.Authenticate(t.Context(), access.Actor{}, c.Secret); err == nil {
		t.Errorf("from nowhere: %q", a.Name)
	}
}

func TestBadLimitsAreRefused(t *testing.T) {
	w := sqlite(t)
	ann := w.person("ann")
	many := make([]string, 51)
	for i := range many {
		many[i] = fmt.Sprintf("gift-%d", i)
	}
	for _, r := range []struct {
		field string
		in    token.NewToken
	}{
		{"packages", token.NewToken{Limits: token.Limits{Packages: []string{"Gift Card"}}}},
		{"packages", token.NewToken{Limits: token.Limits{Packages: []string{"@acme/*/x"}}}},
		{"packages", token.NewToken{Limits: token.Limits{Packages: []string{"gift/*"}}}},
		{"packages", token.NewToken{Limits: token.Limits{Packages: []string{"*"}}}},
		{"packages", token.NewToken{Limits: token.Limits{Packages: []string{""}}}},
		{"packages", token.NewToken{Limits: token.Limits{Packages: many}}},
		{"packages", token.NewToken{Limits: token.Limits{Packages: many[:30], Orgs: many[:21]}}},
		{"orgs", token.NewToken{Limits: token.Limits{Orgs: []string{"a/b"}}}},
		{"note", token.NewToken{Limits: token.Limits{Note: strings.Repeat("x", 301)}}},
		{"days", token.NewToken{Days: 91}},
		{"days", token.NewToken{Days: -1}},
		{"days", token.NewToken{Kind: token.ReadOnly, Days: 3651}},
		{"days", token.NewToken{Kind: token.ReadOnly, Days: 91, Limits: token.Limits{Orgs: []string{"acme"}, Manages: true}}},
		{"kind", token.NewToken{Kind: token.Session}},
		{"name", token.NewToken{Name: "\u200b"}},
	} {
		in := r.in
		in.Limited = true
		if in.Kind == "" {
			in.Kind = token.Publish
		}
		if in.Name == "" {
			in.Name = "ci"
		}
		_, err := w.Create(t.Context(), ann, in)
		if e := errs.AsInvalid(err); e == nil || e.Fields[r.field] == "" {
			t.Errorf("%+v: %v", r.in, err)
		}
	}
	for _, text := range []string{"", "300.1.1.1", "10.0.0.0/33", "fe80::1%eth0", "::ffff:10.0.0.0/104", "10.0.0.0/8,", "home"} {
		if got, err := token.ParseAddresses([]string{text}); errs.AsInvalid(err) == nil {
			t.Errorf("%q is read as %v, %v", text, got, err)
		}
	}
	if held, err := w.List(t.Context(), ann, "ann"); err != nil || len(held) != 0 {
		t.Errorf("left behind: %+v, %v", held, err)
	}
}

func TestLivesOfTokens(t *testing.T) {
	w := sqlite(t)
	ann := w.person("ann")
	for _, r := range []struct {
		kind       string
		days, want int
	}{
		{token.Publish, 0, 7}, {token.Automation, 90, 90}, {token.ReadOnly, 0, 30}, {token.ReadOnly, 3650, 3650},
	} {
		c := w.made(ann, token.NewToken{Kind: r.kind, Days: r.days})
		if got := c.ExpiresAt.Sub(w.Now()); got != time.Duration(r.want)*day {
			t.Errorf("%s for %d days lives %v", r.kind, r.days, got)
		}
	}
	w.Config.Limits.TokenDays = 3
	if c := w.made(ann, token.NewToken{Kind: token.Publish}); c.ExpiresAt.Sub(w.Now()) != 3*day {
		t.Errorf("it outlives what the registry allows: %v", c.ExpiresAt)
	}
	if c, err := w.Create(t.Context(), access.Console(), token.NewToken{Owner: "ann", Name: "ci", Kind: token.Automation}); err != nil || !c.ExpiresAt.IsZero() {
		t.Errorf("at the console: %+v, %v", c, err)
	}
}

func TestRegistryDecidesOnTokensThatSkipTheSecondFactor(t *testing.T) {
	w := sqlite(t)
	ann := w.person("ann")
	early := w.made(ann, token.NewToken{Kind: token.Automation})
	if !w.works(early.Secret).Grant.Unattended {
		t.Error("it asks machines for a factor")
	}
	w.Config.AutomationTokens = config.AutomationBound
	_, err := w.Create(t.Context(), ann, token.NewToken{Name: "ci", Kind: token.Automation})
	if e := errs.AsInvalid(err); e == nil || e.Fields["addresses"] == "" {
		t.Errorf("without addresses: %v", err)
	}
	for _, wide := range []string{"0.0.0.0/0", "10.0.0.0/15", "::/0", "2001::/31"} {
		_, err := w.Create(t.Context(), ann, token.NewToken{Name: "ci", Kind: token.Automation, Limits: token.Limits{Addresses: []netip.Prefix{netip.MustParsePrefix(wide)}}})
		if e := errs.AsInvalid(err); e == nil || e.Fields["addresses"] == "" {
			t.Errorf("%s: %v", wide, err)
		}
	}
	bound := w.made(ann, token.NewToken{Kind: token.Automation, Limits: token.Limits{Addresses: []netip.Prefix{netip.MustParsePrefix("198.51.0.0/16")}}})
	if !w.works(early.Secret).Grant.MustProve || w.works(bound.Secret).Grant.MustProve {
		t.Error("only the one with addresses may skip the second factor")
	}
	w.Config.AutomationTokens = config.AutomationForbidden
	_, err = w.Create(t.Context(), ann, token.NewToken{Name: "ci", Kind: token.Automation})
	if e := errs.AsInvalid(err); e == nil || e.Fields["kind"] == "" {
		t.Errorf("though forbidden: %v", err)
	}
	w.made(ann, token.NewToken{Kind: token.ReadOnly}) // after any write facts are read anew
	if g := w.works(early.Secret).Grant; !g.MustProve || !g.Unattended {
		t.Error("one that was there goes on to skip the second factor, or may decide over people by now")
	}
}

func TestRotatingReplacesTheSecretAndKeepsTheLimits(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		limits := token.Limits{Note: "job", Limited: true, Packages: []string{"gift"}}
		old := w.made(ann, token.NewToken{Kind: token.Publish, Days: 20, Limits: limits})
		w.Pass(5)
		ann = w.signIn("ann")
		got, err := w.Rotate(t.Context(), ann, old.ID, 24*time.Hour)
		w.OK(err)
		if got.ExpiresAt.Sub(w.Now()) != 20*day {
			t.Errorf("the new one lives %v", got.ExpiresAt.Sub(w.Now()))
		}
		if g := w.works(got.Secret).Grant; !g.Limited || !slices.Equal(g.Packages, limits.Packages) {
			t.Errorf("it grants %+v", *g)
		}
		w.works(old.Secret)
		w.OK(w.Remind(t.Context())) // the letter about the new secret says when the old one ends
		w.letters("", 2)            // it, and the one about the first secret
		w.Pass(24 * time.Hour)
		w.refused(old.Secret)
		w.works(got.Secret)

		next, err := w.Rotate(t.Context(), w.signIn("ann"), got.ID, 0)
		w.OK(err)
		w.refused(got.Secret)
		w.works(next.Secret)
		bob := w.person("bob")
		for _, by := range []access.Actor{bob, w.works(next.Secret)} {
			if _, err := w.Rotate(t.Context(), by, next.ID, 0); err == nil {
				t.Errorf("%s %s rotated it", by.Name, by.Via)
			}
		}
		if _, err := w.Rotate(t.Context(), w.signIn("ann"), next.ID, 8*day); errs.AsInvalid(err) == nil {
			t.Errorf("with an overlap of eight days: %v", err)
		}
		w.works(next.Secret)
		w.Config.Limits.TokenDays = 3
		last, err := w.Rotate(t.Context(), w.signIn("ann"), next.ID, 0)
		w.OK(err)
		if last.ExpiresAt.Sub(w.Now()) != 3*day {
			t.Errorf("a registry that allows three days by now gave %v", last.ExpiresAt.Sub(w.Now()))
		}
	})
}

func TestOwnersAreWrittenToBeforeATokenEnds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		w.made(ann, token.NewToken{Name: "long", Kind: token.Publish, Days: 30})
		w.made(ann, token.NewToken{Name: "short", Kind: token.Publish, Days: 5})
		past := 0
		for _, r := range []struct{ day, want int }{{0, 0}, {3, 0}, {4, 1}, {15, 0}, {16, 1}, {22, 0}, {23, 1}, {28, 0}, {29, 1}, {31, 0}} {
			w.Pass(time.Duration(r.day-past) * day)
			past = r.day
			w.OK(w.Remind(t.Context()))
			w.OK(w.Remind(t.Context())) // nobody gets one twice
			w.letters("ends soon", r.want)
		}
	})
}

func TestLastUseSaysWhatFor(t *testing.T) {
	w := sqlite(t)
	ann := w.person("ann")
	c := w.made(ann, token.NewToken{Kind: token.ReadOnly})
	by := terminal(3)
	by.Command = "install"
	_, err := w.Authenticate(t.Context(), by, c.Secret)
	w.OK(err)
	w.OK(w.Flush(t.Context()))
	held, err := w.List(t.Context(), ann, "ann")
	w.OK(err)
	if held[0].LastUsedFor != "install" || held[0].LastUsedIP != "198.51.100.3" {
		t.Errorf("%+v", held[0])
	}
}

func TestTerminalNeedsThePasswordToMakeAToken(t *testing.T) {
	w := sqlite(t)
	w.person("ann")
	text, err := w.SignIn(t.Context(), terminal(1), "ann", good, "")
	w.OK(err)
	by := w.works(text)
	in := token.NewToken{Name: "ci", Kind: token.Publish}
	_, err = w.Create(t.Context(), by, in)
	w.Is(err, access.ErrSudo)
	by, err = w.Accounts.Prove(t.Context(), by, good)
	w.OK(err)
	w.made(by, in)
}

// A body may come long after its headers, by which time the session that sent them is over.
func TestWhatEndedMeanwhileMakesNoToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		in := token.NewToken{Name: "ci", Kind: token.Automation}
		ann := w.person("ann")
		old := w.made(ann, in)
		fails := func(by access.Actor, want error) {
			t.Helper()
			_, err := w.Create(t.Context(), by, in)
			w.Is(err, want)
			if by.Grant == nil {
				_, err = w.Rotate(t.Context(), by, old.ID, 0)
				w.Is(err, want)
			}
		}
		text, err := w.SignIn(t.Context(), terminal(1), "ann", good, "")
		w.OK(err)
		cli, err := w.Accounts.Prove(t.Context(), w.works(text), good)
		w.OK(err)
		w.OK(w.Revoke(t.Context(), cli, text))
		fails(cli, access.ErrUnauthenticated)
		other := w.signIn("ann")
		w.OK(w.Accounts.EndOtherBrowsers(t.Context(), other))
		fails(ann, access.ErrUnauthenticated)
		_, err = w.DB.Exec(t.Context(), `UPDATE users SET held_until = ?`, w.Now().Add(time.Hour))
		w.OK(err)
		fails(other, access.ErrHeld)
		_, err = w.DB.Exec(t.Context(), `UPDATE users SET locked_at = ?`, w.Now())
		w.OK(err)
		fails(other, access.ErrLocked)
		w.works(old.Secret)
	})
}
