package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"latchkey/handlers"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/token"
	"latchkey/registryapi"
)

// administer opens the product for one command. It works beside a running server: on SQLite both
// share the file, and the server sees what was written within milliseconds.
func administer(ctx context.Context, cfg *config.Config, do func(a *app.App) error) error {
	a, err := app.New(ctx, cfg, time.Now)
	if err != nil {
		return err
	}
	return errors.Join(do(a), a.Close())
}

type userCreate struct {
	Name          string `arg:"" help:"Name of the account."`
	Email         string `required:"" help:"Its address, which counts as verified." placeholder:"ADDRESS"`
	PasswordStdin bool   `required:"" help:"Read the password from the first line of standard input."`
	Operator      bool   `help:"The account runs this installation."`
}

// Run makes an account.
func (c userCreate) Run(ctx context.Context, cfg *config.Config, k *kong.Context) error {
	password, err := bufio.NewReader(os.Stdin).ReadString('\n')
	password = strings.TrimRight(password, "\r\n")
	if password == "" {
		return fmt.Errorf("expected the password on standard input: %w", err)
	}
	return administer(ctx, cfg, func(a *app.App) error {
		u, err := a.Accounts.Create(ctx, access.Console(), account.NewAccount{Name: c.Name, Email: c.Email, Password: password, Operator: c.Operator})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(k.Stdout, "Made the account %s (%s).\n", u.Name, u.Email)
		return err
	})
}

type userUnlock struct {
	Name string `arg:"" help:"Name of the account."`
}

// Run opens a locked account, for an owner who cannot read the mail with which they would do it.
func (c userUnlock) Run(ctx context.Context, cfg *config.Config, k *kong.Context) error {
	return administer(ctx, cfg, func(a *app.App) error {
		if err := a.Accounts.Unlock(ctx, access.Console(), c.Name); err != nil {
			return err
		}
		_, err := fmt.Fprintf(k.Stdout, "The account %s is open again. Its password is the one that it had.\n", c.Name)
		return err
	})
}

type tokenCreate struct {
	User string `required:"" help:"Account that the token acts for." placeholder:"NAME"`
	Name string `required:"" help:"What the token is for." placeholder:"NAME"`
	Kind string `enum:"automation,publish,read-only" default:"automation" help:"What it may do: automation, publish or read-only."`
}

// Run makes a token. Nothing but the secret is on standard output, so that a script can keep it.
func (c tokenCreate) Run(ctx context.Context, cfg *config.Config, k *kong.Context) error {
	return administer(ctx, cfg, func(a *app.App) error {
		t, err := a.Tokens.Create(ctx, access.Console(), token.NewToken{Owner: c.User, Name: c.Name, Kind: c.Kind})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(k.Stdout, t.Secret)
		return err
	})
}

type tokenList struct {
	User string `required:"" help:"Account that the tokens act for." placeholder:"NAME"`
}

// Run shows a table of tokens.
func (c tokenList) Run(ctx context.Context, cfg *config.Config, k *kong.Context) error {
	return administer(ctx, cfg, func(a *app.App) error {
		held, err := a.Tokens.List(ctx, access.Console(), c.User)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(k.Stdout, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "HINT\tNAME\tKIND\tMADE\tLAST USED\tFROM\tENDS\tID") // what fails is kept for Flush
		for _, h := range held {
			_, _ = fmt.Fprintln(w, strings.Join([]string{
				h.Hint, h.Name, h.Kind, moment(&h.CreatedAt, ""), moment(h.LastUsedAt, "never"), cmp.Or(h.LastUsedIP, "-"), moment(h.ExpiresAt, "never"), h.ID,
			}, "\t"))
		}
		return w.Flush()
	})
}

// moment is a time in a table, or what stands for none.
func moment(t *time.Time, none string) string {
	if t == nil {
		return none
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}

type tokenRevoke struct {
	User string `required:"" help:"Account that the token acts for." placeholder:"NAME"`
	Hint string `xor:"token" required:"" help:"The token, as token list and mails show it: npm_lk1234…5678." placeholder:"HINT"`
	ID   string `xor:"token" required:"" help:"The token, by its id." placeholder:"ID"`
}

// Run ends a token. A running server refuses it from the next request on.
func (c tokenRevoke) Run(ctx context.Context, cfg *config.Config, k *kong.Context) error {
	return administer(ctx, cfg, func(a *app.App) error {
		h, err := a.Tokens.RevokeHeld(ctx, access.Console(), c.User, cmp.Or(c.ID, c.Hint))
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(k.Stdout, "Revoked %s (%s, %s) of %s.\n", h.Hint, h.Name, h.Kind, c.User)
		return err
	})
}

type routesCommand struct{}

// Run lists both edges' routes.
func (routesCommand) Run(k *kong.Context, cfg *config.Config) error {
	a := &app.App{Config: cfg, Now: time.Now}
	portal, err := handlers.New(a)
	if err != nil {
		return err
	}
	for _, edge := range []struct {
		name   string
		routes []string
	}{{"portal", portal.Routes()}, {"registry", registryapi.New(a).Routes()}} {
		for _, r := range edge.routes {
			if _, err := fmt.Fprintln(k.Stdout, edge.name, r); err != nil {
				return err
			}
		}
	}
	return nil
}
