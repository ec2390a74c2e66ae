package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"latchkey/internal/config"
	"latchkey/internal/edge"
)

// checkEnvironment refuses variables that look like options and are none: a misspelt limit must not
// silently be no limit.
func checkEnvironment(parser *kong.Kong, environment []string) error {
	known := map[string]bool{"LATCHKEY_CONFIG": true}
	eachFlag(parser.Model.Node, func(f *kong.Flag) {
		for _, env := range f.Envs {
			known[env] = true
		}
	})
	for _, kv := range environment {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "LATCHKEY_") && !known[name] {
			return fmt.Errorf("the environment variable %s is not an option; latchkey --help lists them", name)
		}
	}
	return nil
}

func eachFlag(n *kong.Node, f func(*kong.Flag)) {
	for _, flag := range n.Flags {
		f(flag)
	}
	for _, child := range n.Children {
		eachFlag(child, f)
	}
}

// fileResolver answers for options from a JSON file whose keys are names of flags.
type fileResolver map[string]any

func optionsFile(r io.Reader) (kong.Resolver, error) {
	values := fileResolver{}
	d := json.NewDecoder(r)
	d.UseNumber()
	if err := d.Decode(&values); err != nil {
		return nil, fmt.Errorf("the --config file is not a JSON object of options: %w", err)
	}
	return values, nil
}

// Validate refuses keys that are no option, as checkEnvironment does.
func (v fileResolver) Validate(app *kong.Application) error {
	known := map[string]bool{}
	eachFlag(app.Node, func(f *kong.Flag) { known[f.Name] = true })
	for key := range v {
		if !known[key] {
			return fmt.Errorf("the --config file has the key %q, which is not an option; latchkey --help lists them", key)
		}
	}
	return nil
}

// Resolve returns a value as text, so that it is read exactly as a flag's would be. A variable counts
// for more than the file, as a flag counts for more than a variable.
func (v fileResolver) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	switch value := v[flag.Name].(type) {
	case nil:
		return nil, nil
	case []any:
		parts := make([]string, len(value))
		for i, p := range value {
			parts[i] = fmt.Sprint(p)
		}
		return strings.Join(parts, ","), nil
	default:
		return fmt.Sprint(value), nil
	}
}

type configCommand struct{}

// secretOptions are shown as set or not set.
var secretOptions = map[string]bool{"database": true, "s3-secret-key": true, "smtp-password": true, "secret-key": true}

// Run prints a table of the options that all commands share.
func (configCommand) Run(k *kong.Context) error {
	w := tabwriter.NewWriter(k.Stdout, 0, 0, 2, ' ', 0)
	for _, f := range k.Model.Flags {
		if f.Name == "help" || f.Name == "config" {
			continue
		}
		value := fmt.Sprint(f.Target.Interface())
		if secretOptions[f.Name] && value != "" {
			value = "(set, hidden)"
		}
		if _, err := fmt.Fprintf(w, "--%s\t%s\t%s\n", f.Name, value, strings.Join(f.Envs, " ")); err != nil {
			return err
		}
	}
	return w.Flush()
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(k *kong.Context) error {
	_, err := fmt.Fprintln(k.Stdout, "latchkey", version())
	return err
}

func setUpLog(cfg *config.Config) {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.LogLevel)) // kong has checked it against the same words
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: redact}
	var h slog.Handler = slog.NewTextHandler(os.Stderr, options)
	if cfg.LogFormat == "json" {
		h = slog.NewJSONHandler(os.Stderr, options)
	}
	slog.SetDefault(slog.New(h))
}

// redact is the last resort against a token that somebody put where none belongs, in a package's name
// or a user agent.
func redact(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Resolve(); v.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(edge.Redact(v.String()))
	case slog.KindAny:
		if err, ok := v.Any().(error); ok {
			a.Value = slog.StringValue(edge.Redact(err.Error()))
		}
	default:
	}
	return a
}
