package tardiff

import (
	"bytes"
	"context"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/archive"
)

const (
	packageJSON = "package.json"
	maxManifest = 1 << 20 // bytes, as at publish
	maxValue    = 300     // bytes of a value that are shown
	maxMembers  = 200     // changes that are listed of each kind
)

// Change is a member of package.json that differs: a script, a dependency, a command.
type Change struct {
	Kind          Kind
	Group, Name   string // "scripts", "postinstall"
	Before, After string
	Install       bool // runs on the machine of whoever installs the package
}

// Manifest is what changed of package.json, as far as it decides over others' machines.
type Manifest struct {
	Scripts      []Change // those that run at install first
	Dependencies []Change // of every kind
	Bin          []Change
	Other        []string // names of other members that differ
	More         int      // changes that are not listed, because there are so many
	Unreadable   bool     // one of the two cannot be read, so nothing is said of them
}

// hooks are the scripts that npm runs at install. A package with a binding.gyp and none of the first two has
// node-gyp rebuild run instead.
var hooks = []string{"preinstall", "install", "postinstall"}

// groups are the members that are compared by their own members.
var groups = []string{"dependencies", "optionalDependencies", "peerDependencies", "devDependencies", "bundleDependencies", "bundledDependencies"}

// quiet are members that always differ, or are compared apart.
var quiet = append([]string{"version", "scripts", "bin", "name"}, groups...)

type members map[string]jsontext.Value

func manifests(ctx context.Context, from, to Side) (m Manifest, err error) {
	old, ok, err := manifest(ctx, from)
	if err != nil {
		return m, err
	}
	fresh, also, err := manifest(ctx, to)
	if !ok || !also {
		return Manifest{Unreadable: true}, err
	}
	m.Scripts = compare("scripts", scripts(old, from.Index), scripts(fresh, to.Index))
	for i, c := range m.Scripts {
		m.Scripts[i].Install = slices.Contains(hooks, c.Name)
	}
	slices.SortStableFunc(m.Scripts, func(a, b Change) int {
		switch {
		case a.Install == b.Install:
			return 0
		case a.Install:
			return -1
		}
		return 1
	})
	for _, g := range groups {
		m.Dependencies = append(m.Dependencies, compare(g, texts(old[g]), texts(fresh[g]))...)
	}
	m.Bin = compare("bin", commands(old), commands(fresh))
	for _, key := range slices.Sorted(maps.Keys(merge(old, fresh))) {
		if !slices.Contains(quiet, key) && !same(old[key], fresh[key]) {
			m.Other = append(m.Other, cut(key))
		}
	}
	for _, list := range []*[]Change{&m.Scripts, &m.Dependencies, &m.Bin} {
		m.More += max(0, len(*list)-maxMembers)
		*list = (*list)[:min(maxMembers, len(*list))]
	}
	m.Other = m.Other[:min(maxMembers, len(m.Other))]
	return m, err
}

// manifest reads a side's package.json as leniently as installers do.
func manifest(ctx context.Context, s Side) (m members, ok bool, err error) {
	e, found := s.Index.Find(packageJSON)
	if !found || e.Size > maxManifest {
		return nil, false, nil
	}
	text, err := s.Text(ctx, maxManifest, e)
	if err != nil {
		return nil, false, err
	}
	b := bytes.TrimPrefix(text[packageJSON], []byte("\ufeff"))
	broken := json.Unmarshal(b, &m, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	return m, broken == nil, nil
}

// scripts are a package's scripts, with the one that npm adds for a binding.gyp.
func scripts(m members, x *archive.Index) map[string]string {
	s := texts(m["scripts"])
	_, gyp := x.Find("binding.gyp")
	if _, pre := s["preinstall"]; gyp && !pre {
		if _, own := s["install"]; !own {
			s["install"] = "node-gyp rebuild (for binding.gyp)"
		}
	}
	return s
}

// commands are what a package puts into the path. A text alone is a command of the package's own name.
func commands(m members) map[string]string {
	if m["bin"].Kind() == '"' {
		return map[string]string{path.Base(plain(m["name"])): plain(m["bin"])}
	}
	return texts(m["bin"])
}

// texts reads an object of texts, or a list of them. Values of other kinds are compared as they are written.
func texts(v jsontext.Value) map[string]string {
	out, object, list := map[string]string{}, members{}, []jsontext.Value{}
	switch v.Kind() {
	case '{':
		_ = json.Unmarshal(v, &object, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		for key, value := range object {
			out[key] = plain(value)
		}
	case '[':
		_ = json.Unmarshal(v, &list, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		for _, value := range list {
			out[plain(value)] = "true"
		}
	default:
	}
	return out
}

func plain(v jsontext.Value) (text string) {
	if v.Kind() != '"' || json.Unmarshal(v, &text, jsontext.AllowInvalidUTF8(true)) != nil {
		return string(v)
	}
	return text
}

func compare(group string, old, fresh map[string]string) (out []Change) {
	for _, name := range slices.Sorted(maps.Keys(merge(old, fresh))) {
		before, had := old[name]
		after, has := fresh[name]
		c := Change{Kind: Changed, Group: group, Name: cut(name), Before: cut(before), After: cut(after)}
		switch {
		case !had:
			c.Kind = Added
		case !has:
			c.Kind = Removed
		case before == after:
			continue
		}
		out = append(out, c)
	}
	return out
}

func merge[V any](a, b map[string]V) map[string]V {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]V{}
	}
	maps.Copy(out, b)
	return out
}

// same compares two members without regard to blanks and the order of keys.
func same(a, b jsontext.Value) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	if a.Canonicalize(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) != nil ||
		b.Canonicalize(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) != nil {
		return false
	}
	return bytes.Equal(a, b)
}

func cut(text string) string {
	text = strings.ToValidUTF8(text, "�")
	if len(text) <= maxValue {
		return text
	}
	return strings.ToValidUTF8(text[:maxValue], "") + "…"
}
