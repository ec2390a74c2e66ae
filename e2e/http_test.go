package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/npmpack"
)

// httpClient follows no redirect and gives up on what hangs.
var httpClient = &http.Client{
	Timeout:       time.Minute,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     &http.Transport{MaxIdleConnsPerHost: 300, DisableCompression: true},
}

// request is one request as it goes over the wire: its path is sent as it stands.
type request struct {
	method, path, token string
	header              http.Header
	body                []byte
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (s *server) ask(r request) (answer, error) {
	if r.method == "" {
		r.method = http.MethodGet
	}
	req, err := http.NewRequest(r.method, s.url, bytes.NewReader(r.body))
	if err != nil {
		return answer{}, err
	}
	req.URL.Opaque = r.path
	for k, v := range r.header {
		req.Header[k] = v
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.body != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := httpClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, body}, err
}

// get is ask for what must be there.
func (s *server) get(path, token string) []byte {
	s.t.Helper()
	a, err := s.ask(request{path: path, token: token})
	if err != nil || a.status != http.StatusOK {
		s.t.Fatalf("GET %s: %d %s %v", path, a.status, a.body, err)
	}
	return a.body
}

// put publishes.
func (s *server) put(p npmpack.Package, token string) (answer, error) {
	return s.ask(request{method: http.MethodPut, path: packagePath(p.Name), token: token, body: p.PublishBody()})
}

// publish is put for what must succeed.
func (s *server) publish(t testing.TB, p npmpack.Package, token string) {
	t.Helper()
	a, err := s.put(p, token)
	if err != nil || a.status != http.StatusCreated {
		t.Fatalf("publish %s@%s: %d %s %v", p.Name, p.Version, a.status, a.body, err)
	}
}

// packagePath spells a name as npm does.
func packagePath(name string) string { return "/npm/" + strings.Replace(name, "/", "%2f", 1) }

// tarballPath is the conventional address of a tarball.
func tarballPath(name, version string) string {
	base := name[strings.LastIndex(name, "/")+1:]
	return fmt.Sprintf("/npm/%s/-/%s-%s.tgz", name, base, version)
}
