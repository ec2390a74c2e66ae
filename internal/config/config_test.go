package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/config"
)

func must(c *config.Config, err error) *config.Config {
	if err != nil {
		panic(err)
	}
	return c
}

func valid() config.Config {
	return *must(config.Default())
}

func TestRates(t *testing.T) {
	for text, want := range map[string]config.Rate{"10/5m": {N: 10, Per: 5 * time.Minute}, "1/1h0m0s": {N: 1, Per: time.Hour}, "off": {}} {
		var r config.Rate
		if err := r.UnmarshalText([]byte(text)); err != nil || r != want {
			t.Errorf("%s: %v, %v", text, r, err)
		}
		var again config.Rate
		if err := again.UnmarshalText([]byte(r.String())); err != nil || again != r {
			t.Errorf("%s does not come back: %v", r, err)
		}
	}
	for _, text := range []string{"", "10", "10/", "/5m", "0/5m", "-1/5m", "10/5", "10/-5m", "ten/5m", "on", "10x/5m", "1 0/5m", "10/5m/5m"} {
		var r config.Rate
		if err := r.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), "10/5m") {
			t.Errorf("%q: %v, %v", text, r, err)
		}
	}
}

func TestAddresses(t *testing.T) {
	c := valid()
	if err := c.Complete(); err != nil || c.URL != "http://localhost:4873/" || c.RegistryURL != "http://localhost:4873/npm/" || c.Secure() {
		t.Errorf("%+v, %v", c, err)
	}
	c = valid()
	c.URL, c.RegistryURL = "https://latchkey.example.test/", "https://npm.example.test"
	if err := c.Complete(); err != nil || c.RegistryURL != "https://npm.example.test/" || !c.Secure() {
		t.Errorf("%+v, %v", c, err)
	}
	for _, bad := range []string{"", "localhost:4873", "ftp://x", "https://", "https://x/?q", "https://x/#f", "https://a:b@x/", "https://x/portal", "::"} {
		c = valid()
		c.URL = bad
		if err := c.Complete(); err == nil {
			t.Errorf("%q was accepted as %q", bad, c.URL)
		}
	}
}

func TestSecretsMayBeInFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := valid()
	c.SMTPPasswordFile = file
	if err := c.Complete(); err != nil || c.SMTPPassword != "hunter2" {
		t.Error(c.SMTPPassword, err)
	}
	c = valid()
	c.SMTPPassword, c.SMTPPasswordFile = "x", file
	if err := c.Complete(); err == nil {
		t.Error("a password that is given twice was accepted")
	}
	c = valid()
	c.DatabaseFile = file + "-absent"
	if err := c.Complete(); err == nil || !strings.Contains(err.Error(), "--database-file") {
		t.Error(err)
	}
}

func TestPasswordsCannotBeMadeShort(t *testing.T) {
	c := valid()
	c.Limits.PasswordLength = 7
	if err := c.Complete(); err == nil {
		t.Error("7 characters were accepted")
	}
}

func TestLimitsThatLetNothingThroughAreRefused(t *testing.T) {
	for what, change := range map[string]func(*config.Limits){
		"connections": func(l *config.Limits) { l.ConnectionsAtOnce = 0 }, "cache": func(l *config.Limits) { l.CacheBytes = -1 },
		"session": func(l *config.Limits) { l.SessionIdle = 0 }, "manifest": func(l *config.Limits) { l.MaxManifest = 5 << 20 },
	} {
		c := valid()
		change(&c.Limits)
		if err := c.Complete(); err == nil {
			t.Errorf("%s was accepted", what)
		}
	}
}
