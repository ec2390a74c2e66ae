package account_test

import (
	"testing"

	"latchkey/internal/account"
	"latchkey/internal/account/accounttest"
)

func TestDeviceNamesWhatIsWellKnownAndNothingElse(t *testing.T) {
	for agent, want := range map[string]string{
		"npm/11.6.2 node/v24.11.0 linux x64 workspaces/false":                  "npm 11.6.2 on Linux",
		"npm/10.9.0 node/v22.1.0 darwin arm64 workspaces/false":                "npm 10.9.0 on macOS",
		"npm/10.9.0 node/v22.1.0 win32 x64 workspaces/false ci/github-actions": "npm 10.9.0 on Windows",
		"pnpm/10.21.0 npm/? node/v22.1.0 darwin arm64":                         "pnpm 10.21.0 on macOS",
		"yarn/1.22.22 npm/? node/v22 linux x64":                                "yarn 1.22.22 on Linux",
		"bun/1.3.1":                                                            "bun 1.3.1",
		accounttest.Firefox:                                                    "Firefox on Linux",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15":     "Safari on macOS",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36":           "Chrome on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0": "Edge on Windows",
		"":                                 "an unknown program",
		"curl/8.5":                         "an unknown program",
		"visit https://evil.example today": "an unknown program",
		"npm/visit-https://evil.example":   "an unknown program",
		"npm/1.0 visit evil.example":       "npm 1.0",
		"xnpm/1.0":                         "an unknown program",
	} {
		if got := account.Device(agent); got != want {
			t.Errorf("Device(%.40q) = %q, want %q", agent, got, want)
		}
	}
}

func TestNearIsOneNetwork(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"203.0.113.7", "203.0.113.200", true},
		{"203.0.113.7", "::ffff:203.0.113.200", true},
		{"203.0.113.7", "203.0.114.7", false},
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::", true},
		{"2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"203.0.113.7", "2001:db8::1", false},
		{"fe80::1%eth0", "fe80::2%eth1", true},
	} {
		if got := account.Near(c.a, c.b); got != c.want {
			t.Errorf("Near(%s, %s) = %v", c.a, c.b, got)
		}
	}
	if account.Near("", "203.0.113.7") || account.Near("", "") || account.Near("nonsense", "nonsense") {
		t.Error("no address is near")
	}
}
