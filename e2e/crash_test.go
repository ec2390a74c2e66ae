package e2e

import (
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/db/dbtest"
	"latchkey/internal/npmpack"
)

const (
	crashRounds  = 4
	atOnce       = 200
	crashedNames = 25 // so that eight versions race for each package
)

func TestKilledInTheMiddleOfPublishing(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { killRepeatedly(t) })
	t.Run("postgres", func(t *testing.T) { killRepeatedly(t, "LATCHKEY_DATABASE="+dbtest.Postgres(t).Address) })
}

// killRepeatedly kills the server at a random moment of 200 publishes, and after each restart finds every
// acknowledged version whole, nothing half published, and that repeating the others succeeds.
func killRepeatedly(t *testing.T, env ...string) {
	s := started(t, append(env, "LATCHKEY_PUBLISH_RATE=off")...)
	token := s.person("ann")
	var all []npmpack.Package
	for round := range crashRounds {
		batch := batchOf(round)
		all = append(all, batch...)
		acknowledged := publishUntilKilled(t, s, token, batch)
		if err := s.start(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		listed := checkWhole(t, s, batch)
		for i, p := range batch {
			if acknowledged[i] && !listed[p.Name+"@"+p.Version] {
				t.Errorf("round %d: %s@%s was acknowledged and is gone", round, p.Name, p.Version)
			}
		}
		for i, p := range batch {
			if !acknowledged[i] {
				s.publish(t, p, token)
			}
		}
		if t.Failed() {
			return
		}
	}
	if listed := checkWhole(t, s, all); len(listed) != len(all) {
		t.Errorf("%d versions are listed in the end, of %d", len(listed), len(all))
	}
}

// batchOf makes packages of 1 to 32 KB that cannot be compressed.
func batchOf(round int) []npmpack.Package {
	out := make([]npmpack.Package, atOnce)
	for i := range out {
		random := rand.NewChaCha8([32]byte{byte(round), byte(i)})
		content := make([]byte, 1<<10+int(random.Uint64()%(31<<10)))
		_, _ = random.Read(content)
		p := npmpack.Package{
			Name: fmt.Sprintf("crash-%d-%d", round, i%crashedNames), Version: fmt.Sprintf("1.%d.0", i/crashedNames),
			Files: map[string]string{"content.bin": string(content)}, Readme: "# Crash",
		}
		p.Archive = p.Tarball() // packed once
		out[i] = p
	}
	return out
}

// publishUntilKilled publishes everything at once, kills the server once a random number of publishes was
// acknowledged, and says which were.
func publishUntilKilled(t *testing.T, s *server, token string, batch []npmpack.Package) []bool {
	t.Helper()
	acknowledged := make([]bool, len(batch))
	enough := 1 + rand.Int64N(int64(len(batch))*3/4)
	var count atomic.Int64
	kill := sync.OnceFunc(s.kill)
	var publishing sync.WaitGroup
	for i, p := range batch {
		publishing.Go(func() {
			a, err := s.put(p, token)
			if err != nil {
				return // the connection broke: nobody knows
			}
			if acknowledged[i] = a.status == http.StatusCreated; !acknowledged[i] && a.status != http.StatusServiceUnavailable {
				t.Errorf("%s@%s: %d %s", p.Name, p.Version, a.status, a.body)
			}
			if acknowledged[i] && count.Add(1) == enough {
				time.Sleep(time.Duration(rand.Int64N(int64(5 * time.Millisecond)))) // not always at the same point
				kill()
			}
		})
	}
	publishing.Wait()
	kill()
	t.Logf("%d of %d publishes were acknowledged before the end", count.Load(), len(batch))
	return acknowledged
}

// checkWhole reads everything that is visible: each version that a document lists must have its tarball,
// with the bytes that were published. It returns what is listed.
func checkWhole(t *testing.T, s *server, packages []npmpack.Package) map[string]bool {
	t.Helper()
	listed := map[string]bool{}
	documents := map[string]map[string]listing{}
	for _, p := range packages {
		versions, seen := documents[p.Name]
		if !seen {
			versions = s.versions(t, p.Name)
			documents[p.Name] = versions
		}
		v, ok := versions[p.Version]
		if !ok {
			continue
		}
		listed[p.Name+"@"+p.Version] = true
		sum := sha512.Sum512(p.Tarball())
		if want := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); v.Dist.Integrity != want {
			t.Errorf("%s@%s has the integrity %s, not %s", p.Name, p.Version, v.Dist.Integrity, want)
		}
		a, err := s.ask(request{path: tarballPath(p.Name, p.Version)})
		if err != nil || a.status != http.StatusOK || !bytes.Equal(a.body, p.Tarball()) {
			t.Errorf("%s@%s is listed, and its tarball is not what was published: %d, %d bytes, %v", p.Name, p.Version, a.status, len(a.body), err)
		}
	}
	return listed
}

// listing is what a package's document says of a version.
type listing struct {
	Dist struct {
		Tarball, Integrity string
		Signatures         []struct{ Keyid, Sig string }
	}
}

// versions reads a package's document. A package that is not there has none.
func (s *server) versions(t *testing.T, name string) map[string]listing {
	t.Helper()
	a, err := s.ask(request{path: packagePath(name)})
	if err == nil && a.status == http.StatusNotFound {
		return nil
	}
	var doc struct{ Versions map[string]listing }
	if err == nil {
		err = json.Unmarshal(a.body, &doc)
	}
	if err != nil || a.status != http.StatusOK || len(doc.Versions) == 0 {
		t.Fatalf("the document of %s: %d %.200s %v", name, a.status, a.body, err)
	}
	return doc.Versions
}
