package npm

import (
	"net/url"
	"strings"
)

// hosts are those whose repositories npm writes in a form of its own, by the short names it gives them.
var hosts = map[string]string{
	"github": "github.com", "gitlab": "gitlab.com", "bitbucket": "bitbucket.org", "gist": "gist.github.com", "sourcehut": "git.sr.ht",
}

// cleanSpec is a dependency's range or address. Of the many ways to write a repository of one of the hosts above
// (npm turns some into others: acme/x, github:acme/x, git@github.com:acme/x.git, git+ssh://…) it makes one.
func cleanSpec(spec string) string {
	spec = strings.TrimSpace(spec)
	repository, commit, _ := strings.Cut(spec, "#")
	host, name, ok := repositoryOf(repository)
	if !ok {
		return spec
	}
	if tree, branch, ok := strings.Cut(name, "/tree/"); ok {
		name, commit = tree, branch
	}
	if u, err := url.Parse("#" + commit); err == nil {
		commit = u.Fragment
	}
	name = strings.TrimSuffix(strings.Trim(name, "/"), ".git")
	return "\n" + host + "/" + name + "#" + commit // which no spec that is left as it is begins with
}

// repositoryOf splits an address into one of the hosts and what follows.
func repositoryOf(s string) (host, name string, ok bool) {
	short, rest, colon := strings.Cut(s, ":")
	switch {
	case !colon: // acme/x is on GitHub; other paths are files
		return hosts["github"], s, strings.Count(s, "/") == 1 && !strings.ContainsAny(s[:1], "./~@")
	case hosts[short] != "" && !strings.HasPrefix(rest, "//"):
		return hosts[short], rest, true
	}
	rest = strings.TrimPrefix(rest, "//")
	if strings.Contains(short, "@") { // git@github.com:acme/x
		rest = s
	}
	authority, path, _ := strings.Cut(rest, "/")
	authority = authority[strings.LastIndexByte(authority, '@')+1:]
	authority, owner, scp := strings.Cut(authority, ":")
	if scp && owner != "" && strings.Trim(owner, "0123456789") != "" {
		path = owner + "/" + path
	}
	authority = strings.TrimPrefix(strings.ToLower(authority), "www.")
	for _, h := range hosts {
		if authority == h {
			return h, path, true
		}
	}
	return "", "", false
}
