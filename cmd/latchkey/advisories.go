package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"

	"latchkey/internal/access"
	"latchkey/internal/app"
	"latchkey/internal/config"
)

type advisoriesImport struct {
	File string `arg:"" help:"OSV records as JSON: one, a list, or one after the other. - is standard input."`
}

// Run reads advisories. A running server answers with them from the next request on.
func (c advisoriesImport) Run(ctx context.Context, cfg *config.Config, k *kong.Context) error {
	var in io.ReadCloser = os.Stdin
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		in = f
	}
	err := administer(ctx, cfg, func(a *app.App) error {
		n, err := a.Advisories.Import(ctx, access.Console(), in)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(k.Stdout, "Imported %d advisories; %d were withdrawn, and %d records are not about packages of npm.\n", n.Advisories, n.Withdrawn, n.Others)
		return err
	})
	return errors.Join(err, in.Close())
}
