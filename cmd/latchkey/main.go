// Command latchkey is the registry: it serves, and it administers what is served.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"

	"github.com/alecthomas/kong"

	"latchkey/internal/config"
	"latchkey/internal/errs"
)

// version is what the build knows of itself: the module's version when it was installed by one, the
// commit when it was built in a checkout.
var version = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return info.Main.Version + " " + s.Value
		}
	}
	return info.Main.Version
})

// command is the command line: the options that all commands share, then the commands.
type command struct {
	config.Config

	ConfigFile kong.ConfigFlag `name:"config" help:"JSON file of options, by the names of their flags." placeholder:"FILE"`

	Serve serveCommand `cmd:"" help:"Run the server."`
	User  struct {
		Create   userCreate `cmd:"" help:"Make a verified account."`
		Unlock   userUnlock `cmd:"" help:"Open an account again that its owner locked."`
		Recovery struct {
			List    recoveryList    `cmd:"" help:"List who asks to be let in without a second factor."`
			Approve recoveryApprove `cmd:"" help:"Take the second factor off an account whose owner lost it."`
			Deny    recoveryDeny    `cmd:"" help:"Refuse the request of an account."`
		} `cmd:"" help:"Decide about people who lost every second factor."`
	} `cmd:"" help:"Manage accounts."`
	Token struct {
		Create tokenCreate `cmd:"" help:"Make an access token and print its secret, alone, once."`
		List   tokenList   `cmd:"" help:"List the access tokens of an account that work."`
		Revoke tokenRevoke `cmd:"" help:"End an access token for good."`
	} `cmd:"" help:"Manage access tokens."`
	Org struct {
		Create     orgCreate     `cmd:"" help:"Make an organization."`
		Members    orgMembers    `cmd:"" help:"List the members of an organization."`
		Require2FA orgRequire2FA `cmd:"" name:"require-2fa" help:"Require two-factor authentication of an organization's members."`
	} `cmd:"" help:"Manage organizations."`
	Audit struct {
		Verify auditVerify `cmd:"" help:"Check that nothing in the security log was altered since it was sealed."`
	} `cmd:"" help:"Look after the security log."`
	Advisories struct {
		Import advisoriesImport `cmd:"" help:"Read advisories from a file of OSV records, for npm audit."`
	} `cmd:"" help:"Manage what npm audit answers."`
	ShowConfig configCommand  `cmd:"" name:"config" help:"Show every option with its value. Secrets are hidden."`
	Routes     routesCommand  `cmd:"" help:"List the addresses that the server answers."`
	Version    versionCommand `cmd:"" help:"Show the version."`
}

const about = `A registry for npm packages, with accounts that are safe.

Every option is also an environment variable, LATCHKEY_ and its name in capitals
(--registry-url is LATCHKEY_REGISTRY_URL), and a key in the --config file.`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "latchkey:", sentence(err))
		os.Exit(1)
	}
}

// newParser reads a command line into cli.
func newParser(ctx context.Context, cli *command) (*kong.Kong, error) {
	return kong.New(cli,
		kong.Name("latchkey"), kong.Description(about), kong.DefaultEnvars("LATCHKEY"), kong.Configuration(optionsFile),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.ValueFormatter(func(v *kong.Value) string { return v.Help }), // the description has said how variables are named
		kong.ExplicitGroups([]kong.Group{{Key: "limits", Title: "Limits (a rate is N/PERIOD such as 10/5m, or off):"}}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(&cli.Config),
	)
}

func run(ctx context.Context, args []string) error {
	var cli command
	parser, err := newParser(ctx, &cli)
	if err != nil {
		return err
	}
	if err := checkEnvironment(parser, os.Environ()); err != nil {
		return err
	}
	k, err := parser.Parse(args)
	if err != nil {
		return err
	}
	if err := cli.Complete(); err != nil {
		return err
	}
	setUpLog(&cli.Config)
	return k.Run()
}

// sentence is the error as its reader needs it: what the product says is safe and enough, unless it
// is about the program itself.
func sentence(err error) string {
	var e *errs.Error
	if errors.As(err, &e) && e.Kind != errs.Internal {
		return e.Msg
	}
	return err.Error()
}
