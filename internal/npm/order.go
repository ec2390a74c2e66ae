package npm

import "deps.dev/util/semver"

// Highest is the version that npm install without a version should get: the highest release, or the
// highest prerelease when there is no release. It returns "" for no versions.
func Highest(versions []string) string {
	best := ""
	for _, v := range versions {
		if best == "" || better(v, best) {
			best = v
		}
	}
	return best
}

func better(v, than string) bool {
	if a, b := prerelease(v), prerelease(than); a != b {
		return b
	}
	return semver.NPM.Compare(v, than) > 0
}

func prerelease(v string) bool {
	p, err := semver.NPM.Parse(v)
	return err == nil && p.IsPrerelease()
}
