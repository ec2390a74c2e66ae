// Package app puts the product together. Its reading order is the order of dependency: each service
// is made from those above it.
package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"latchkey/db"
	"latchkey/internal/account"
	"latchkey/internal/blob"
	"latchkey/internal/config"
	"latchkey/internal/jobs"
	"latchkey/internal/limit"
	"latchkey/internal/mail"
	"latchkey/internal/outbox"
	"latchkey/internal/registry"
	"latchkey/internal/secret"
	"latchkey/internal/signing"
	"latchkey/internal/token"
)

// App is the product without an edge. The database stays inside.
type App struct {
	Config       *config.Config
	Now          func() time.Time
	BrowserState db.BrowserState
	Jobs         *jobs.Service
	Signing      *signing.Service
	Accounts     *account.Service
	Tokens       *token.Service
	Packages     *registry.Service
	Mail         *mail.Capture // nil when mail leaves through a server

	db *db.DB
}

// New opens everything that cfg names, making the data folder when it is missing. It starts nothing.
func New(ctx context.Context, cfg *config.Config, now func() time.Time) (a *App, err error) {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	box, err := openBox(cfg)
	if err != nil {
		return nil, err
	}
	a = &App{Config: cfg, Now: now}
	sender, err := a.openMail()
	if err != nil {
		return nil, err
	}
	blobs, err := openBlobs(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if a.db, err = db.Open(ctx, cfg.Database, cfg.Data); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = a.db.Close()
		}
	}()
	limits := limit.New(a.db, now)
	out := outbox.New(box, sender, cfg)
	a.BrowserState = a.db.BrowserState()
	a.Jobs = jobs.New(a.db, now)
	a.Signing = signing.New(a.db, now, box)
	a.Accounts = account.New(a.db, now, limits, out, cfg)
	a.Tokens = token.New(a.db, now, a.Accounts, cfg)
	a.Packages = registry.New(a.db, now, blobs, a.Signing, cfg)
	a.schedule(limits, out)
	return a, a.Signing.Ensure(ctx)
}

func openBox(cfg *config.Config) (*secret.Box, error) {
	key := cfg.SecretKey
	if key == "" {
		var err error
		if key, err = secret.KeyFile(filepath.Join(cfg.Data, "secret.key")); err != nil {
			return nil, fmt.Errorf("read the secret key: %w", err)
		}
	}
	return secret.NewBox(key)
}

func (a *App) openMail() (mail.Sender, error) {
	if a.Config.SMTP != "" {
		return mail.NewSMTP(a.Config)
	}
	c, err := mail.NewCapture(filepath.Join(a.Config.Data, "mail"))
	a.Mail = c
	return c, err
}

func openBlobs(ctx context.Context, cfg *config.Config) (blob.Store, error) {
	if cfg.S3URL != "" {
		return blob.NewS3(ctx, cfg)
	}
	return blob.NewDir(filepath.Join(cfg.Data, "blobs"))
}

// schedule says what follows a commit and what is swept when.
func (a *App) schedule(limits *limit.Service, out *outbox.Service) {
	a.Jobs.Handle(outbox.Kind, out.Deliver)
	a.Jobs.Every(time.Minute, "note when tokens were used", a.Tokens.Flush)
	a.Jobs.Every(10*time.Minute, "sweep sign-ins of terminals", a.Tokens.Sweep)
	a.Jobs.Every(time.Hour, "sweep links and sessions", a.Accounts.Sweep)
	a.Jobs.Every(time.Hour, "sweep browser state", a.BrowserState.Sweep)
	a.Jobs.Every(time.Hour, "sweep limits", limits.Sweep)
}

// Run does the jobs until ctx ends.
func (a *App) Run(ctx context.Context) { a.Jobs.Run(ctx) }

// Ready returns nil when requests can be served.
func (a *App) Ready(ctx context.Context) error { return a.db.Ping(ctx) }

// Close writes down what is only in memory and closes the database.
func (a *App) Close() error {
	return errors.Join(a.Tokens.Flush(context.Background()), a.db.Close())
}
