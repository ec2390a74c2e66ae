package account

import (
	"net/netip"
	"regexp"

	"github.com/mileusna/useragent"
)

// client is how npm and its kin name themselves: "npm/11.6.2 node/v24.11.0 linux x64 workspaces/false".
var client = regexp.MustCompile(`^(npm|pnpm|yarn|[Bb]un)/([0-9][0-9A-Za-z.+-]{0,19})(?: .*\b(linux|darwin|win32|freebsd)\b| |$)`)

var systems = map[string]string{"linux": "Linux", "darwin": "macOS", "win32": "Windows", "freebsd": "FreeBSD"}

var (
	browserNames = map[string]bool{
		useragent.Firefox: true, useragent.Chrome: true, useragent.Edge: true, useragent.Safari: true,
		useragent.Opera: true, useragent.HeadlessChrome: true, useragent.Vivaldi: true,
	}
	systemNames = map[string]bool{
		useragent.Linux: true, useragent.MacOS: true, useragent.Windows: true, useragent.Android: true, useragent.IOS: true,
		useragent.ChromeOS: true,
	}
)

// Device says in words what an agent is: "Firefox on Linux", "npm 11.6.2 on Linux". An agent is
// whatever a client claims, and these words go into mail: what is not well known is not repeated.
func Device(agent string) string {
	if m := client.FindStringSubmatch(agent); m != nil {
		return on(m[1]+" "+m[2], systems[m[3]])
	}
	u := useragent.Parse(agent)
	if !browserNames[u.Name] {
		return "an unknown program"
	}
	if !systemNames[u.OS] {
		u.OS = ""
	}
	return on(u.Name, u.OS)
}

func on(program, system string) string {
	if system == "" {
		return program
	}
	return program + " on " + system
}

// Near reports whether two addresses are in one network: an IPv4 /24, an IPv6 /64. Where an address is
// not known, nothing is near.
func Near(a, b string) bool {
	x, _ := netip.ParseAddr(a) // what is no address is the invalid one
	y, _ := netip.ParseAddr(b)
	return near(x.Unmap(), y.Unmap())
}

func near(a, b netip.Addr) bool {
	bits := 24
	if a.Is6() {
		bits = 64
	}
	p, err := a.WithZone("").Prefix(bits)
	return err == nil && p.Contains(b.WithZone(""))
}
