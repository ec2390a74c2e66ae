package advisory

import (
	"math"
	"strings"
)

// weights are the numbers of the base metrics of CVSS 3.1 (its specification, section 7.4).
var weights = map[string]float64{
	"AV:N": .85, "AV:A": .62, "AV:L": .55, "AV:P": .2, "AC:L": .77, "AC:H": .44, "UI:N": .85, "UI:R": .62,
	"PR:N": .85, "PR:L": .62, "PR:H": .27, "C:H": .56, "C:L": .22, "C:N": 0, "I:H": .56, "I:L": .22, "I:N": 0, "A:H": .56, "A:L": .22, "A:N": 0,
}

// score is the base score of a CVSS 3 vector, or 0.
func score(vector string) float64 {
	m, ok := strings.CutPrefix(vector, "CVSS:3.")
	if !ok {
		return 0
	}
	w, scope := map[string]float64{}, ""
	for part := range strings.SplitSeq(m, "/") {
		key, value, _ := strings.Cut(part, ":")
		if n, known := weights[part]; known {
			w[key] = n
		} else if key == "S" {
			scope = value
		}
	}
	if len(w) != 7 || scope != "U" && scope != "C" {
		return 0
	}
	changed := scope == "C"
	if changed && w["PR"] < .85 {
		w["PR"] = map[bool]float64{true: .68, false: .5}[w["PR"] == .62]
	}
	lost := 1 - (1-w["C"])*(1-w["I"])*(1-w["A"])
	impact := 6.42 * lost
	if changed {
		impact = 7.52*(lost-.029) - 3.25*math.Pow(lost-.02, 15)
	}
	if impact <= 0 {
		return 0
	}
	sum := impact + 8.22*w["AV"]*w["AC"]*w["PR"]*w["UI"]
	if changed {
		sum *= 1.08
	}
	// Rounded up to one decimal, by the specification's own way around the errors of floating point.
	n := int(math.Round(math.Min(sum, 10) * 100_000))
	if n%10_000 == 0 {
		return float64(n) / 100_000
	}
	return float64(n/10_000+1) / 10
}

// severityOf is a score in npm's words.
func severityOf(score float64) string {
	switch {
	case score >= 9:
		return "critical"
	case score >= 7:
		return "high"
	case score >= 4:
		return "moderate"
	case score > 0:
		return "low"
	}
	return ""
}
