package advisory

import (
	"cmp"
	"strings"
	"time"

	"deps.dev/util/semver"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/npm"
)

// record is what is read of an OSV record (https://ossf.github.io/osv-schema/).
type record struct {
	ID         string            `json:"id"`
	Summary    string            `json:"summary"`
	Details    string            `json:"details"`
	Published  time.Time         `json:"published"`
	Modified   time.Time         `json:"modified"`
	Withdrawn  *time.Time        `json:"withdrawn"`
	Affected   []affectedPackage `json:"affected"`
	References []struct {
		Type string `json:"type"`
		URL  string `json:"url"`
	} `json:"references"`
	Severity []struct {
		Type  string `json:"type"`
		Score string `json:"score"`
	} `json:"severity"`
	Specific jsontext.Value `json:"database_specific"`
}

type affectedPackage struct {
	Package struct {
		Ecosystem string `json:"ecosystem"`
		Name      string `json:"name"`
	} `json:"package"`
	Ranges []struct {
		Type   string              `json:"type"`
		Events []map[string]string `json:"events"`
	} `json:"ranges"`
	Versions []string       `json:"versions"`
	Specific jsontext.Value `json:"database_specific"`
}

const (
	maxTitle   = 500
	maxDetails = 64 << 10
)

// advisories are what a record says of npm's packages, one for each.
func (r record) advisories() (out []Advisory) {
	base := Advisory{
		ID: r.ID, Number: number(r.ID), URL: r.url(), Vector: r.vector(), PublishedAt: r.Published, ChangedAt: r.Modified,
		Title: npm.Storable(cmp.Or(r.Summary, firstLine(r.Details), r.ID), maxTitle),
	}
	if base.PublishedAt.IsZero() {
		base.PublishedAt = r.Modified
	}
	var specific struct {
		Severity jsontext.Value `json:"severity"`
		CWEs     []string       `json:"cwe_ids"`
	}
	_ = json.Unmarshal(r.Specific, &specific) // every database has its own
	base.CWEs = specific.CWEs
	base.Severity = r.severity(specific.Severity, base.Score())
	ranges := map[string]*Advisory{}
	for _, p := range r.Affected {
		vulnerable, patched := p.ranges()
		if p.Package.Ecosystem != "npm" || p.Package.Name == "" || vulnerable == "" {
			continue
		}
		if a := ranges[p.Package.Name]; a != nil { // npm's packages are often there once for each line of versions
			a.Vulnerable += " || " + vulnerable
			a.Patched = strings.TrimPrefix(a.Patched+" || "+patched, " || ")
			continue
		}
		a := base
		a.Name, a.Vulnerable, a.Patched = p.Package.Name, vulnerable, patched
		ranges[a.Name] = &a
	}
	for _, a := range ranges {
		if _, err := semver.NPM.ParseConstraint(a.Vulnerable); err == nil {
			a.Patched = strings.Trim(a.Patched, " |")
			out = append(out, *a)
		}
	}
	return out
}

// ranges writes a package's ranges the way npm does.
func (p affectedPackage) ranges() (vulnerable, patched string) {
	var bad, good []string
	add := func(from, to string) {
		if from != "" && from != "0" {
			to = strings.TrimSpace(">=" + from + " " + to)
		}
		bad = append(bad, cmp.Or(to, "*"))
	}
	for _, r := range p.Ranges {
		if r.Type != "SEMVER" && r.Type != "ECOSYSTEM" {
			continue
		}
		from, open := "", false
		for _, e := range r.Events {
			for kind, v := range e {
				if _, err := semver.NPM.Parse(v); err != nil {
					continue
				}
				switch kind {
				case "introduced":
					from, open = v, true
				case "fixed":
					add(from, "<"+v)
					good, open = append(good, ">="+v), false
				case "last_affected":
					add(from, "<="+v)
					open = false
				}
			}
		}
		if open {
			add(from, p.lastKnown())
		}
	}
	if len(bad) == 0 {
		for _, v := range p.Versions {
			if npm.ParseVersion(v) == nil {
				bad = append(bad, v)
			}
		}
	}
	return strings.Join(bad, " || "), strings.Join(good, " || ")
}

// lastKnown is where a range without an end ends, as far as somebody knows: "<= 1.2.3".
func (p affectedPackage) lastKnown() string {
	var specific struct {
		Range jsontext.Value `json:"last_known_affected_version_range"`
	}
	var text string
	_ = json.Unmarshal(p.Specific, &specific)
	_ = json.Unmarshal(specific.Range, &text)
	if _, err := semver.NPM.ParseConstraint(text); err != nil || !strings.HasPrefix(text, "<") {
		return ""
	}
	return text
}

func (r record) vector() string {
	for _, s := range r.Severity {
		if s.Type == "CVSS_V3" {
			return s.Score
		}
	}
	return ""
}

// severity is what the database says, or else the score; malicious packages (MAL-…) have neither.
func (r record) severity(said jsontext.Value, score float64) string {
	var text string
	_ = json.Unmarshal(said, &text)
	switch text = strings.ToLower(text); text {
	case "low", "moderate", "high", "critical":
		return text
	case "medium":
		return "moderate"
	}
	if strings.HasPrefix(r.ID, "MAL-") {
		return "critical"
	}
	return cmp.Or(severityOf(score), "high") // which is what npm takes it for
}

func (r record) url() string {
	if strings.HasPrefix(r.ID, "GHSA-") {
		return "https://github.com/advisories/" + r.ID
	}
	for _, kind := range []string{"ADVISORY", "REPORT", "WEB", "ARTICLE"} {
		for _, ref := range r.References {
			if ref.Type == kind {
				return ref.URL
			}
		}
	}
	return "https://osv.dev/vulnerability/" + r.ID
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(strings.TrimLeft(line, "# "))
}
