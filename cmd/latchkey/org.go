package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"latchkey/internal/access"
	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/org"
)

type orgCreate struct {
	Name  string `arg:"" help:"Name of the organization, and of its scope."`
	Owner string `required:"" help:"Account that owns it." placeholder:"NAME"`
}

// Run makes an organization.
func (c orgCreate) Run(ctx context.Context, cfg *config.Config, k *kong.Context) error {
	return administer(ctx, cfg, func(a *app.App) error {
		o, err := a.Orgs.Create(ctx, access.Console(), org.NewOrg{Name: c.Name, Owner: c.Owner})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(k.Stdout, "Made the organization %s, owned by %s.\n", o.Name, c.Owner)
		return err
	})
}

type orgMembers struct {
	Name string `arg:"" help:"Name of the organization."`
	JSON bool   `name:"json" help:"Print one JSON object a line."`
}

// member is a line of JSON about a member.
type member struct {
	Name       string     `json:"name"`
	Role       org.Role   `json:"role"`
	Teams      []string   `json:"teams"`
	TwoFactor  bool       `json:"two_factor"`
	Key        bool       `json:"security_key"`
	App        bool       `json:"app"`
	LastActive *time.Time `json:"last_active"`
}

// Run lists the members of an organization.
func (c orgMembers) Run(ctx context.Context, cfg *config.Config, k *kong.Context) error {
	return administer(ctx, cfg, func(a *app.App) error {
		w := tabwriter.NewWriter(k.Stdout, 0, 0, 2, ' ', 0)
		lines := json.NewEncoder(k.Stdout)
		if !c.JSON {
			_, _ = fmt.Fprintln(w, "NAME\tROLE\tTEAMS\tTWO-FACTOR\tLAST ACTIVE") // what fails is kept for Flush
		}
		err := a.Orgs.EachMember(ctx, access.Console(), c.Name, org.Everybody, func(p org.Person) error {
			m := member{Name: p.Name, Role: p.Role, Teams: []string{}, TwoFactor: p.HasFactor, Key: p.HasKey, App: p.HasApp}
			if p.Teams != "" {
				m.Teams = strings.Split(p.Teams, ", ")
			}
			if !p.LastActive.IsZero() {
				m.LastActive = &p.LastActive
			}
			if c.JSON {
				return lines.Encode(m)
			}
			on := "off"
			if m.TwoFactor {
				on = "on"
			}
			_, err := fmt.Fprintln(w, strings.Join([]string{m.Name, string(m.Role), p.Teams, on, moment(m.LastActive, "never")}, "\t"))
			return err
		})
		if err != nil || c.JSON {
			return err
		}
		return w.Flush()
	})
}

type orgRequire2FA struct {
	Name       string    `arg:"" help:"Name of the organization."`
	Preview    bool      `xor:"do" help:"Say who would be removed, and change nothing."`
	Off        bool      `xor:"do" help:"End the requirement."`
	From       time.Time `format:"2006-01-02" help:"Day from which on it is required, UTC; until then members are reminded. Now without it." placeholder:"DATE"`
	Keys       bool      `help:"Only security keys count."`
	PeopleOnly bool      `help:"Tokens for automation change nothing in its scope."`
}

// Run requires a second factor of an organization's members, or says what that would do, or ends it.
func (c orgRequire2FA) Run(ctx context.Context, cfg *config.Config, k *kong.Context) error {
	in := org.Enforcement{Requires: org.AnyFactor, From: c.From, PeopleOnly: c.PeopleOnly}
	if c.Keys {
		in.Requires = org.KeysRequired
	}
	return administer(ctx, cfg, func(a *app.App) error {
		if c.Off {
			if err := a.Orgs.StopEnforcing(ctx, access.Console(), c.Name); err != nil {
				return err
			}
			_, err := fmt.Fprintf(k.Stdout, "%s does not require two-factor authentication any more.\n", c.Name)
			return err
		}
		impact, err := a.Orgs.Preview(ctx, access.Console(), c.Name, in)
		if err != nil {
			return err
		}
		if c.Preview {
			return show(k, impact)
		}
		if err := a.Orgs.Enforce(ctx, access.Console(), c.Name, in); err != nil {
			return err
		}
		when := "now"
		if !c.From.IsZero() {
			when = c.From.Format(time.DateOnly)
		}
		_, err = fmt.Fprintf(k.Stdout, "%s requires two-factor authentication from %s on; members without it: %d.\n", c.Name, when, impact.Total)
		return err
	})
}

// show prints what an enforcement would do.
func show(k *kong.Context, i org.Impact) error {
	w := tabwriter.NewWriter(k.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "%d would be removed.\n", i.Total) // what fails is kept for Flush
	for _, p := range i.People {
		_, _ = fmt.Fprintf(w, "%s\t%s\tpackages: %s\ttokens: %s\n", p.Name, p.Role, strings.Join(p.Packages, " "), strings.Join(p.Tokens, ", "))
	}
	for _, name := range i.Invitations {
		_, _ = fmt.Fprintf(w, "%s\tis invited and could not accept\n", name)
	}
	for _, name := range i.Machines {
		_, _ = fmt.Fprintf(w, "%s\tcould not change packages any more\n", name)
	}
	return w.Flush()
}
