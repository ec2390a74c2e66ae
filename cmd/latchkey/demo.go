package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"latchkey/internal/config"
	"latchkey/internal/demo"
)

// demoFolder points the options to a folder of its own, and away from every database, bucket and mail
// server that they name: made-up people must not get in among real ones.
func demoFolder(cfg *config.Config) (remove func(), err error) {
	dir, err := os.MkdirTemp("", "latchkey-demo-*")
	if err != nil {
		return nil, err
	}
	cfg.Data, cfg.Database, cfg.S3URL, cfg.SMTP, cfg.SecretKey = dir, "", "", "", ""
	return func() { _ = os.RemoveAll(dir) }, nil
}

// fillDemo returns what a visitor is told.
func fillDemo(ctx context.Context, cfg *config.Config) (invitation string, err error) {
	s, err := demo.Fill(ctx, cfg, time.Now())
	if err != nil {
		return "", fmt.Errorf("fill the demonstration: %w", err)
	}
	return fmt.Sprintf("  This is a demonstration, which is gone when it stops.\n  Sign in as %s with the password %s\n", s.Name, s.Password), nil
}
