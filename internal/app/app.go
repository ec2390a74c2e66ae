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
	"latchkey/internal/advisory"
	"latchkey/internal/audit"
	"latchkey/internal/blob"
	"latchkey/internal/config"
	"latchkey/internal/jobs"
	"latchkey/internal/limit"
	"latchkey/internal/mail"
	"latchkey/internal/org"
	"latchkey/internal/outbox"
	"latchkey/internal/registry"
	"latchkey/internal/search"
	"latchkey/internal/secret"
	"latchkey/internal/signing"
	"latchkey/internal/stats"
	"latchkey/internal/token"
	"latchkey/internal/twofactor"
)

// App is the product without an edge. The database stays inside.
type App struct {
	Config       *config.Config
	Now          func() time.Time
	BrowserState db.BrowserState
	Jobs         *jobs.Service
	Signing      *signing.Service
	Factors      *twofactor.Service
	Accounts     *account.Service
	Tokens       *token.Service
	Orgs         *org.Service
	Packages     *registry.Service
	Search       *search.Service
	Stats        *stats.Service
	Advisories   *advisory.Service
	Outbox       *outbox.Service
	Log          *audit.Service

	db      *db.DB
	cost    secret.Cost
	closers []func() error
}

// Option changes what an installation is made of.
type Option func(a *App)

// HashAt says what a password hash costs. Tests use it to be quick.
func HashAt(c secret.Cost) Option { return func(a *App) { a.cost = c } }

// New opens everything that cfg names, making the data folder when it is missing. It starts nothing.
func New(ctx context.Context, cfg *config.Config, now func() time.Time, options ...Option) (*App, error) {
	a := &App{Config: cfg, Now: now, cost: secret.Recommended}
	for _, o := range options {
		o(a)
	}
	if err := a.open(ctx); err != nil {
		return nil, errors.Join(err, a.close())
	}
	return a, nil
}

func (a *App) open(ctx context.Context) error {
	if err := os.MkdirAll(a.Config.Data, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	box, err := openBox(a.Config)
	if err != nil {
		return err
	}
	sender, err := a.openMail()
	if err != nil {
		return err
	}
	blobs, err := a.openBlobs(ctx)
	if err != nil {
		return err
	}
	if a.db, err = db.Open(ctx, a.Config.Database, a.Config.Data); err != nil {
		return err
	}
	a.closers = append(a.closers, a.db.Close)
	limits := limit.New(a.db, a.Now)
	a.Outbox = outbox.New(a.Now, box, sender, a.Config)
	a.BrowserState = a.db.BrowserState()
	a.Jobs = jobs.New(a.db, a.Now)
	a.Log = audit.New(a.db, a.Now, box, filepath.Join(a.Config.Data, "audit.head"))
	a.Signing = signing.New(a.db, a.Now, box)
	if a.Factors, err = twofactor.New(a.db, a.Now, box, limits, a.Config); err != nil {
		return err
	}
	a.Accounts = account.New(a.db, a.Now, secret.NewPasswords(a.cost), limits, a.Outbox, a.Factors, a.Config)
	a.Tokens = token.New(a.db, a.Now, a.Accounts, limits, a.Config)
	a.Orgs = org.New(a.db, a.Now, a.Accounts, a.Factors, limits, a.Outbox, a.Config)
	a.Packages = registry.New(a.db, a.Now, blobs, a.Signing, limits, a.Outbox, a.Config)
	a.Search = search.New(a.db, a.Now, a.Config)
	a.Advisories = advisory.New(a.db, a.Now)
	a.Stats = stats.New(a.db, a.Now, a.Packages)
	a.schedule(limits, blobs)
	return a.Signing.Ensure(ctx)
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
	return mail.NewCapture(filepath.Join(a.Config.Data, "mail"))
}

func (a *App) openBlobs(ctx context.Context) (blob.Store, error) {
	cfg := a.Config
	if cfg.S3URL == "" {
		d, err := blob.OpenDir(filepath.Join(cfg.Data, "blobs"), a.Now())
		if err != nil {
			return nil, fmt.Errorf("open the folder of tarballs: %w", err)
		}
		a.closers = append(a.closers, d.Close)
		return d, nil
	}
	s, err := blob.OpenS3(ctx, blob.S3Options{
		URL: cfg.S3URL, Bucket: cfg.S3Bucket, Region: cfg.S3Region, AccessKey: cfg.S3AccessKey, SecretKey: cfg.S3SecretKey,
	}, filepath.Join(cfg.Data, "spool"), a.Now())
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, s.Close)
	return s, nil
}

// schedule says what follows a commit and what is swept when.
func (a *App) schedule(limits *limit.Service, blobs blob.Store) {
	a.Jobs.Handle(outbox.Kind, a.Outbox.Deliver)
	a.Jobs.Handle(org.Reminders, a.Orgs.SendReminders)
	a.Jobs.Every(time.Minute, "require second factors in organizations", a.Orgs.Tend)
	a.Jobs.Every(2*time.Second, "seal the security log", a.Log.Seal)
	a.Jobs.Every(time.Minute, "note when tokens were used", a.Tokens.Flush)
	a.Jobs.Every(10*time.Minute, "sweep sign-ins of terminals", a.Tokens.Sweep)
	a.Jobs.Every(time.Hour, "write about tokens that end soon", a.Tokens.Remind)
	a.Jobs.Every(10*time.Minute, "sweep challenges and confirmations", a.Factors.Sweep)
	a.Jobs.Every(time.Hour, "sweep links and sessions", a.Accounts.Sweep)
	a.Jobs.Every(time.Hour, "sweep invitations to organizations", a.Orgs.Sweep)
	a.Jobs.Every(time.Hour, "sweep browser state", a.BrowserState.Sweep)
	a.Jobs.Every(24*time.Hour, "sweep invitations to maintain packages", a.Packages.SweepInvitations)
	a.Jobs.Every(24*time.Hour, "sweep tarballs without a version", a.Packages.Sweep)
	a.Jobs.Every(time.Hour, "sweep drafts of tarballs", blobs.SweepDrafts)
	a.Jobs.Every(time.Hour, "sweep limits", limits.Sweep)
	a.Jobs.Every(10*time.Minute, "renew the search index", a.Search.Refresh)
	a.Jobs.Every(time.Hour, "list dependencies of versions from before there was a list", a.Packages.ListDependencies)
	a.Jobs.Every(stats.FlushEvery, "write down downloads", a.Stats.Flush)
	a.Jobs.Every(time.Hour, "sweep downloads of versions", a.Stats.Sweep)
}

// Run does the jobs until ctx ends.
func (a *App) Run(ctx context.Context) { a.Jobs.Run(ctx) }

// Warnings say, for the operator, what is unsafe about how this installation is set up.
func (a *App) Warnings() []string { return a.db.Warnings() }

// Ready returns nil when requests can be served.
func (a *App) Ready(ctx context.Context) error { return a.db.Ping(ctx) }

// Close writes down what is only in memory and closes everything, the last opened first.
func (a *App) Close() error {
	ctx := context.Background()
	return errors.Join(a.Tokens.Flush(ctx), a.Stats.Flush(ctx), a.close())
}

func (a *App) close() error {
	var all []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		all = append(all, a.closers[i]())
	}
	return errors.Join(all...)
}
