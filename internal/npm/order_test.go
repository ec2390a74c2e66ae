package npm

import (
	"strings"
	"testing"
)

func TestHighestVersion(t *testing.T) {
	for versions, want := range map[string]string{
		"":                                      "",
		"1.0.0":                                 "1.0.0",
		"1.9.0 1.10.0 1.2.0":                    "1.10.0",
		"2.0.0-beta.1 1.0.0":                    "1.0.0",
		"2.0.0-beta.2 2.0.0-beta.10 2.0.0-rc.1": "2.0.0-rc.1",
		"1.0.0-1 1.0.0-a 1.0.0":                 "1.0.0",
	} {
		if got := Highest(strings.Fields(versions)); got != want {
			t.Errorf("%s: %q, want %q", versions, got, want)
		}
	}
}
