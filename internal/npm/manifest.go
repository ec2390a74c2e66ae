package npm

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/errs"
)

// Address stands for the registry's public address in stored manifests. It is a control character, which
// cannot occur in JSON text, so that Resolve finds it without parsing, and a registry can move to
// another address without its manifests being written again.
const Address = '\x1f'

// Release is what the server says about a version, whatever the client sent.
type Release struct {
	Name        Name
	Version     string
	Integrity   string // sha512-{base64}
	Shasum      string // sha1, hexadecimal: npm's own compatibility field
	KeyID       string
	Signature   string
	Publisher   string
	Maintainers []string
	Contents    Contents
}

// Documents are the stored forms of a version's manifest.
type Documents struct {
	Full, Abbreviated []byte // JSON objects, with Address in their addresses
	Head              []byte // members of the package's own document while this version is its latest
	Readme, ReadmeAs  string
}

// abbreviatedKeys are the members that installers read; npm's public documentation of the
// "install-v1" form lists them, and pnpm, yarn and bun read no others.
var abbreviatedKeys = []string{
	"name", "version", "deprecated", "dependencies", "optionalDependencies", "devDependencies",
	"bundleDependencies", "bundledDependencies", "peerDependencies", "peerDependenciesMeta", "bin", "directories",
	"engines", "cpu", "os", "libc", "funding", "_hasShrinkwrap", "hasInstallScript",
}

// headKeys are the members that the package's document repeats from its latest version.
var headKeys = []string{"description", "homepage", "keywords", "repository", "author", "bugs", "license", "contributors", "readmeFilename"}

// serverKeys are members that only the server may set, or that carry a path of the publisher's machine.
var serverKeys = []string{
	"dist", "_id", "_rev", "_attachments", "_resolved", "_from", "_integrity", "_shasum", "_where", "integrity", "shasum",
	"readme", "maintainers", "users", "time", "_npmUser", "_npmOperationalInternal", "_hasShrinkwrap",
	"hasInstallScript", "deprecated", "policyRestrictions", "signatures", "attestations",
}

// objectKeys must be objects when present: installers iterate over them.
var objectKeys = []string{
	"dependencies", "optionalDependencies", "devDependencies", "peerDependencies", "peerDependenciesMeta", "scripts", "engines",
}

// specKeys are objects of texts: some installers fail over anything else in there.
var specKeys = []string{"dependencies", "optionalDependencies", "peerDependencies"}

// Documents builds the stored forms from the manifest that the client sent.
func (p Publish) Documents(r Release) (d Documents, err error) {
	var m map[string]jsontext.Value
	if err := json.Unmarshal(p.Manifest, &m); err != nil {
		return d, errJSON.With(err)
	}
	if err := checkManifest(m, r); err != nil {
		return d, err
	}
	d.Readme, d.ReadmeAs = p.readme(m)
	for _, k := range serverKeys {
		delete(m, k)
	}
	m["_id"] = text(r.Name.Full + "@" + r.Version)
	m["_npmUser"] = person(r.Publisher)
	m["maintainers"] = people(r.Maintainers)
	m["_hasShrinkwrap"] = jsontext.Value(strconv.FormatBool(r.Contents.Shrinkwrap))
	if r.Contents.InstallScript {
		m["hasInstallScript"] = jsontext.Value("true")
	}
	dist := r.dist()
	if d.Full, err = object(m, dist); err != nil {
		return d, err
	}
	if d.Abbreviated, err = object(pick(m, abbreviatedKeys), dist); err != nil {
		return d, err
	}
	head, err := object(pick(m, headKeys), nil)
	d.Head = head
	return d, err
}

func checkManifest(m map[string]jsontext.Value, r Release) error {
	var name, version string
	if json.Unmarshal(m["name"], &name) != nil || name != r.Name.Full {
		return errs.Newf(errs.Invalid, "npm.manifest_name", "The manifest is of another package: expected %s.", r.Name.Full)
	}
	if json.Unmarshal(m["version"], &version) != nil || version != r.Version {
		return errs.Newf(errs.Invalid, "npm.manifest_version", "The manifest is of another version: expected %s.", r.Version)
	}
	for _, k := range objectKeys {
		if v, ok := m[k]; ok && v.Kind() != '{' {
			return errs.Newf(errs.Invalid, "npm.manifest_type", "%s in the manifest must be an object.", k)
		}
	}
	for _, k := range specKeys {
		var specs map[string]string
		if v, ok := m[k]; ok && json.Unmarshal(v, &specs) != nil {
			return errs.Newf(errs.Invalid, "npm.manifest_type", "%s in the manifest must have a range or an address for each package.", k)
		}
	}
	return nil
}

// readme takes the readme from where the client put it: npm, pnpm and bun in the version, yarn beside it.
func (p Publish) readme(m map[string]jsontext.Value) (body, filename string) {
	body, filename = p.Readme, p.ReadmeFilename
	if body == "" {
		body = plain(m["readme"])
	}
	if filename == "" {
		filename = plain(m["readmeFilename"])
	}
	if body == noReadme {
		body = ""
	}
	return body, filename
}

// dist is written by hand because of Address, which an encoder would escape; all its parts are plain.
func (r Release) dist() []byte {
	var b bytes.Buffer
	b.WriteString(`"dist":{"tarball":"`)
	b.WriteByte(Address)
	b.WriteString(r.Name.Full + `/-/` + r.Name.Tarball(r.Version))
	b.WriteString(`","shasum":"` + r.Shasum + `","integrity":"` + r.Integrity)
	b.WriteString(`","fileCount":` + strconv.FormatInt(r.Contents.Files, 10))
	b.WriteString(`,"unpackedSize":` + strconv.FormatInt(r.Contents.Unpacked, 10))
	b.WriteString(`,"signatures":[{"keyid":"` + r.KeyID + `","sig":"` + r.Signature + `"}]}`)
	return b.Bytes()
}

// object encodes members in a stable order, with one more that is encoded already.
func object(m map[string]jsontext.Value, last []byte) ([]byte, error) {
	b, err := json.Marshal(m, json.Deterministic(true))
	if err != nil || last == nil {
		return b, err
	}
	b = b[:len(b)-1]
	if len(m) > 0 {
		b = append(b, ',')
	}
	return append(append(b, last...), '}'), nil
}

func pick(m map[string]jsontext.Value, keys []string) map[string]jsontext.Value {
	out := make(map[string]jsontext.Value, len(keys))
	for _, k := range keys {
		if v, ok := m[k]; ok {
			out[k] = v
		}
	}
	return out
}

// Resolve appends a stored manifest to dst with the registry's address in place of Address.
func Resolve(dst, stored []byte, address string) []byte {
	for {
		i := bytes.IndexByte(stored, Address)
		if i < 0 {
			return append(dst, stored...)
		}
		dst = append(append(dst, stored[:i]...), address...)
		stored = stored[i+1:]
	}
}

func text(s string) jsontext.Value {
	b, _ := jsontext.AppendQuote(nil, s)
	return b
}

// person names somebody without their address: a package's document is read by strangers.
func person(name string) jsontext.Value {
	return jsontext.Value(`{"name":` + string(text(name)) + `,"email":""}`)
}

func people(names []string) jsontext.Value {
	b := []byte{'['}
	for i, n := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, person(n)...)
	}
	return append(b, ']')
}
