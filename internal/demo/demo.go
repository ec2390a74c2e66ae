// Package demo fills an installation with people and packages to look at. Everything goes through the
// services that real people use, on a clock that walks through the past year, so that the result is
// what a year of use would have left.
package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/app"
	"latchkey/internal/config"
	names "latchkey/internal/npm"
	"latchkey/internal/org"
	"latchkey/internal/registry"
	"latchkey/internal/secret"
	"latchkey/internal/token"
)

// Sample says how to look at what was filled in.
type Sample struct {
	Name, Password string   // an account that runs the installation
	People         []string // names of accounts
	Packages       []string // names of packages, one of which only Name may see
}

// Fill opens the installation that cfg describes, which must be empty, fills it, and closes it again.
// The password is made up, the same for everybody, and exists nowhere else.
func Fill(ctx context.Context, cfg *config.Config, now time.Time) (s Sample, err error) {
	w := world{ctx: ctx, end: now, clock: now.AddDate(-1, 0, 0), people: map[string]access.Actor{}}
	unlimited := *cfg // a year passes in a second
	unlimited.Limits.PublishRate = config.Rate{}
	unlimited.SignInCodes = "never" // nobody is there to read the mail
	if w.app, err = app.New(ctx, &unlimited, func() time.Time { return w.clock }); err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, w.app.Close()) }()
	s = Sample{Name: people[0].name, Password: secret.New()}
	if err := w.move(s.Password); err != nil {
		return s, err
	}
	for _, p := range people {
		s.People = append(s.People, p.name)
	}
	for _, p := range packages {
		s.Packages = append(s.Packages, p.name)
	}
	return s, nil
}

// world is the installation while it is being filled.
type world struct {
	ctx        context.Context //nolint:containedctx // it lives as long as the one call that made it
	app        *app.App
	clock, end time.Time
	people     map[string]access.Actor
}

// event is something that happened, so long before the end.
type event struct {
	ago time.Duration
	do  func() error
}

// move lets the year pass.
func (w *world) move(password string) error {
	var events []event
	for _, p := range people {
		events = append(events, event{p.joined, func() error { return w.join(p, password) }})
	}
	for _, p := range packages {
		for _, r := range p.releases {
			events = append(events, event{r.ago, func() error { return w.publish(p, r) }})
		}
	}
	events = append(events,
		event{200 * day, func() error {
			return w.token(token.NewToken{Owner: "jonas", Name: "release pipeline", Kind: token.Automation})
		}},
		event{150 * day, func() error { return w.token(token.NewToken{Owner: "mira", Name: "old laptop", Kind: token.ReadOnly}) }},
		event{4 * day, func() error {
			return w.token(token.NewToken{Owner: "mira", Name: "ci-release", Kind: token.Automation, Days: 30, Limits: token.Limits{
				Note: "the runner of the release job", Limited: true, Packages: []string{"@tidewater/*"}, Addresses: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")},
			}})
		}},
		event{120 * day, func() error { return w.organize("tidewater", "mira") }},
		event{110 * day, func() error { return w.welcome("tidewater", "mira", "jonas", org.Admin) }},
		event{100 * day, func() error { return w.welcome("tidewater", "mira", "amara", org.Member) }},
		event{95 * day, func() error { return w.protect("jonas", password) }},
		event{60 * day, func() error { return w.protect("amara", password) }},
		event{20 * day, func() error { return w.welcome("tidewater", "mira", "bartholomew-featherstonehaugh", org.Member) }},
		event{90 * time.Minute, func() error {
			return w.app.Orgs.Invite(w.ctx, w.people["mira"], "tidewater", org.Invite{To: "tomas", Role: org.Member, Teams: []string{"web"}})
		}},
		event{26 * time.Minute, func() error { return w.app.Accounts.Invite(w.ctx, w.people["mira"], "nadia@example.test") }},
		event{14 * time.Minute, func() error { return w.app.Accounts.ForgotPassword(w.ctx, access.Actor{}, "tomas") }},
		event{3 * time.Minute, func() error { return w.signUp(password) }},
	)
	for week := range 52 {
		events = append(events, event{time.Duration(week)*7*day + 30*time.Hour, w.download})
	}
	slices.SortStableFunc(events, func(a, b event) int { return int(b.ago - a.ago) })
	for _, e := range events {
		w.clock = w.end.Add(-e.ago)
		if err := e.do(); err != nil {
			return err
		}
		for w.app.Jobs.Step(w.ctx) { // letters go out on the day they were written
		}
	}
	return nil
}

func (w *world) join(p person, password string) error {
	u, err := w.app.Accounts.Create(w.ctx, access.Console(), account.NewAccount{
		Name: p.name, Email: p.name + "@example.test", Password: password, Operator: p.operator,
	})
	if err != nil {
		return fmt.Errorf("make the account %s: %w", p.name, err)
	}
	by := access.Actor{UserID: u.ID, Name: u.Name, Via: access.ViaBrowser, Operator: p.operator, EmailVerified: true}
	w.people[p.name] = by
	return w.app.Accounts.UpdateProfile(w.ctx, by, account.Profile{FullName: p.fullName, Homepage: p.homepage})
}

// signUp is somebody new who has not followed the link to verify their address.
func (w *world) signUp(password string) error {
	if w.app.Config.SignUp != "open" {
		return nil
	}
	_, err := w.app.Accounts.SignUp(w.ctx, access.Actor{}, account.SignUp{
		Name: "tove", FullName: "Tove Haugen", Email: "tove@example.test", Password: password,
	})
	return err
}

func (w *world) token(in token.NewToken) error {
	_, err := w.app.Tokens.Create(w.ctx, access.Console(), in)
	return err
}

// download is a week in which people install what is there. Each package is wanted a little more every week,
// and not equally in all of them.
func (w *world) download() error {
	for i, p := range packages {
		n, err := names.ParseName(p.name)
		if err != nil {
			return err
		}
		page, err := w.app.Packages.Page(w.ctx, w.people[p.by], p.name)
		if errors.Is(err, registry.ErrNotFound) {
			continue // it is not published yet
		}
		if err != nil {
			return err
		}
		t, err := w.app.Packages.Tarball(w.ctx, w.people[p.by], p.name, n.Tarball(page.Version))
		if err != nil {
			return err
		}
		if err := t.Content.Close(); err != nil {
			return err
		}
		week := int(w.clock.Sub(w.end.AddDate(-1, 0, 0)) / (7 * day))
		for range (week + 4) * (len(packages) - i) * (5 + (week*7+i*3)%5) / 8 {
			w.app.Stats.Count(t.VersionID)
		}
	}
	return w.app.Stats.Flush(w.ctx)
}

func (w *world) publish(p pkg, r release) error {
	body, err := p.at(r)
	if err != nil {
		return err
	}
	by := w.people[p.by]
	by.Via = access.ViaToken
	if _, err := w.app.Packages.Publish(w.ctx, by, p.name, bytes.NewReader(body)); err != nil {
		return fmt.Errorf("publish %s@%s: %w", p.name, r.version, err)
	}
	return nil
}
