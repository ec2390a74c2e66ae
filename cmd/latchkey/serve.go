package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/sys/unix"

	"latchkey/handlers"
	"latchkey/internal/access"
	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/edge"
	"latchkey/registryapi"
)

// Bounds of a connection. A request's header must arrive at once; a body and an answer may take as
// long as they move (edge.Pace, gate).
const (
	headerTimeout = 5 * time.Second
	idleTimeout   = time.Minute
	longestURL    = 8 << 10
)

type serveCommand struct {
	Demo bool `help:"Serve a throw-away registry, filled with people and packages to look around in."`
}

// Run serves until a signal comes, and then lets requests finish.
func (c serveCommand) Run(ctx context.Context, cfg *config.Config, k *kong.Context) (err error) {
	if c.Demo {
		remove, err := demoFolder(cfg)
		if err != nil {
			return err
		}
		defer remove()
	}
	unlock, err := lockFolder(cfg.Data)
	if err != nil {
		return err
	}
	defer unlock()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", cfg.Listen, err)
	}
	defer func() { _ = listener.Close() }()
	var invitation string
	if c.Demo {
		if invitation, err = fillDemo(ctx, cfg); err != nil {
			return err
		}
	}
	a, err := app.New(ctx, cfg, time.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	portal, err := handlers.New(a)
	if err != nil {
		return err
	}
	if err := welcome(ctx, a, k.Stdout, invitation); err != nil {
		return err
	}
	h := edge.Pace(cfg.Limits.TransferIdle, bounded(withHealth(a, split(cfg, portal.Handler(), registryapi.New(a).Handler()))))
	l := newGate(listener.(*net.TCPListener), cfg.Limits.ConnectionsAtOnce, cfg.Limits.TransferIdle, cfg.TrustedProxies)
	return serve(ctx, a, l, h)
}

// lockFolder keeps a second server off the data folder. Administration commands do not take the lock.
func lockFolder(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "serve.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("another latchkey serves the data folder %s; stop it first, or choose another --data", dir)
	}
	return func() { _ = f.Close() }, nil
}

// welcome says where everything is and how to begin: with a link as long as nobody runs the
// installation, and with the invitation of a demonstration.
func welcome(ctx context.Context, a *app.App, w io.Writer, invitation string) error {
	link, err := a.Accounts.SetupLink(ctx, access.Console())
	if err != nil {
		return err
	}
	if link != "" {
		invitation = "  Nobody runs this registry yet. Make the first account here, within an hour (the link works once):\n\n  " + link + "\n"
	}
	if invitation != "" {
		invitation = "\n" + invitation
	}
	_, err = fmt.Fprintf(w, "\n  Portal    %s\n  Registry  %s\n%s\n", a.Config.URL, a.Config.RegistryURL, invitation)
	return err
}

// bounded refuses addresses that are too long for either edge.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.RequestURI) > longestURL {
			http.Error(w, "the address is too long", http.StatusRequestURITooLong)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// withHealth answers those who watch over the server, under whatever name they reach it. No package can
// have these names (see npm.ParseName).
func withHealth(a *app.App, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		if path != "/healthz" && path != "/readyz" || r.Method != http.MethodGet && r.Method != http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		if path == "/healthz" {
			_, _ = w.Write([]byte("ok\n"))
			return
		}
		if err := a.Ready(r.Context()); err != nil {
			slog.Error("not ready", "error", err)
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ready\n"))
	})
}

func serve(ctx context.Context, a *app.App, listener *gate, h http.Handler) error {
	cfg := a.Config
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: cfg.Limits.HeaderBytes,
		ConnState: listener.watch, ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	var work sync.WaitGroup
	work.Go(func() { a.Run(working) })
	metrics, err := serveMetrics(ctx, cfg)
	if err != nil {
		stopWork()
		work.Wait()
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err = <-failed:
	case <-ctx.Done():
		slog.Info("stopping", "grace", cfg.Limits.ShutdownGrace)
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.Limits.ShutdownGrace)
	defer cancel()
	if serr := server.Shutdown(grace); serr != nil {
		err = errors.Join(err, fmt.Errorf("requests were still running after %s: %w", cfg.Limits.ShutdownGrace, serr), server.Close())
	}
	stopWork()
	work.Wait()
	return errors.Join(err, metrics())
}

// serveMetrics listens for Prometheus on an address of its own, which need not be public.
func serveMetrics(ctx context.Context, cfg *config.Config) (stop func() error, err error) {
	if cfg.MetricsListen == "" {
		return func() error { return nil }, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.MetricsListen)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s for metrics: %w", cfg.MetricsListen, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", edge.MetricsHandler())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: headerTimeout}
	go func() { _ = server.Serve(listener) }()
	return server.Close, nil
}
