package registryapi

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/gzip"
	"github.com/labstack/echo/v4"

	"latchkey/internal/advisory"
	"latchkey/internal/errs"
)

const (
	maxAuditSent = 2 << 20 // bytes on the wire
	maxAudit     = 8 << 20 // bytes unpacked; five thousand packages with their trees are about one and a half
	auditsAtOnce = 4       // such bodies in memory
	auditWait    = 10 * time.Second
	maxPaths     = 100 // that a report shows of one package
)

var (
	errAuditSize = errs.Newf(errs.TooLarge, "registryapi.audit_size", "There is too much to audit at once: expected at most %d MiB of JSON.", maxAudit>>20)
	errAuditBusy = errs.New(errs.Unavailable, "registryapi.audit_busy", "Many projects are being audited just now. Try again in a moment.")
)

// auditBody reads a question about what is installed, which npm and bun compress and others do not.
func (s *Server) auditBody(c echo.Context, into any) error {
	var body io.Reader = http.MaxBytesReader(c.Response(), c.Request().Body, maxAuditSent)
	switch c.Request().Header.Get(echo.HeaderContentEncoding) {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return errBody.With(err)
		}
		body = z
	default:
		return errEncoded
	}
	b, err := io.ReadAll(io.LimitReader(body, maxAudit+1))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge) || len(b) > maxAudit:
		return errAuditSize
	case err != nil:
		return errBody.With(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return errBody.With(err)
	}
	return nil
}

// auditTurn bounds how many bodies are in memory.
func (s *Server) auditTurn(c echo.Context) (release func(), err error) {
	timeout := time.NewTimer(auditWait)
	defer timeout.Stop()
	select {
	case s.audits <- struct{}{}:
		return func() { <-s.audits }, nil
	case <-c.Request().Context().Done():
		return nil, c.Request().Context().Err()
	case <-timeout.C:
		return nil, errAuditBusy.After(auditWait)
	}
}

type bulkAdvisory struct {
	ID         int64    `json:"id"`
	URL        string   `json:"url"`
	Title      string   `json:"title"`
	Severity   string   `json:"severity"`
	Vulnerable string   `json:"vulnerable_versions"`
	CWE        []string `json:"cwe"`
	CVSS       cvss     `json:"cvss"`
}

type cvss struct {
	Score  float64 `json:"score"`
	Vector *string `json:"vectorString"`
}

// bulkAudit answers POST /-/npm/v1/security/advisories/bulk: versions by name, and advisories by name for
// those that are affected. npm sends it with every install.
func (s *Server) bulkAudit(c echo.Context) error {
	by, err := s.actor(c)
	if err != nil {
		return err
	}
	release, err := s.auditTurn(c)
	if err != nil {
		return err
	}
	defer release()
	var asked map[string][]string
	if err := s.auditBody(c, &asked); err != nil {
		return err
	}
	found, err := s.Advisories.Affecting(c.Request().Context(), by, asked)
	if err != nil {
		return err
	}
	out := make(map[string][]bulkAdvisory, len(found))
	for name, list := range found {
		for _, a := range list {
			out[name] = append(out[name], bulkAdvisory{a.Number, a.URL, a.Title, a.Severity, a.Vulnerable, cwes(a), cvssOf(a)})
		}
	}
	return private(c, http.StatusOK, out)
}

// cwes is never null: npm query walks it.
func cwes(a advisory.Advisory) []string { return slices.Concat([]string{}, a.CWEs) }

func cvssOf(a advisory.Advisory) cvss {
	out := cvss{Score: a.Score()}
	if a.Vector != "" {
		out.Vector = &a.Vector
	}
	return out
}

// tree is what pnpm 10 and npm 6 send: a package-lock, of which only names and versions count.
type tree struct {
	Version      version         `json:"version"`
	Dependencies map[string]tree `json:"dependencies"`
}

// version is text; whatever else stands there is no version.
type version string

// UnmarshalJSON implements json.Unmarshaler.
func (v *version) UnmarshalJSON(b []byte) error {
	if jsontext.Value(b).Kind() == '"' {
		return json.Unmarshal(b, (*string)(v))
	}
	return nil
}

// place is one version in a tree, with the ways that lead to it.
type place struct {
	Version string   `json:"version"`
	Paths   []string `json:"paths"`
}

// walk lists what is in a tree, by name.
func (t tree) walk(path string, into map[string][]place) (n int) {
	for name, sub := range t.Dependencies {
		here := name
		if path != "" {
			here = path + ">" + name
		}
		n += 1 + sub.walk(here, into)
		list := into[name]
		i := slices.IndexFunc(list, func(p place) bool { return p.Version == string(sub.Version) })
		if i < 0 {
			into[name] = append(list, place{string(sub.Version), []string{here}})
		} else if len(list[i].Paths) < maxPaths {
			list[i].Paths = append(list[i].Paths, here)
		}
	}
	return n
}

// report is npm 6's audit report.
type report struct {
	Actions    []string                 `json:"actions"`
	Advisories map[string]reportedIssue `json:"advisories"`
	Muted      []string                 `json:"muted"`
	Metadata   struct {
		Vulnerabilities map[string]int `json:"vulnerabilities"`
		Dependencies    int            `json:"dependencies"`
		Dev             int            `json:"devDependencies"`
		Optional        int            `json:"optionalDependencies"`
		Total           int            `json:"totalDependencies"`
	} `json:"metadata"`
}

type reportedIssue struct {
	ID             int64    `json:"id"`
	GitHub         string   `json:"github_advisory_id"`
	Module         string   `json:"module_name"`
	Title          string   `json:"title"`
	URL            string   `json:"url"`
	Severity       string   `json:"severity"`
	Vulnerable     string   `json:"vulnerable_versions"`
	Patched        string   `json:"patched_versions"`
	CWE            []string `json:"cwe"`
	CVSS           cvss     `json:"cvss"`
	Access         string   `json:"access"`
	Overview       string   `json:"overview"`
	Recommendation string   `json:"recommendation"`
	Created        string   `json:"created"`
	Updated        string   `json:"updated"`
	Findings       []place  `json:"findings"`
}

// treeAudit answers POST /-/npm/v1/security/audits and …/audits/quick, which pnpm 10 and npm 6 ask.
func (s *Server) treeAudit(c echo.Context) error {
	by, err := s.actor(c)
	if err != nil {
		return err
	}
	release, err := s.auditTurn(c)
	if err != nil {
		return err
	}
	defer release()
	var t tree
	if err := s.auditBody(c, &t); err != nil {
		return err
	}
	places := map[string][]place{}
	n := t.walk("", places)
	asked := make(map[string][]string, len(places))
	for name, list := range places {
		for _, p := range list {
			asked[name] = append(asked[name], p.Version)
		}
	}
	found, err := s.Advisories.Affecting(c.Request().Context(), by, asked)
	if err != nil {
		return err
	}
	return private(c, http.StatusOK, reportOf(found, places, n))
}

func reportOf(found map[string][]advisory.Advisory, places map[string][]place, n int) report {
	r := report{Actions: []string{}, Muted: []string{}, Advisories: map[string]reportedIssue{}}
	r.Metadata.Dependencies, r.Metadata.Total = n, n
	r.Metadata.Vulnerabilities = map[string]int{"info": 0, "low": 0, "moderate": 0, "high": 0, "critical": 0}
	for name, list := range found {
		for _, a := range list {
			issue := reportedIssue{
				ID: a.Number, GitHub: a.ID, Module: name, Title: a.Title, URL: a.URL, Severity: a.Severity, Vulnerable: a.Vulnerable,
				Patched: a.Patched, CWE: cwes(a), CVSS: cvssOf(a), Access: "public", Overview: a.Title, Recommendation: "No version without it is known.",
				Created: a.PublishedAt.UTC().Format(timeForm), Updated: a.ChangedAt.UTC().Format(timeForm),
			}
			if a.Patched != "" {
				issue.Recommendation = "Upgrade to version " + a.Patched + "."
			} else {
				issue.Patched = "<0.0.0" // npm's way to say none
			}
			for _, p := range places[name] {
				if a.Affects(p.Version) {
					issue.Findings = append(issue.Findings, p)
					r.Metadata.Vulnerabilities[a.Severity] += len(p.Paths)
				}
			}
			if len(issue.Findings) > 0 {
				key := strconv.FormatInt(a.Number, 10)
				if _, twice := r.Advisories[key]; twice { // one record about several packages
					key += "/" + name
				}
				r.Advisories[key] = issue
			}
		}
	}
	return r
}
