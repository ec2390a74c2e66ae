package edge_test

import (
	"testing"

	"latchkey/internal/edge"
)

func TestNameIsOneSegmentHoweverItIsSpelt(t *testing.T) {
	for path, want := range map[string][2]string{
		"left-pad":                     {"left-pad", ""},
		"left-pad/versions":            {"left-pad", "versions"},
		"@acme/pad":                    {"@acme%2fpad", ""},
		"@acme%2fpad":                  {"@acme%2fpad", ""},
		"@acme%2Fpad/versions":         {"@acme%2fpad", "versions"},
		"%40acme%2fpad/files/a%20b":    {"@acme%2fpad", "files/a%20b"},
		"%40acme/pad/-/pad-1.0.0.tgz":  {"@acme%2fpad", "-/pad-1.0.0.tgz"},
		"%40%61cme/p%61d":              {"@acme%2fpad", ""},
		"@acme":                        {"@acme", ""},
		"@acme/pad/files/@other/b.js":  {"@acme%2fpad", "files/@other/b.js"},
		"a%20b":                        {"a b", ""},
		"@acme%2fp%61d":                {"@acme%2fpad", ""},
		"%40acme%2fpad":                {"@acme%2fpad", ""},
		"left-pad/..%2f..%2fetc/a%2fb": {"left-pad", "..%2f..%2fetc/a%2fb"},
	} {
		if got, rest, ok := edge.JoinScope(path); !ok || got != want[0] || rest != want[1] {
			t.Errorf("%s: %q, %q, %v", path, got, rest, ok)
		}
	}
	for _, path := range []string{
		"", "/x", ".", "..", "%2e%2e", "@acme/", "@acme/..", "@acme%2f", "@acme%2f..", "@/pad", "@%2fpad", "a%2fb", "@acme%2fpad%2fmore",
		"@acme/pad%2fmore", "@acme%252fpad", "left%25pad", "left%5cpad", "left;pad", "left%00pad", "left%0apad", "%ff", "@acme/%ff", "%zz", "@acme//pad",
	} {
		if got, rest, ok := edge.JoinScope(path); ok {
			t.Errorf("%s: %q, %q", path, got, rest)
		}
	}
}
