// Package npm is the wire format of the registry protocol: names, versions, tags, the publish body,
// tarballs and manifests. It is pure: it reads and writes bytes and knows no database.
package npm

import (
	"regexp"
	"strings"

	"latchkey/internal/errs"
)

// maxName is npm's limit; it counts the scope.
const maxName = 214

// Name is a package's name, valid for a new package.
type Name struct {
	Full  string // "@acme/widget" or "widget"
	Scope string // "acme", or "" when there is none
	Base  string // "widget"
}

// validate-npm-package-name's rules for new packages: lower case, URL-safe, no leading dot or
// underscore. It also refuses names of Node's core modules, which would never be reachable by require.
var (
	partPattern = regexp.MustCompile(`^[a-z0-9-][a-z0-9._-]*$`)
	forbidden   = set("node_modules", "favicon.ico", "-")
	ownPages    = set("healthz", "readyz") // where a package would be, on a registry with a host of its own
	coreModules = set(strings.Fields(`assert async_hooks buffer child_process cluster console constants crypto
		dgram diagnostics_channel dns domain events fs http http2 https inspector module net os path perf_hooks
		process punycode querystring readline repl stream string_decoder sys timers tls trace_events tty url
		util v8 vm wasi worker_threads zlib`)...)
)

func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

// ErrName is what a name must look like.
var ErrName = errs.New(errs.Invalid, "npm.name",
	"That is not a package name: expected at most 214 lower-case letters, digits, dots, dashes and underscores, such as left-pad or @acme/left-pad.")

// ParseName checks a plain, already decoded name.
func ParseName(full string) (Name, error) {
	if len(full) == 0 || len(full) > maxName {
		return Name{}, ErrName
	}
	n := Name{Full: full, Base: full}
	if full[0] == '@' {
		scope, base, ok := strings.Cut(full[1:], "/")
		if !ok || !partPattern.MatchString(scope) {
			return Name{}, ErrName
		}
		n.Scope, n.Base = scope, base
	}
	if !partPattern.MatchString(n.Base) || forbidden[n.Base] {
		return Name{}, ErrName
	}
	if n.Scope == "" && coreModules[n.Base] {
		return Name{}, errs.Newf(errs.Invalid, "npm.core_module", "%s is a module of Node.js itself and cannot be a package.", n.Base)
	}
	if n.Scope == "" && ownPages[n.Base] {
		return Name{}, errs.Newf(errs.Invalid, "npm.own_page", "%s is a page of the registry itself and cannot be a package.", n.Base)
	}
	return n, nil
}

// punctuation is what people forget and confuse in names.
var punctuation = strings.NewReplacer(".", "", "-", "", "_", "")

// Moniker is what a name is to somebody who does not look closely: react-native, react.native and reactnative have
// the same. npm lets nobody make a package without a scope whose moniker is another package's. A name with a scope has
// none: its scope says whose it is.
func (n Name) Moniker() string {
	if n.Scope != "" {
		return ""
	}
	if m := punctuation.Replace(n.Full); m != "" {
		return m
	}
	return n.Full
}

// Tarball is the conventional file name of a version's tarball: the scope is not repeated.
func (n Name) Tarball(version string) string { return n.Base + "-" + version + ".tgz" }

// VersionOf returns the version in a tarball's file name. Older clients ask for scoped tarballs with
// the scope repeated in the file name ("@acme/widget-1.0.0.tgz"), so both forms are read.
func (n Name) VersionOf(file string) (version string, ok bool) {
	file = strings.TrimPrefix(file, "@"+n.Scope+"/")
	v, ok := strings.CutPrefix(file, n.Base+"-")
	if !ok {
		return "", false
	}
	v, ok = strings.CutSuffix(v, ".tgz")
	return v, ok && ParseVersion(v) == nil
}
