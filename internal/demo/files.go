package demo

import (
	"embed"
	"io/fs"
	"path"
	"strings"

	"deps.dev/util/semver"
)

// files has a folder for each package that is more than one file, named by the version that brought it:
// "left-align@4.0.0".
//
//go:embed files
var files embed.FS

// filesOf are the files of a version, from the newest folder that is not newer.
func filesOf(name, version string) (map[string]string, error) {
	folders, err := files.ReadDir("files")
	if err != nil {
		return nil, err
	}
	from, newest := "", ""
	for _, f := range folders {
		v, ok := strings.CutPrefix(f.Name(), name+"@")
		if ok && semver.NPM.Compare(v, version) <= 0 && (newest == "" || semver.NPM.Compare(v, newest) > 0) {
			from, newest = path.Join("files", f.Name()), v
		}
	}
	out := map[string]string{}
	if from == "" {
		return out, nil
	}
	return out, fs.WalkDir(files, from, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := files.ReadFile(p)
		out[strings.TrimPrefix(p, from+"/")] = string(b)
		return err
	})
}
