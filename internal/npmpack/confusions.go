package npmpack

import (
	"maps"
	"strings"
)

// manifests are about a package.json that no two programs read alike, or none can.
func (k kit) manifests() (attacks []Attack) {
	with := func(what, code, members string) {
		content := strings.TrimSuffix(k.json(), "}") + members + "}"
		attacks = append(attacks, k.archive(what, code, RawArchive(Raw{Name: "package/package.json", Content: content})))
	}
	raw := func(what, content string) {
		attacks = append(attacks, k.archive(what, "npm.package_json", RawArchive(Raw{Name: "package/package.json", Content: content})))
	}
	raw("a package.json that is empty", "")
	raw("a package.json that is text", "hello")
	raw("a package.json that is a list", "[]")
	raw("a package.json in UTF-16", "\xff\xfe{\x00}\x00")
	raw("a package.json and another", k.json()+k.json())
	with("a name twice", "npm.package_json", `,"name":"evil"`)
	with("scripts twice", "npm.package_json", `,"scripts":{},"scripts":{"postinstall":"id"}`)
	with("a script twice", "npm.package_json", `,"scripts":{"postinstall":"","postinstall":"id"}`)
	with("half a character", "npm.package_json", `,"x":"\ud800"`)
	with("a deep package.json", "npm.json_depth", `,"x":`+strings.Repeat("[", 100)+strings.Repeat("]", 100))
	with("a huge package.json", "npm.package_json_size", `,"x":"`+strings.Repeat("x", 1<<20)+`"`)
	for _, key := range []string{"__proto__", "constructor", "prototype", `\u005f_proto__`} {
		with("a member "+key, "npm.prototype_key", `,"`+key+`":{}`)
		with("a dependency "+key, "npm.prototype_key", `,"dependencies":{"`+key+`":"1"}`)
		with("deep down "+key, "npm.prototype_key", `,"x":[[{"y":{"`+key+`":1}}]]`)
	}
	with("an infinite number", "npm.json_number", `,"x":1e400`)
	with("a number of a thousand digits", "npm.json_number", `,"x":`+strings.Repeat("1", 1000))
	return attacks
}

// confusions say one thing in the manifest, which installers resolve by, and another in the package.json
// inside, which they run.
func (k kit) confusions() (attacks []Attack) {
	add := func(what, code string, inside, outside map[string]any) {
		honest := k.Package
		honest.Manifest = inside
		p := k.Package
		p.Archive, p.Manifest = honest.Tarball(), outside
		attacks = append(attacks, Attack{what, code, p})
	}
	differs := func(what string, inside, outside map[string]any) { add(what, "npm.manifest_differs", inside, outside) }
	m := func(key string, value any) map[string]any { return map[string]any{key: value} }
	one := m("evil", "1.0.0")
	add("another name inside", "npm.tarball_name", m("name", "evil"), nil)
	add("another version inside", "npm.tarball_version", m("version", "6.6.6"), nil)
	for _, hook := range []string{"preinstall", "install", "postinstall"} {
		differs("a hidden "+hook, m("scripts", m(hook, "id")), nil)
		differs("an invented "+hook, nil, m("scripts", m(hook, "id")))
		differs("another "+hook, m("scripts", m(hook, "id")), m("scripts", m(hook, "true")))
	}
	differs("node-gyp in place of a script", m("scripts", m("preinstall", "id")), m("scripts", m("install", "node-gyp rebuild")))
	for _, kind := range []string{"dependencies", "optionalDependencies", "peerDependencies", "devDependencies"} {
		differs("hidden "+kind, m(kind, one), nil)
		differs("invented "+kind, nil, m(kind, one))
		differs("another range in "+kind, m(kind, one), m(kind, m("evil", "2.0.0")))
	}
	differs("another repository", m("dependencies", m("x", "evil/x")), m("dependencies", m("x", "github:acme/x")))
	differs("another host", m("dependencies", m("x", "gitlab:acme/x")), m("dependencies", m("x", "acme/x")))
	differs("another commit", m("dependencies", m("x", "acme/x#evil")), m("dependencies", m("x", "acme/x#v1")))
	differs("a dependency that is optional inside", m("optionalDependencies", one), m("dependencies", one))
	differs("an optional peer", m("peerDependenciesMeta", m("x", m("optional", true))), nil)
	differs("a bundle", m("bundleDependencies", []string{"evil"}), m("dependencies", m("evil", "*")))
	differs("a bundle by its other name", nil, m("bundledDependencies", []string{"evil"}))
	differs("a hidden command", m("bin", m("npm", "evil.js")), nil)
	differs("another command", m("bin", m("x", "evil.js")), m("bin", m("x", "x.js")))
	differs("a command that becomes a folder", m("bin", m("x", "x.js")), m("directories", m("bin", "evil")))
	differs("a command outside its folder", m("directories", m("bin", "tools")), m("bin", m("x", "evil/x")))
	differs("engines", m("engines", m("node", ">=1")), m("engines", m("node", ">=99")))
	differs("a system", m("os", []string{"linux"}), m("os", []string{"win32"}))
	differs("a processor", m("cpu", []string{"x64"}), nil)
	differs("a C library", nil, m("libc", "musl"))
	return append(attacks, k.bodies()...)
}

// bodies are about manifests that some client would fail over.
func (k kit) bodies() (attacks []Attack) {
	m := func(key string, value any) map[string]any { return map[string]any{key: value} }
	for what, outside := range map[string]map[string]any{
		"a list of dependencies": m("dependencies", []string{"x"}), "scripts that are text": m("scripts", "id"),
		"a dependency that is an object": m("dependencies", m("x", map[string]any{})),
	} {
		p := k.Package
		p.Manifest = outside // and so it is inside
		attacks = append(attacks, Attack{what, "npm.manifest_type", p})
	}
	for what, body := range map[string]struct{ code, old, replacement string }{
		"a prototype in the manifest":       {"npm.prototype_key", `"x-here":1`, `"__proto__":{"evil":1}`},
		"a prototype among dependencies":    {"npm.prototype_key", `"x-here":1`, `"dependencies":{"constructor":"1"}`},
		"an infinite number in the body":    {"npm.json_number", `"x-here":1`, `"x-here":-1e999`},
		"a member twice in the manifest":    {"npm.json", `"x-here":1`, `"x-here":1,"x-here":2`},
		"half a character in the manifest":  {"npm.json", `"x-here":1`, `"x-here":"\udc00"`},
		"a manifest that is nested too far": {"npm.json_depth", `"x-here":1`, `"x-here":` + strings.Repeat("[", 99) + strings.Repeat("]", 99)},
	} {
		p := k.Package
		p.Manifest = map[string]any{"x-here": 1}
		p.Text = func(text string) string { return strings.ReplaceAll(text, body.old, body.replacement) }
		attacks = append(attacks, Attack{what, body.code, p})
	}
	return attacks
}

// Inside is a package.json that says what the manifest says in other words, as clients turn one into the other.
type Inside struct {
	What             string
	Inside, Manifest map[string]any
}

// Rewritten are packages whose manifests clients rewrite.
func Rewritten() []Inside {
	m := func(key string, value any) map[string]any { return map[string]any{key: value} }
	both := func(a, b map[string]any) map[string]any {
		out := maps.Clone(a)
		maps.Copy(out, b)
		return out
	}
	deps := func(spec string) map[string]any { return m("dependencies", m("x", spec)) }
	optional := m("optionalDependencies", m("x", "1"))
	return []Inside{
		{"optional dependencies repeated (npm 6 to 8)", optional, both(optional, deps("1"))},
		{"optional dependencies not repeated (yarn 1)", both(optional, deps("1")), optional},
		{"npm's form of a repository on GitHub", deps("acme/x#v1"), deps("github:acme/x#v1")},
		{"npm's form of a repository by SSH", deps("git@github.com:acme/x.git"), deps("git+ssh://git@github.com/acme/x.git")},
		{"npm's form of a repository on GitLab", deps("git+ssh://git@gitlab.com:acme/x#semver:^1"), deps("git+ssh://git@gitlab.com/acme/x.git#semver:^1")},
		{"npm's form of a branch", deps("https://github.com/acme/x/tree/main"), deps("git+https://github.com/acme/x.git#main")},
		{"a script in node_modules/.bin", m("scripts", m("install", "./node_modules/.bin/foo")), m("scripts", m("install", "foo"))},
		{"a script for node-gyp", nil, both(m("scripts", m("install", "node-gyp rebuild")), m("gypfile", true))},
		{"bundled dependencies", m("bundledDependencies", []string{"x"}), both(m("bundleDependencies", []string{"x"}), deps("*"))},
		{"all dependencies bundled", both(m("bundleDependencies", true), deps("1")), both(m("bundleDependencies", []string{"x"}), deps("1"))},
		{"no dependencies bundled", m("bundleDependencies", false), m("bundleDependencies", []string{})},
		{"a command named as the package", m("bin", "./cli.js"), m("bin", m("widget", "cli.js"))},
		{"a command named as the package, with its scope", m("bin", "./cli.js"), m("bin", m("@acme/widget", "cli.js"))},
		{"a list of commands", m("bin", []string{"./bin/a.js"}), m("bin", m("a.js", "bin/a.js"))},
		{"commands in a folder", m("directories", m("bin", "./tools")), m("bin", m("t.js", "tools/t.js"))},
		{"commands in a folder, not listed (pnpm)", m("directories", m("bin", "./tools")), m("directories", m("bin", "./tools"))},
		{"a system that is no list", m("os", "linux"), m("os", []string{"linux"})},
		{"an empty list of dependencies", m("dependencies", []string{}), m("dependencies", map[string]any{})},
		{"a dependency that is no text", m("dependencies", m("x", 1)), m("dependencies", map[string]any{})},
		{"an empty script", m("scripts", m("install", "")), m("scripts", m("install", "node-gyp rebuild"))},
	}
}

// Publish is the package with one package.json inside and another manifest outside.
func (i Inside) Publish(name, version string) Package {
	inside := Package{Name: name, Version: version, Manifest: i.Inside}
	return Package{Name: name, Version: version, Manifest: i.Manifest, Archive: inside.Tarball()}
}
