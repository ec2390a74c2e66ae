package account

import (
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"latchkey/internal/errs"
	"latchkey/internal/secret"
)

// nameForm keeps names what npm's scopes, URLs and file names agree on, and free of look-alikes.
var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,38}$`)

// reserved names would be mistaken for the operator, for a page of the portal or for a word of a
// program.
var reserved = map[string]bool{
	"admin": true, "api": true, "security": true, "null": true, "undefined": true, "constructor": true,
	"anonymous": true, "system": true, "operator": true,
	"search": true, "package": true, "org": true, "signup": true, "login": true, "logout": true, "password": true,
	"verify": true, "invitations": true, "setup": true, "recovery": true, "auth": true, "sudo": true, "settings": true,
	"staged": true, "npm": true, "static": true, "healthz": true, "readyz": true, "metrics": true, "help": true,
}

func checkName(name string) error {
	switch {
	case name == "":
		return errs.Field("name", "Choose a name.")
	case !nameForm.MatchString(name):
		return errs.Field("name", "Use up to 39 lower-case letters, digits, dots, hyphens and underscores; the first is a letter or a digit.")
	case reserved[name]:
		return errs.Field("name", "This name is reserved. Choose another one.")
	}
	return nil
}

var (
	localForm  = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")
	domainForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$`)
)

const (
	maxLocal   = 64  // RFC 5321, 4.5.3.1.1
	maxAddress = 254 // RFC 5321, 4.5.3.1.3, without the brackets
)

// parseAddress returns an address as mail is sent to it, with its domain in lower case and ASCII. It
// takes the plain form alone: a display name, a comment, a quoted part or a literal would each be a
// way to say one address and mean another.
func parseAddress(text string) (string, error) {
	wrong := errs.Field("email", "Write one address, such as ann@example.com.")
	text = strings.TrimSpace(text)
	if text == "" {
		return "", errs.Field("email", "Give your address: a link to verify it is mailed there.")
	}
	a, err := mail.ParseAddress(text)
	if err != nil || a.Address != text {
		return "", wrong
	}
	at := strings.LastIndexByte(text, '@')
	local, domain := text[:at], text[at+1:]
	domain, err = idna.Lookup.ToASCII(domain)
	if err != nil || len(local) > maxLocal || len(local)+1+len(domain) > maxAddress ||
		!localForm.MatchString(local) || !domainForm.MatchString(domain) {
		return "", wrong
	}
	return local + "@" + domain, nil
}

// addressKey is what makes two addresses the same for us. Nothing is known of other servers' rules for
// what is before the @, except that none tells ann from Ann.
func addressKey(address string) string { return strings.ToLower(address) }

// fold is a login as it is looked up and counted: Alice, ALICE and "alice " are one. Text that cannot
// be a login becomes empty, which belongs to nobody.
func fold(login string) string {
	login = strings.ToLower(strings.TrimSpace(login))
	if strings.Contains(login, "@") {
		a, err := parseAddress(login)
		if err != nil {
			return ""
		}
		return addressKey(a)
	}
	if !nameForm.MatchString(login) {
		return ""
	}
	return login
}

const (
	maxFullName = 100
	maxHomepage = 255
)

func checkFullName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if utf8.RuneCountInString(name) > maxFullName {
		return "", errs.Field("full_name", "Use at most 100 characters.")
	}
	if !utf8.ValidString(name) || strings.ContainsFunc(name, unseen) {
		return "", errs.Field("full_name", "This holds characters that cannot be seen. Type it again.")
	}
	return name, nil
}

// unseen reports whether a character would break a line or turn the text after it around.
func unseen(r rune) bool {
	return unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029
}

func checkHomepage(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil ||
		!utf8.ValidString(text) || strings.ContainsFunc(text, unseen) || len(text) > maxHomepage {
		return "", errs.Field("homepage", "Write an address that begins with https://.")
	}
	return text, nil
}

// checkPassword checks a new password against what is known of its owner.
func (s *Service) checkPassword(password, name, address string) error {
	local, _, _ := strings.Cut(address, "@")
	return secret.CheckNew(password, s.cfg.Limits.PasswordLength, name, local, address, s.cfg.Name)
}

// every joins what is wrong with several fields into one answer, so that a form shows all of it.
func every(problems ...error) error {
	all := errs.New(errs.Invalid, "account.invalid", "")
	for _, err := range problems {
		if err == nil {
			continue
		}
		e := errs.AsInvalid(err)
		if e == nil {
			return err
		}
		if all.Fields == nil {
			all.Fields, all.Msg, all.Code = map[string]string{}, e.Msg, e.Code
		}
		for field, msg := range e.Fields {
			all.Fields[field] = msg
		}
	}
	if all.Fields == nil {
		return nil
	}
	return all
}
