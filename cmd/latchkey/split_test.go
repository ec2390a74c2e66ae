package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"latchkey/internal/config"
)

func TestEdgesShareAListener(t *testing.T) {
	const (
		same  = "https://packages.example.com/npm/"
		apart = "https://npm.example.com/"
		deep  = "https://npm.example.com/registry/"
	)
	for _, c := range []struct{ registry, host, path, want string }{
		{same, "packages.example.com", "/", "portal /"},
		{same, "packages.example.com", "/package/left-pad", "portal /package/left-pad"},
		{same, "packages.example.com", "/npm", "registry /"},
		{same, "packages.example.com", "/npm/", "registry /"},
		{same, "packages.example.com", "/npm/left-pad", "registry /left-pad"},
		{same, "packages.example.com", "/npm/@acme%2fwidget", "registry /@acme%2fwidget"},
		{same, "packages.example.com", "/npm/-/ping?x=/npm/", "registry /-/ping?x=/npm/"},
		{same, "packages.example.com", "/-/npm/v1/oidc", "registry /-/npm/v1/oidc"},
		{same, "packages.example.com", "/npmx", "portal /npmx"},
		{same, "packages.example.com", "/%6epm/left-pad", "portal /%6epm/left-pad"},
		{same, "elsewhere.example.com", "/npm/left-pad", "registry /left-pad"},
		{same, "127.0.0.1:4873", "/", "portal /"},
		{apart, "npm.example.com", "/", "registry /"},
		{apart, "NPM.example.com", "/left-pad", "registry /left-pad"},
		{apart, "npm.example.com", "/login", "registry /login"},
		{apart, "packages.example.com", "/login", "portal /login"},
		{apart, "packages.example.com", "/-/ping", "portal /-/ping"},
		{apart, "packages.example.com", "/npm/left-pad", "portal /npm/left-pad"},
		{apart, "127.0.0.1:4873", "/", "portal /"},
		{deep, "npm.example.com", "/registry/left-pad", "registry /left-pad"},
		{deep, "npm.example.com", "/-/npm/v1/oidc", "registry /-/npm/v1/oidc"},
	} {
		cfg := &config.Config{URL: "https://packages.example.com/", RegistryURL: c.registry}
		say := func(name string) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, name+" "+r.URL.RequestURI()) })
		}
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, c.path, nil)
		r.Host = c.host
		split(cfg, say("portal"), say("registry")).ServeHTTP(w, r)
		if got := w.Body.String(); got != c.want {
			t.Errorf("registry at %s, %s%s: %q, want %q", c.registry, c.host, c.path, got, c.want)
		}
	}
}
