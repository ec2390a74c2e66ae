package registry

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/access"
	"latchkey/internal/npm"
)

// maxDependencies is how many dependencies of a version are listed.
const maxDependencies = 1000

// Dependency is a package that a version asks for.
type Dependency struct {
	Name, Range string
	Kind        string // the member of package.json that asks: "dependencies"
	Here        bool   // it is in this registry, and the actor may see it
}

// dependencyKinds are the members of package.json that ask for packages, those of every installation first.
var dependencyKinds = []string{"dependencies", "peerDependencies", "optionalDependencies", "devDependencies"}

// Dependencies lists what a version asks for, by kind and name, at most 1,000, and says how many more there are.
func (s *Service) Dependencies(ctx context.Context, by access.Actor, name, ver string) (list []Dependency, more int, err error) {
	v, err := s.looked(ctx, by, name, ver)
	if err != nil {
		return nil, 0, err
	}
	body, err := store{s.db}.manifest(ctx, v.ID)
	if err != nil {
		return nil, 0, err
	}
	if list, err = dependencies(body); err != nil || len(list) == 0 {
		return nil, 0, err
	}
	more = max(0, len(list)-maxDependencies)
	list = list[:len(list)-more]
	names := make([]string, len(list))
	for i, d := range list {
		names[i] = d.Name
	}
	here, err := store{s.db}.visible(ctx, s.viewer(by), names)
	for i, d := range list {
		list[i].Here = slices.Contains(here, d.Name)
	}
	return list, more, err
}

// dependencies reads a stored manifest, in which a control character stands for the registry's address.
func dependencies(body []byte) (list []Dependency, err error) {
	var m map[string]jsontext.Value
	if err := json.Unmarshal(bytes.ReplaceAll(body, []byte{npm.Address}, nil), &m); err != nil {
		return nil, err
	}
	optional := map[string]jsontext.Value{}
	_ = json.Unmarshal(m["optionalDependencies"], &optional)
	for _, kind := range dependencyKinds {
		asked, from := map[string]jsontext.Value{}, len(list)
		if m[kind] != nil {
			_ = json.Unmarshal(m[kind], &asked)
		}
		for name, value := range asked {
			if _, also := optional[name]; also && kind == "dependencies" {
				continue // npm repeats optional ones among the others
			}
			var text string
			_ = json.Unmarshal(value, &text)
			list = append(list, Dependency{Name: npm.Storable(name, 256), Range: npm.Storable(text, 256), Kind: kind})
		}
		slices.SortFunc(list[from:], func(a, b Dependency) int { return cmp.Compare(a.Name, b.Name) })
	}
	return list, nil
}
