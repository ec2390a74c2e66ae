// Package npmpack packs packages and makes publish bodies the way npm does. The demonstration data and
// the tests are made with it.
package npmpack

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha1" // npm's shasum
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Package is a package to publish. Only Name and Version are needed.
type Package struct {
	Name, Version string
	Manifest      map[string]any    // more members of package.json
	Files         map[string]string // besides package.json and the readme, by path inside the package
	Readme        string
	Tag           string // default latest
	Access        string // "public", "restricted" or "" for null

	// Archive replaces the packed tarball, and Body edits the publish body, for tests of bad input.
	Archive []byte
	Body    func(body map[string]any)
	Text    func(body string) string // edits what JSON of a map cannot say
}

// PackageJSON is the package's manifest.
func (p Package) PackageJSON() map[string]any {
	m := map[string]any{"name": p.Name, "version": p.Version}
	maps.Copy(m, p.Manifest)
	return m
}

// Tarball packs the package.
func (p Package) Tarball() []byte {
	if p.Archive != nil {
		return p.Archive
	}
	manifest, _ := json.MarshalIndent(p.PackageJSON(), "", "  ")
	entries := []Entry{{Name: "package/package.json", Content: string(manifest)}}
	if p.Readme != "" {
		entries = append(entries, Entry{Name: "package/README.md", Content: p.Readme})
	}
	for _, path := range slices.Sorted(maps.Keys(p.Files)) {
		entries = append(entries, Entry{Name: "package/" + path, Content: p.Files[path]})
	}
	return Archive(entries...)
}

// Entry is one entry of an archive; Header may change what is written of it.
type Entry struct {
	Name, Content string
	Header        func(h *tar.Header)
}

// Archive makes a gzipped tar archive.
func Archive(entries ...Entry) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	t := tar.NewWriter(z)
	for _, e := range entries {
		h := &tar.Header{Name: e.Name, Mode: 0o644, Size: int64(len(e.Content)), Typeflag: tar.TypeReg}
		if e.Header != nil {
			e.Header(h)
		}
		if err := t.WriteHeader(h); err != nil {
			panic(err)
		}
		if h.Size > 0 {
			_, _ = t.Write([]byte(e.Content))
		}
	}
	_ = t.Close()
	_ = z.Close()
	return b.Bytes()
}

// PublishBody is what npm publish sends for the package.
func (p Package) PublishBody() []byte {
	tgz := p.Tarball()
	strong, weak := sha512.Sum512(tgz), sha1.Sum(tgz)
	version := p.PackageJSON()
	version["_id"] = p.Name + "@" + p.Version
	version["readme"] = p.Readme
	version["dist"] = map[string]any{
		"integrity": "sha512-" + base64.StdEncoding.EncodeToString(strong[:]),
		"shasum":    hex.EncodeToString(weak[:]),
		// npm repeats the scope and forces http; servers replace it.
		"tarball": "http://registry.invalid/" + p.Name + "/-/" + p.Name + "-" + p.Version + ".tgz",
	}
	tag := p.Tag
	if tag == "" {
		tag = "latest"
	}
	body := map[string]any{
		"_id": p.Name, "name": p.Name, "description": version["description"],
		"dist-tags": map[string]any{tag: p.Version},
		"versions":  map[string]any{p.Version: version},
		"access":    nil,
		"_attachments": map[string]any{
			p.Name + "-" + p.Version + ".tgz": map[string]any{
				"content_type": "application/octet-stream", "data": base64.StdEncoding.EncodeToString(tgz), "length": len(tgz),
			},
		},
	}
	if p.Access != "" {
		body["access"] = p.Access
	}
	if p.Body != nil {
		p.Body(body)
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		panic(err)
	}
	if p.Text != nil {
		return []byte(p.Text(b.String()))
	}
	return []byte(b.String())
}
