package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"latchkey/internal/access"
	"latchkey/internal/app"
	"latchkey/internal/config"
)

type recoveryList struct{}

// Run shows a table of the requests that wait.
func (recoveryList) Run(ctx context.Context, cfg *config.Config, k *kong.Context) error {
	return administer(ctx, cfg, func(a *app.App) error {
		all, err := a.Accounts.Recoveries(ctx, access.Console())
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(k.Stdout, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "NAME\tADDRESS\tASKED\tCAN BE APPROVED\tREASON") // what fails is kept for Flush
		for _, r := range all {
			_, _ = fmt.Fprintln(w, strings.Join([]string{r.Name, r.Email, moment(&r.CreatedAt, ""), moment(&r.ReadyAt, ""), fmt.Sprintf("%q", r.Reason)}, "\t"))
		}
		return w.Flush()
	})
}

type recoveryApprove struct {
	Name string `arg:"" help:"Name of the account."`
}

// Run takes the second factor off an account.
func (c recoveryApprove) Run(ctx context.Context, cfg *config.Config, k *kong.Context) error {
	return administer(ctx, cfg, func(a *app.App) error {
		if err := a.Accounts.ApproveRecovery(ctx, access.Console(), c.Name); err != nil {
			return err
		}
		_, err := fmt.Fprintf(k.Stdout, "The second factor of %s is off. The account is read-only for three days.\n", c.Name)
		return err
	})
}

type recoveryDeny struct {
	Name string `arg:"" help:"Name of the account."`
}

// Run refuses a request.
func (c recoveryDeny) Run(ctx context.Context, cfg *config.Config, k *kong.Context) error {
	return administer(ctx, cfg, func(a *app.App) error {
		if err := a.Accounts.DenyRecovery(ctx, access.Console(), c.Name); err != nil {
			return err
		}
		_, err := fmt.Fprintf(k.Stdout, "Denied. %s was told.\n", c.Name)
		return err
	})
}
