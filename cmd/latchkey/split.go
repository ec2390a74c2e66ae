package main

import (
	"net/http"
	"net/url"
	"strings"

	"latchkey/internal/config"
)

// split puts both edges behind one listener. With a registry address on a host name of its own, that
// host is the registry's. Otherwise the path decides: /npm/ is the registry with the prefix cut off,
// and /-/ at the root is the registry too, because npm drops the prefix in two of its calls (the OIDC
// exchange and attestations). The Host header only chooses between the two; no address is built from it.
func split(cfg *config.Config, portal, registry http.Handler) http.Handler {
	p, _ := url.Parse(cfg.URL)
	r, _ := url.Parse(cfg.RegistryURL) // both were checked by Config.Complete
	prefix := strings.TrimSuffix(r.EscapedPath(), "/")
	apart := !strings.EqualFold(p.Host, r.Host)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		path := req.URL.EscapedPath()
		switch {
		case apart && !strings.EqualFold(req.Host, r.Host):
			portal.ServeHTTP(w, req)
		case strings.HasPrefix(path, "/-/") && (prefix != "" || apart):
			registry.ServeHTTP(w, req)
		case prefix == "" && apart:
			registry.ServeHTTP(w, req)
		case path == prefix || strings.HasPrefix(path, prefix+"/"):
			registry.ServeHTTP(w, withoutPrefix(req, prefix))
		default:
			portal.ServeHTTP(w, req)
		}
	})
}

// withoutPrefix is the request as the registry knows it. The request's own URL is changed, because
// both edges are at the end of the chain and copying a request costs more than most of them.
func withoutPrefix(req *http.Request, prefix string) *http.Request {
	u := req.URL
	u.Path = strings.TrimPrefix(u.Path, prefix)
	u.RawPath = strings.TrimPrefix(u.RawPath, prefix)
	if u.Path == "" {
		u.Path = "/"
	}
	return req
}
