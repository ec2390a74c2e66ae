// Package forge knows how package.json says where a package's source is, and where a browser finds it. It is
// pure: nothing is asked of anybody.
package forge

import (
	"net/url"
	"path"
	"strings"
)

// Repository is where a package's source can be looked at.
type Repository struct {
	Web  string // an address for browsers, https or http
	Text string // the same for people: "code.example/ann/widget"

	// Files and Pictures are what a file's path in the repository is appended to, ending in a slash; "" where
	// it is not known how this host names files.
	Files, Pictures string
}

// shorthands are hosts by the short names that npm knows ("github:ann/widget"). A name alone ("ann/widget")
// is the first of them.
var shorthands = map[string]string{"": "github.com", "github": "github.com", "gitlab": "gitlab.com", "bitbucket": "bitbucket.org"}

// layouts are where hosts show a file of the default branch: as a page, and as what it is.
var layouts = map[string]struct{ files, pictures string }{
	"github.com":    {"/blob/HEAD/", "/raw/HEAD/"},
	"gitlab.com":    {"/-/blob/HEAD/", "/-/raw/HEAD/"},
	"bitbucket.org": {"/src/HEAD/", "/raw/HEAD/"},
}

// Parse reads what package.json says in repository (or repository.url) and repository.directory. It returns
// false for what leads to no page.
func Parse(repository, directory string) (Repository, bool) {
	u := address(strings.TrimSpace(repository))
	if u == nil {
		return Repository{}, false
	}
	u.Path = strings.TrimSuffix(strings.TrimSuffix(path.Clean("/"+u.Path), ".git"), "/")
	u.RawPath, u.RawQuery, u.Fragment, u.RawFragment, u.User = "", "", "", "", nil
	r := Repository{Web: u.String(), Text: u.Host + u.Path}
	known, ok := layouts[u.Host]
	if ok && strings.Count(u.Path, "/") >= 2 {
		within := ""
		if d := strings.Trim(path.Clean("/"+directory), "/"); d != "" {
			within = (&url.URL{Path: d}).EscapedPath() + "/"
		}
		r.Files, r.Pictures = r.Web+known.files+within, r.Web+known.pictures+within
	}
	return r, true
}

// address turns the ways in which git addresses are written into one for browsers.
func address(text string) *url.URL {
	text = strings.TrimPrefix(text, "git+")
	if rest, ok := strings.CutPrefix(text, "git@"); ok { // as ssh takes it: git@host:ann/widget.git
		text = "ssh://git@" + strings.Replace(rest, ":", "/", 1)
	}
	if short, rest, ok := strings.Cut(text, ":"); ok && shorthands[short] != "" {
		text = "https://" + shorthands[short] + "/" + rest
	} else if strings.Count(text, "/") == 1 && !strings.ContainsAny(text, ":@. ") {
		text = "https://" + shorthands[""] + "/" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" || len(u.Path) < 2 {
		return nil
	}
	switch u.Scheme {
	case "http", "https":
		if u.User != nil { // a password, or a host that is not what it seems
			return nil
		}
	case "git", "ssh":
		if u.Scheme, u.Host = "https", u.Hostname(); strings.Contains(u.Host, ":") {
			return nil
		}
	default:
		return nil
	}
	return u
}
