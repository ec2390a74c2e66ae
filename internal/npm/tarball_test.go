package npm_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"strings"
	"testing"

	"latchkey/internal/errs"
	"latchkey/internal/npm"
	"latchkey/internal/npmpack"
)

func inspect(b []byte) (npm.Contents, error) {
	return npm.Inspect(bytes.NewReader(b), int64(len(b)), 512<<20)
}

func entry(name, content string) npmpack.Entry { return npmpack.Entry{Name: name, Content: content} }

func typed(name string, kind byte) npmpack.Entry {
	return npmpack.Entry{Name: name, Header: func(h *tar.Header) { h.Typeflag, h.Linkname = kind, "package.json" }}
}

const packageJSON = `{"name":"widget","version":"1.0.0"}`

func TestInspectFindsWhatIsInside(t *testing.T) {
	b := npmpack.Archive(
		entry("package/package.json", "\ufeff"+`{"name":"widget","version":"v1.0.0+build.5","scripts":{"postinstall":"x"}}`),
		entry("package/npm-shrinkwrap.json", "{}"), entry("package/binding.gyp", "{}"), entry("package/src/a.js", "1234"),
	)
	c, err := inspect(b)
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "widget" || c.Version != "1.0.0" || c.Files != 4 || !c.Shrinkwrap || !c.Gyp || !c.InstallScript || c.Unpacked != 3+74+2+2+4 {
		t.Errorf("%+v", c)
	}
}

func TestAnyRootFolderIsAccepted(t *testing.T) {
	if _, err := inspect(npmpack.Archive(entry("widget-1.0.0/package.json", packageJSON))); err != nil {
		t.Error(err)
	}
}

func TestHostileArchives(t *testing.T) {
	manifest := entry("package/package.json", packageJSON)
	good := npmpack.Archive(manifest)
	rows := map[string]struct {
		archive []byte
		code    string
	}{
		"not gzip":             {[]byte("hello"), "npm.tarball"},
		"empty":                {nil, "npm.tarball"},
		"gzip of no archive":   {gz(bytes.Repeat([]byte("x"), 1024)), "npm.tarball"},
		"cut short":            {good[:len(good)-20], "npm.tarball"},
		"wrong checksum":       {append(bytes.Clone(good[:len(good)-8]), 0, 0, 0, 0, 0, 0, 0, 0), "npm.tarball"},
		"trailing bytes":       {append(bytes.Clone(good), "evil"...), "npm.tarball_trailing"},
		"a second member":      {append(bytes.Clone(good), good...), "npm.tarball_trailing"},
		"no manifest":          {npmpack.Archive(entry("package/index.js", "")), "npm.tarball_manifest"},
		"manifest in capitals": {npmpack.Archive(entry("package/Package.json", packageJSON)), "npm.tarball_manifest"},
		"manifest too deep":    {npmpack.Archive(entry("package/a/package.json", packageJSON)), "npm.tarball_manifest"},
		"two manifests":        {npmpack.Archive(manifest, entry("other/package.json", packageJSON)), "npm.tarball_manifests"},
		"the same path twice":  {npmpack.Archive(manifest, entry("package/a", "1"), entry("package/a", "2")), "npm.tarball_twice"},
		"manifest is no JSON":  {npmpack.Archive(entry("package/package.json", "hello")), "npm.package_json"},
		"manifest says twice":  {npmpack.Archive(entry("package/package.json", `{"name":"a","name":"b","version":"1.0.0"}`)), "npm.package_json"},
		"manifest is huge":     {npmpack.Archive(entry("package/package.json", `{"x":"`+strings.Repeat("x", 1<<20)+`"}`)), "npm.package_json_size"},
		"manifest is a link":   {npmpack.Archive(typed("package/package.json", tar.TypeSymlink)), "npm.tarball_link"},
		"symbolic link":        {npmpack.Archive(manifest, typed("package/a", tar.TypeSymlink)), "npm.tarball_link"},
		"hard link":            {npmpack.Archive(manifest, typed("package/a", tar.TypeLink)), "npm.tarball_link"},
		"device":               {npmpack.Archive(manifest, typed("package/a", tar.TypeChar)), "npm.tarball_type"},
		"pipe":                 {npmpack.Archive(manifest, typed("package/a", tar.TypeFifo)), "npm.tarball_type"},
		"absolute path":        {npmpack.Archive(manifest, entry("/etc/passwd", "")), "npm.tarball_path"},
		"parent":               {npmpack.Archive(manifest, entry("package/../../x", "")), "npm.tarball_path"},
		"only a parent":        {npmpack.Archive(manifest, entry("../x", "")), "npm.tarball_path"},
		"backslash":            {npmpack.Archive(manifest, entry(`package\..\x`, "")), "npm.tarball_path"},
		"no folder":            {npmpack.Archive(manifest, entry("x", "")), "npm.tarball_path"},
		"not UTF-8":            {npmpack.Archive(manifest, entry("package/\xff", "")), "npm.tarball_path"},
		"long path":            {npmpack.Archive(manifest, entry("package/"+strings.Repeat("a/", 20)+strings.Repeat("x", 1025), "")), "npm.tarball_path"},
		"deep path":            {npmpack.Archive(manifest, entry("package/"+strings.Repeat("a/", 65)+"x", "")), "npm.tarball_path"},
	}
	for what, r := range rows {
		_, err := inspect(r.archive)
		if got := errs.Of(err).Code; err == nil || got != r.code {
			t.Errorf("%s: got %v (%s), want %s", what, err, got, r.code)
		}
	}
}

func TestOrdinaryOddities(t *testing.T) {
	manifest := entry("package/package.json", packageJSON)
	for what, e := range map[string]npmpack.Entry{
		"folder": typed("package/src/", tar.TypeDir), "dots in a name": entry("package/.../x", ""), "accents": entry("package/é.txt", ""),
	} {
		if _, err := inspect(npmpack.Archive(manifest, e)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestBombsAreRefused(t *testing.T) {
	zeros := entry("package/zeros", string(make([]byte, 70<<20)))
	b := npmpack.Archive(entry("package/package.json", packageJSON), zeros)
	if _, err := inspect(b); errs.Of(err).Code != "npm.tarball_unpacked" {
		t.Errorf("70 MiB of zeros in %d bytes: %v", len(b), err)
	}
	noise := make([]byte, 3<<20)
	_, _ = rand.Read(noise)
	b = npmpack.Archive(entry("package/package.json", packageJSON), entry("package/noise", string(noise)))
	if _, err := npm.Inspect(bytes.NewReader(b), int64(len(b)), 1<<20); errs.Of(err).Code != "npm.tarball_unpacked" {
		t.Errorf("3 MiB where 1 MiB is allowed: %v", err)
	}
}

func gz(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

func FuzzInspect(f *testing.F) {
	f.Add(npmpack.Archive(entry("package/package.json", packageJSON)))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = inspect(gz(b)) })
}
