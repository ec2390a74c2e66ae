package main

import (
	"context"
	"fmt"

	"github.com/alecthomas/kong"

	"latchkey/internal/access"
	"latchkey/internal/app"
	"latchkey/internal/config"
)

type auditVerify struct{}

// Run computes the chain of the security log anew. It fails with the first entry that was altered.
func (auditVerify) Run(ctx context.Context, cfg *config.Config, k *kong.Context) error {
	return administer(ctx, cfg, func(a *app.App) error {
		head, err := a.Log.Verify(ctx, access.Console())
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(k.Stdout, "%d entries are as they were sealed. The last seal is %s\n", head.Seq, head.Seal)
		return err
	})
}
