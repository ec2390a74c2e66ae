package mail

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// letters is every template with believable data.
var letters = map[string]map[string]string{
	"verify":           {"Name": "ann", "Link": "https://registry.example.com/verify/SECRET", "Life": "24 hours"},
	"account-exists":   {"Name": "ann"},
	"sign-in-code":     about("Code", "12345678", "Device", "Firefox on Linux", "From", " from 203.0.113.7", "Life", "10 minutes"),
	"reset":            about("From", " from 203.0.113.7", "Link", "https://registry.example.com/password/reset/SECRET", "Life", "1 hour"),
	"password-changed": about("From", " from 203.0.113.7"),
	"password-reset":   about("From", "", "WasLocked", "yes"),
	"new-sign-in":      about("Device", "Firefox on Linux", "From", " from 203.0.113.7"),
	"invitation":       {"By": "root", "Link": "https://registry.example.com/invitations/SECRET", "Life": "7 days"},
	"terminal-signed-in": about("Terminal", "npm 11.6.2 on Linux", "TerminalFrom", " at 198.51.100.9", "ApproverFrom", " at 203.0.113.7",
		"Until", "2 January 2030, 15:04 UTC", "Hint", "npm_lkAbCd…wxyz", "Remote", "yes"),
	"terminal-password": about("Terminal", "npm 11.6.2 on Linux", "TerminalFrom", " at 198.51.100.9",
		"Until", "2 January 2030, 15:04 UTC", "Hint", "npm_lkAbCd…wxyz"),
	"factor-changed": about("What", `The security key "Blue" was added to your account`, "Then", "It can sign in and confirm changes.",
		"From", " from 203.0.113.7"),
	"factor-failed":      about("From", " from 203.0.113.7"),
	"org-invitation":     {"Org": "acme", "By": "ann", "Role": "admin", "Link": "https://registry.example.com/invitations/abc"},
	"org-removed":        about("Org", "acme", "By", "bob"),
	"org-deleted":        about("Org", "acme", "By", "bob"),
	"org-policy":         about("Org", "acme", "By", "bob", "What", "requires two-factor authentication of its members from 2 January 2030, 15:04 UTC on"),
	"org-removed-factor": about("Org", "acme", "Until", "1 February 2030, 15:04 UTC", "Link", "https://registry.example.com/settings/two-factor"),
	"org-restored":       about("Org", "acme", "By", "bob", "Role", "admin"),
	"org-reminder":       about("Org", "acme", "By", "bob", "Link", "https://registry.example.com/settings/two-factor"),
	"org-deadline":       about("Org", "acme", "From", "2 January 2030, 15:04 UTC", "Link", "https://registry.example.com/settings/two-factor"),
	"org-role":           about("Org", "acme", "By", "bob", "Role", "owner"),
	"recovery-asked":     about("Device", "Firefox on Linux", "From", " from 203.0.113.7", "Link", "https://registry.example.com/recovery/SECRET", "Wait", "3 days"),
	"recovery-waiting":   about("Person", "bob", "Ready", "2030-01-05 15:04 UTC", "Link", "https://registry.example.com/operator/recoveries"),
	"recovery-approved":  about(),
	"recovery-ended":     about("What", "denied by whoever runs this registry", "From", ""),
	"token-created":      about("Token", "deploy", "Kind", "automation", "Hint", "npm_lkAbCd…wxyz", "From", " from 203.0.113.7", "Until", "2 January 2030, 15:04 UTC"),
	"token-rotated":      about("Token", "deploy", "Hint", "npm_lkAbCd…wxyz", "Old", "npm_lkEfGh…stuv", "Ends", "on 2 January 2030, 15:04 UTC", "From", " from 203.0.113.7"),
	"token-ending":       about("Token", "deploy", "Hint", "npm_lkAbCd…wxyz", "Until", "2 January 2030, 15:04 UTC"),
	"token-revoked":      about("Token", "deploy", "Hint", "npm_lkAbCd…wxyz", "From", " from 203.0.113.7"),
	"email-verified":     about("From", " from 203.0.113.7"),
	"sessions-ended":     about("What", "2 other browsers", "From", " from 203.0.113.7"),
	"confirm-failed":     about("Where", "browser", "Tries", "3", "Device", "Firefox on Linux", "From", " from 203.0.113.7"),
	"account-locked":     {"Name": "ann", "From": " from 203.0.113.7"},
	"account-unlocked":   about(),
	"maintainer-invited": {"Name": "ann", "By": "bob", "Package": "@bob/widget", "Link": "https://registry.example.com/settings/invitations"},
	"maintainer-joined":  {"Name": "ann", "Person": "bob", "Package": "@ann/widget"},
	"maintainer-removed": {"Name": "ann", "By": "ann", "Person": "bob", "Package": "@ann/widget"},
	"account-held": about("Why", "somebody used a recovery code", "From", " from 203.0.113.7",
		"Until", "2030-01-05 15:04 UTC", "Life", "3 days"),
}

// about is the data of a letter about ann's account, with the link that every such letter has.
func about(pairs ...string) map[string]string {
	m := map[string]string{"Name": "ann", "Lock": "https://registry.example.com/lock/SECRET"}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

func render(t *testing.T, l Letter) Message {
	t.Helper()
	m, err := Render(l, "Example Registry", "https://registry.example.com/")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEveryLetterReadsAsItsGoldenFile(t *testing.T) {
	entries, err := os.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(letters)+1 { // parts.txt is what several of them share
		t.Errorf("%d templates, %d letters in this test", len(entries), len(letters))
	}
	for name, data := range letters {
		m := render(t, Letter{To: "ann@example.com", Template: name, Data: data})
		got := "Subject: " + m.Subject + "\n\n" + m.Body
		file := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s reads\n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestEveryLetterSaysWhatToDoWhenItWasNotMe(t *testing.T) {
	for name, data := range letters {
		m := render(t, Letter{To: "ann@example.com", Template: name, Data: data})
		if !strings.Contains(m.Body, "This was not me: ") && !strings.Contains(m.Body, "This was not meant for me: ") {
			t.Errorf("%s does not say it", name)
		}
		if !strings.HasSuffix(m.Body, "Example Registry · https://registry.example.com/\n") {
			t.Errorf("%s does not end with where it comes from", name)
		}
		if utf8.RuneCountInString(m.Subject) > 78 || strings.Contains(m.Body, "<no value>") || strings.Contains(m.Body, "\n\n\n") {
			t.Errorf("%s is badly set: %q", name, m.Subject)
		}
	}
}

func TestLetterWithoutItsDataIsAnErrorNotAGap(t *testing.T) {
	for name, data := range letters {
		for missing := range data {
			less := map[string]string{}
			for k, v := range data {
				if k != missing {
					less[k] = v
				}
			}
			if _, err := Render(Letter{To: "ann@example.com", Template: name, Data: less}, "x", "y"); err == nil {
				t.Errorf("%s was written without %s", name, missing)
			}
		}
	}
	if _, err := Render(Letter{Template: "nonsense"}, "x", "y"); err == nil {
		t.Error("an unknown template was written")
	}
}

func TestLineBreaksNeverReachAHeader(t *testing.T) {
	l := Letter{To: "ann@example.com\r\nBcc: eve@example.com", Template: "verify", Data: letters["verify"]}
	if _, err := Render(l, "x", "y"); err == nil {
		t.Error("in the recipient")
	}
	l.To = "ann@example.com"
	m, err := Render(l, "x\nBcc: eve@example.com", "y")
	if err == nil && strings.Contains(m.Subject, "\n") {
		t.Error("in the subject")
	}
}
