package npm_test

import (
	"bytes"
	"crypto/rand"
	"testing"

	"latchkey/internal/errs"
	"latchkey/internal/npm"
	"latchkey/internal/npmpack"
)

func inspect(b []byte) (npm.Contents, error) {
	return npm.Inspect(bytes.NewReader(b), int64(len(b)), 512<<20)
}

func entry(name, content string) npmpack.Entry { return npmpack.Entry{Name: name, Content: content} }

const packageJSON = `{"name":"widget","version":"1.0.0"}`

func TestInspectFindsWhatIsInside(t *testing.T) {
	const manifest = "\ufeff" + `{"name":" widget ","version":" v1.0.0+build.5","scripts":{"test":"x"}}`
	b := npmpack.Archive(entry("package/package.json", manifest), entry("package/npm-shrinkwrap.json", "{}"), entry("package/src/a.js", "1234"))
	c, err := inspect(b)
	if err != nil {
		t.Fatal(err)
	}
	if c.Files != 3 || !c.Shrinkwrap || c.InstallScript || c.Unpacked != int64(len(manifest)+2+4) {
		t.Errorf("%+v", c)
	}
	name, _ := npm.ParseName("widget")
	if err := c.Agrees(name, npm.Publish{Version: "1.0.0", Manifest: []byte(`{"name":"widget","version":"1.0.0"}`)}); err != nil {
		t.Error(err)
	}
}

func TestInstallScriptsAreFoundInTheArchive(t *testing.T) {
	pack := func(scripts string, more ...npmpack.Entry) []byte {
		return npmpack.Archive(append(more, entry("package/package.json", `{"name":"widget","version":"1.0.0","scripts":`+scripts+`}`))...)
	}
	rows := map[string]struct {
		archive []byte
		want    bool
	}{
		"none":          {pack(`{}`), false},
		"another":       {pack(`{"test":"x","prepare":"x"}`), false},
		"preinstall":    {pack(`{"preinstall":"x"}`), true},
		"install":       {pack(`{"install":"x"}`), true},
		"postinstall":   {pack(`{"postinstall":"x"}`), true},
		"empty":         {pack(`{"postinstall":""}`), false},
		"no text":       {pack(`{"postinstall":[1]}`), false},
		"no scripts":    {pack(`"x"`), false},
		"gyp":           {pack(`{}`, entry("package/binding.gyp", "{}")), true},
		"gyp in macOS":  {pack(`{}`, entry("package/Binding.GYP", "{}")), true},
		"gyp in a part": {pack(`{}`, entry("package/lib/binding.gyp", "{}")), false},
	}
	for what, r := range rows {
		if c, err := inspect(r.archive); err != nil || c.InstallScript != r.want {
			t.Errorf("%s: %v, %v", what, c.InstallScript, err)
		}
	}
}

func TestAnyRootFolderIsAccepted(t *testing.T) {
	if _, err := inspect(npmpack.Archive(entry("widget-1.0.0/package.json", packageJSON))); err != nil {
		t.Error(err)
	}
}

func TestTheOperatorBoundsWhatIsUnpacked(t *testing.T) {
	noise := make([]byte, 3<<20)
	_, _ = rand.Read(noise)
	b := npmpack.Archive(entry("package/package.json", packageJSON), entry("package/noise", string(noise)))
	if _, err := npm.Inspect(bytes.NewReader(b), int64(len(b)), 1<<20); errs.Of(err).Code != "npm.tarball_unpacked" {
		t.Errorf("3 MiB where 1 MiB is allowed: %v", err)
	}
}
