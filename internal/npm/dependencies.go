package npm

import (
	"cmp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/errs"
)

// The kinds of dependencies.
const (
	Prod     = "prod"
	Dev      = "dev"
	Optional = "optional"
	Peer     = "peer"
)

const (
	maxDependencies = 5000
	maxRequirement  = 256 // bytes
)

// Dependency is a package that a version asks a registry for.
type Dependency struct{ Name, Kind, Requirement string }

// Dependencies lists what the manifest asks a registry for, in order and each once. An alias
// ("npm:other@^1") asks for the package behind it; what comes from git, a folder or an address asks for
// none.
func (p Publish) Dependencies() ([]Dependency, error) {
	var m struct {
		Prod     jsontext.Value `json:"dependencies"`
		Dev      jsontext.Value `json:"devDependencies"`
		Optional jsontext.Value `json:"optionalDependencies"`
		Peer     jsontext.Value `json:"peerDependencies"`
	}
	if err := json.Unmarshal(p.Manifest, &m); err != nil {
		return nil, errJSON.With(err)
	}
	optional := requirements(m.Optional)
	prod := requirements(m.Prod)
	for name := range optional { // which npm repeats in dependencies
		delete(prod, name)
	}
	var out []Dependency
	for kind, all := range map[string]map[string]string{Prod: prod, Dev: requirements(m.Dev), Optional: optional, Peer: requirements(m.Peer)} {
		for name, requirement := range all {
			if d, ok := dependency(name, kind, requirement); ok {
				out = append(out, d)
			}
		}
	}
	slices.SortFunc(out, func(a, b Dependency) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Requirement, b.Requirement))
	})
	out = slices.Compact(out)
	if len(out) > maxDependencies {
		return nil, errs.Newf(errs.Invalid, "npm.dependencies", "The manifest lists %d dependencies: expected at most %d.", len(out), maxDependencies)
	}
	return out, nil
}

// requirements are the texts of an object; what is no text is nothing that a client could install.
func requirements(v jsontext.Value) map[string]string {
	var all map[string]jsontext.Value
	if json.Unmarshal(v, &all) != nil {
		return nil
	}
	out := make(map[string]string, len(all))
	for name, value := range all {
		if value.Kind() == '"' {
			out[name] = plain(value)
		}
	}
	return out
}

func dependency(name, kind, requirement string) (Dependency, bool) {
	if alias, ok := strings.CutPrefix(requirement, "npm:"); ok {
		at := strings.LastIndexByte(alias, '@')
		if name, requirement = alias, ""; at > 0 {
			name, requirement = alias[:at], alias[at+1:]
		}
	}
	if strings.ContainsAny(requirement, ":/") || len(requirement) > maxRequirement || name == "" || len(name) > maxName ||
		strings.ContainsRune(name+requirement, 0) {
		return Dependency{}, false
	}
	return Dependency{name, kind, strings.TrimSpace(requirement)}, true
}
