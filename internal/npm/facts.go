package npm

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// facts are what installers act on in a package.json, in the form that it has for all of them. Clients
// rewrite a package.json on its way into the manifest, each in its own manner; facts undo that.
type facts struct {
	name, version string
	dependencies  map[string]string // the optional ones too, as npm 6 to 8 and yarn 1 understand them
	optional      map[string]string
	dev, peer     map[string]string
	optionalPeer  []string
	bundled       []string
	bin           map[string]string
	binFolder     string // every file in it is a command, when there is no bin
	engines       map[string]string
	os, cpu, libc []string
	hooks         map[string]string // the scripts that run at install
}

// members are those of a package.json that facts are made of. All of them may be of any type.
type members struct {
	Name         jsontext.Value `json:"name"`
	Version      jsontext.Value `json:"version"`
	Scripts      jsontext.Value `json:"scripts"`
	Dependencies jsontext.Value `json:"dependencies"`
	Optional     jsontext.Value `json:"optionalDependencies"`
	Dev          jsontext.Value `json:"devDependencies"`
	Peer         jsontext.Value `json:"peerDependencies"`
	PeerMeta     jsontext.Value `json:"peerDependenciesMeta"`
	Bundle       jsontext.Value `json:"bundleDependencies"`
	Bundled      jsontext.Value `json:"bundledDependencies"`
	Bin          jsontext.Value `json:"bin"`
	Directories  jsontext.Value `json:"directories"`
	Engines      jsontext.Value `json:"engines"`
	OS           jsontext.Value `json:"os"`
	CPU          jsontext.Value `json:"cpu"`
	Libc         jsontext.Value `json:"libc"`
}

// factsOf reads a package.json or a manifest, which is plain JSON.
func factsOf(doc jsontext.Value) (f facts, err error) {
	var m members
	if err := json.Unmarshal(doc, &m); err != nil || doc.Kind() != '{' {
		return f, errJSON.With(err)
	}
	f.name = strings.TrimSpace(plain(m.Name))
	f.version = cleanVersion(plain(m.Version))
	own := specs(m.Dependencies)
	f.optional, f.dev, f.peer = specs(m.Optional), specs(m.Dev), specs(m.Peer)
	f.dependencies = maps.Clone(own)
	if f.dependencies == nil && len(f.optional) > 0 {
		f.dependencies = map[string]string{}
	}
	maps.Copy(f.dependencies, f.optional)
	f.bundle(m, own)
	for name, meta := range membersOf[jsontext.Value](m.PeerMeta) {
		if o := membersOf[bool](meta); o["optional"] {
			f.optionalPeer = append(f.optionalPeer, name)
		}
	}
	slices.Sort(f.optionalPeer)
	f.bin = commands(m.Bin, f.name)
	f.binFolder = cleanPath(plain(membersOf[jsontext.Value](m.Directories)["bin"]))
	f.engines = membersOf[string](m.Engines)
	f.os, f.cpu, f.libc = words(m.OS), words(m.CPU), words(m.Libc)
	f.hooks = hooks(m.Scripts)
	return f, nil
}

// bundle reads either spelling of the list, which may be a list, an object, or true for all dependencies. npm
// adds what is bundled to the dependencies.
func (f *facts) bundle(m members, own map[string]string) {
	v := m.Bundle
	if v == nil {
		v = m.Bundled
	}
	switch v.Kind() {
	case 't':
		f.bundled = slices.Sorted(maps.Keys(own))
	case '{':
		f.bundled = slices.Sorted(maps.Keys(membersOf[jsontext.Value](v)))
	default:
		f.bundled = words(v)
	}
	for _, name := range f.bundled {
		if _, ok := f.dependencies[name]; ok {
			continue
		}
		if f.dependencies == nil {
			f.dependencies = map[string]string{}
		}
		f.dependencies[name] = "*"
	}
}

// differences lists what a manifest says otherwise than the package.json inside, by the names of the members.
func (f facts) differences(inside facts) (names []string) {
	for _, d := range []struct {
		name string
		same bool
	}{
		{"scripts", sameHooks(f.hooks, inside.hooks)},
		{"dependencies", maps.Equal(f.dependencies, inside.dependencies)},
		{"optionalDependencies", maps.Equal(f.optional, inside.optional)},
		{"devDependencies", maps.Equal(f.dev, inside.dev)},
		{"peerDependencies", maps.Equal(f.peer, inside.peer)},
		{"peerDependenciesMeta", slices.Equal(f.optionalPeer, inside.optionalPeer)},
		{"bundleDependencies", slices.Equal(f.bundled, inside.bundled)},
		{"bin", sameCommands(f, inside)},
		{"engines", maps.Equal(f.engines, inside.engines)},
		{"os", slices.Equal(f.os, inside.os)},
		{"cpu", slices.Equal(f.cpu, inside.cpu)},
		{"libc", slices.Equal(f.libc, inside.libc)},
	} {
		if !d.same {
			names = append(names, d.name)
		}
	}
	return names
}

// sameHooks compares the scripts that run at install. npm and yarn 1 add one where they see a *.gyp file, which
// need not be in the tarball; it says nothing about what is inside.
func sameHooks(manifest, inside map[string]string) bool {
	if manifest["install"] == nodeGyp && inside["install"] == "" && inside["preinstall"] == "" {
		manifest = maps.Clone(manifest)
		delete(manifest, "install")
	}
	return maps.Equal(manifest, inside)
}

const nodeGyp = "node-gyp rebuild"

// sameCommands compares bin. npm, yarn 1 and bun list the files of directories.bin there.
func sameCommands(manifest, inside facts) bool {
	if len(inside.bin) > 0 || inside.binFolder == "" {
		return maps.Equal(manifest.bin, inside.bin) && (manifest.binFolder == "" || manifest.binFolder == inside.binFolder)
	}
	for name, file := range manifest.bin {
		if name != path.Base(file) || inside.binFolder != "." && !strings.HasPrefix(file, inside.binFolder+"/") {
			return false
		}
	}
	return manifest.binFolder == "" || manifest.binFolder == inside.binFolder
}

// membersOf reads an object's members of one type; what else is in it, or no object, npm drops as well.
func membersOf[V any](v jsontext.Value) map[string]V {
	if v.Kind() != '{' {
		return nil
	}
	var all map[string]jsontext.Value
	if json.Unmarshal(v, &all) != nil || len(all) == 0 {
		return nil
	}
	out := make(map[string]V, len(all))
	for k, raw := range all {
		var value V
		if json.Unmarshal(raw, &value) == nil {
			out[k] = value
		}
	}
	return out
}

// words reads a list of texts, or a single one, as a set.
func words(v jsontext.Value) (out []string) {
	var all []jsontext.Value
	if v.Kind() == '"' {
		all = []jsontext.Value{v}
	} else if v.Kind() != '[' || json.Unmarshal(v, &all) != nil {
		return nil
	}
	for _, w := range all {
		if s := plain(w); s != "" {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// specs reads dependencies.
func specs(v jsontext.Value) map[string]string {
	out := membersOf[string](v)
	for name, spec := range out {
		out[name] = cleanSpec(spec)
	}
	return out
}

// binFolders is what npm cuts off the beginning of a script.
var binFolders = regexp.MustCompile(`^(\.[/\\])?node_modules[/\\].bin[/\\]`)

func hooks(v jsontext.Value) map[string]string {
	scripts := membersOf[string](v)
	out := map[string]string{}
	for _, hook := range []string{"preinstall", "install", "postinstall"} {
		if s := binFolders.ReplaceAllString(scripts[hook], ""); s != "" {
			out[hook] = s
		}
	}
	return out
}

// commands reads bin: an object, a list of files, or one file that is named as the package.
func commands(v jsontext.Value, name string) map[string]string {
	out := map[string]string{}
	add := func(command, file string) {
		// npm uses the last part of a name and keeps files below the package.
		if command, file = path.Base(cleanPath(command)), cleanPath(file); command != "." && file != "" {
			out[command] = file
		}
	}
	switch v.Kind() {
	case '"':
		add(name, plain(v))
	case '[':
		for _, file := range words(v) {
			add(file, file)
		}
	default:
		for command, file := range membersOf[string](v) {
			add(command, file)
		}
	}
	return out
}

// cleanPath is a path below the package, as npm writes it.
func cleanPath(p string) string {
	if p == "" {
		return ""
	}
	return path.Join(".", path.Join("/", strings.NewReplacer(`\`, "/", ":", "/").Replace(p))[1:])
}
