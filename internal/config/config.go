// Package config is every option of the program: its flag, environment variable, default and meaning,
// one per line. The command line reads it with kong; an optional file holds the same keys.
package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Config holds the options. Each is a flag, a variable LATCHKEY_… and a key of the --config file.
type Config struct {
	Data   string `default:"./latchkey-data" help:"Folder for everything that is stored, made when missing. Default: ${default}" placeholder:"DIR"`
	Listen string `default:"127.0.0.1:4873" help:"Address to serve the portal and the registry on. Default: ${default}" placeholder:"HOST:PORT"`
	URL    string `default:"http://localhost:4873" help:"Public address of the portal; every link is built from it. Default: ${default}" placeholder:"URL"`
	Name   string `name:"installation-name" default:"Latchkey" help:"Name of this installation, in titles and mail."`

	RegistryURL    string         `help:"Public address of the registry, when it has a host name of its own. Default: the portal's address followed by /npm/." placeholder:"URL"`
	MetricsListen  string         `help:"Address to serve /metrics on. Off by default." placeholder:"HOST:PORT"`
	TrustedProxies []netip.Prefix `help:"Networks whose X-Forwarded-For header is believed. None by default." placeholder:"CIDR"`

	Database     string `help:"PostgreSQL to use instead of SQLite in the data folder." placeholder:"postgres://…"`
	DatabaseFile string `help:"File that holds --database." placeholder:"FILE"`

	S3URL           string `name:"s3-url" env:"LATCHKEY_S3_URL" help:"S3-compatible server to keep tarballs on, instead of the data folder." placeholder:"URL"`
	S3Bucket        string `name:"s3-bucket" env:"LATCHKEY_S3_BUCKET" help:"Bucket for tarballs."`
	S3Region        string `name:"s3-region" env:"LATCHKEY_S3_REGION" default:"us-east-1" help:"Region of the bucket."`
	S3AccessKey     string `name:"s3-access-key" env:"LATCHKEY_S3_ACCESS_KEY" help:"Access key of the bucket."`
	S3SecretKey     string `name:"s3-secret-key" env:"LATCHKEY_S3_SECRET_KEY" help:"Secret key of the bucket."`
	S3SecretKeyFile string `name:"s3-secret-key-file" env:"LATCHKEY_S3_SECRET_KEY_FILE" help:"File that holds --s3-secret-key." placeholder:"FILE"`

	SMTP             string `name:"smtp" help:"Mail server. Without one, mail is kept in the data folder, shown on /operator/mail and logged." placeholder:"HOST:PORT"`
	SMTPUser         string `name:"smtp-user" help:"User name at the mail server."`
	SMTPPassword     string `name:"smtp-password" help:"Password at the mail server."`
	SMTPPasswordFile string `name:"smtp-password-file" help:"File that holds --smtp-password." placeholder:"FILE"`
	SMTPSecurity     string `name:"smtp-security" enum:"starttls,tls,none" default:"starttls" help:"How the connection to the mail server is protected: starttls, tls or none."`
	MailFrom         string `default:"Latchkey <latchkey@localhost>" help:"Sender of all mail. Default: ${default}" placeholder:"ADDRESS"`

	SecretKey     string `help:"Key that seals private keys in the database: 32 bytes in base64. Default: made in the data folder."`
	SecretKeyFile string `help:"File that holds --secret-key." placeholder:"FILE"`

	SignUp        SignUp `name:"sign-up" enum:"open,invitation,closed" default:"open" help:"Who may make an account: open, invitation or closed."`
	SignInCodes   string `enum:"auto,always,never" default:"auto" help:"Whether accounts without a second factor are mailed a code at each sign-in: auto (where --smtp is set), always or never."`
	DefaultAccess string `enum:"public,restricted" default:"public" help:"Access of a new scoped package when its publisher does not say: public or restricted."`
	Unpublish     string `enum:"limited,always" default:"limited" help:"When maintainers may unpublish: limited (within 72 hours of publishing, later when few download it and one person maintains it; never what others depend on) or always."`

	AutomationTokens AutomationTokens `enum:"allowed,bound,forbidden" default:"allowed" help:"Access tokens that skip the second factor: allowed, bound (only those that are limited to addresses) or forbidden. Those there are that may not are asked for the factor."`

	LogLevel  string `enum:"debug,info,warn,error" default:"info" help:"What is logged: debug adds every successful read."`
	LogFormat string `enum:"text,json" default:"text" help:"How it is logged: text or json."`

	Limits Limits `embed:"" group:"limits"`
}

// SignUp is who may make an account.
type SignUp string

// The choices.
const (
	SignUpOpen     SignUp = "open"
	SignUpByInvite SignUp = "invitation"
	SignUpClosed   SignUp = "closed"
)

// AutomationTokens says which tokens may skip the second factor.
type AutomationTokens string

// The choices.
const (
	AutomationAllowed   AutomationTokens = "allowed"
	AutomationBound     AutomationTokens = "bound"
	AutomationForbidden AutomationTokens = "forbidden"
)

// Limits bound what one client may ask for. A rate is N/PERIOD ("10/5m"), or "off".
type Limits struct {
	MaxTarball         int64         `default:"52428800" help:"Largest tarball, in bytes."`
	MaxUnpacked        int64         `default:"536870912" help:"Largest unpacked size of a tarball, in bytes."`
	MaxManifest        int64         `default:"1048576" help:"Largest manifest of one version, in bytes."`
	MaxVersions        int64         `default:"10000" help:"Most versions of one package."`
	MaxDocument        int64         `default:"67108864" help:"Largest sum of the manifests of one package's versions, in bytes."`
	CacheBytes         int64         `default:"67108864" help:"Memory for documents and small tarballs that are ready to send, in bytes."`
	PasswordLength     int           `default:"15" help:"Shortest password, in characters. Never below 8."`
	SessionIdle        time.Duration `default:"1h" help:"A browser session ends when unused for this long."`
	SessionLife        time.Duration `default:"12h" help:"A browser session ends after this long in any case."`
	LoginTokenLife     time.Duration `default:"12h" help:"Life of a token made by npm login."`
	TokenDays          int           `default:"90" help:"Longest life of an access token that can change something, in days. The console may make one without an end."`
	TokenDaysDefault   int           `default:"7" help:"Its life when nobody says otherwise, in days."`
	SignInRate         Rate          `default:"10/5m" help:"Failed sign-ins, and forgotten passwords, per address; a browser that is known to the account counts by itself."`
	SignInStop         Rate          `default:"100/1h" help:"Failed sign-ins with one login. Over it, only a browser that is known to the account signs in, or a mailed link."`
	SignUpRate         Rate          `default:"20/24h" help:"New accounts per address."`
	MailRate           Rate          `default:"5/6h" help:"Mails with a link that one account's or one visitor's forms may cause to one address."`
	LoginRate          Rate          `default:"60/1h" help:"Terminals per address that may ask to be signed in."`
	PublishRate        Rate          `default:"300/1h" help:"Publishes that one account may try, and as many other changes of packages."`
	SearchRate         Rate          `default:"600/1m" help:"Searches that one account, or one address, may make."`
	PublishesAtOnce    int           `default:"8" help:"Publish requests whose bodies are read at the same time."`
	ShutdownGrace      time.Duration `default:"20s" help:"How long requests may take to finish at shutdown."`
	TransferIdle       time.Duration `default:"30s" help:"A transfer that falls behind 16 KiB a second for this long is cut."`
	HeaderBytes        int           `default:"32768" help:"Largest request header, in bytes."`
	FormBytes          int64         `default:"65536" help:"Largest form or JSON body other than a publish, in bytes."`
	ReadmeBytes        int64         `default:"524288" help:"Longest readme that is kept, in bytes."`
	ConnectionsAtOnce  int           `default:"4096" help:"Open connections."`
	LoginTerminalsOpen int           `default:"5" help:"Terminals per address that may wait for a browser at the same time."`
}

// Rate is a number of events in a period. The zero Rate is no limit.
type Rate struct {
	N   int
	Per time.Duration
}

// UnmarshalText reads "10/5m" or "off".
func (r *Rate) UnmarshalText(text []byte) error {
	if string(text) == "off" {
		*r = Rate{}
		return nil
	}
	number, period, _ := strings.Cut(string(text), "/")
	n, err := strconv.Atoi(number)
	per, perr := time.ParseDuration(period)
	if err != nil || perr != nil || n < 1 || per <= 0 {
		return fmt.Errorf(`%q is not a rate: expected N/PERIOD such as 10/5m, or "off"`, text)
	}
	*r = Rate{n, per}
	return nil
}

// String is the inverse of UnmarshalText.
func (r Rate) String() string {
	if r.N == 0 {
		return "off"
	}
	return fmt.Sprintf("%d/%s", r.N, r.Per)
}

// Complete reads the secrets that are in files, fills in what depends on other options, and says
// what is wrong with the rest.
func (c *Config) Complete() error {
	for _, s := range []struct {
		value *string
		file  string
		flag  string
	}{
		{&c.Database, c.DatabaseFile, "database"},
		{&c.S3SecretKey, c.S3SecretKeyFile, "s3-secret-key"},
		{&c.SMTPPassword, c.SMTPPasswordFile, "smtp-password"},
		{&c.SecretKey, c.SecretKeyFile, "secret-key"},
	} {
		if err := fromFile(s.value, s.file, s.flag); err != nil {
			return err
		}
	}
	if c.RegistryURL == "" {
		c.RegistryURL = strings.TrimSuffix(c.URL, "/") + "/npm/"
	}
	for _, u := range []struct {
		value *string
		flag  string
	}{{&c.URL, "url"}, {&c.RegistryURL, "registry-url"}} {
		if err := checkURL(u.value, u.flag); err != nil {
			return err
		}
	}
	if c.RegistryURL == c.URL {
		return fmt.Errorf("--registry-url: %q is the portal's own address; give the registry a path such as /npm/ or a host name", c.URL)
	}
	if portal, _ := url.Parse(c.URL); portal.Path != "/" {
		return fmt.Errorf("--url: %q has a path; the portal needs the root of its host name", c.URL)
	}
	return c.Limits.check()
}

// maxDocument bounds what a publish may bring besides its tarball. The edge holds it, so that a body
// is refused by its length alone.
const maxDocument = 4 << 20

// check refuses limits that would let nothing through: a limit that is not wanted is made large.
func (l Limits) check() error {
	v := reflect.ValueOf(l)
	for i := range v.NumField() {
		if f := v.Type().Field(i); v.Field(i).CanInt() && v.Field(i).Int() < 1 {
			return fmt.Errorf("the limit %s must be more than nothing", f.Name)
		}
	}
	if l.PasswordLength < 8 {
		return errors.New("--password-length: passwords shorter than 8 characters are not safe")
	}
	if l.MaxManifest > maxDocument || l.ReadmeBytes > maxDocument {
		return fmt.Errorf("--max-manifest and --readme-bytes: at most %d bytes", maxDocument)
	}
	return nil
}

func fromFile(value *string, file, flag string) error {
	if file == "" {
		return nil
	}
	if *value != "" {
		return fmt.Errorf("--%s and --%s-file say the same thing twice: give one", flag, flag)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("--%s-file: %w", flag, err)
	}
	*value = strings.TrimSpace(string(b))
	return nil
}

// checkURL makes *value an absolute http(s) URL that ends in a slash.
func checkURL(value *string, flag string) error {
	u, err := url.Parse(*value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("--%s: %q is not an address like https://registry.example.com", flag, *value)
	}
	*value = strings.TrimSuffix(u.String(), "/") + "/"
	return nil
}

// MailsSignInCodes reports whether accounts without a second factor are mailed a code at each sign-in. Without
// a mail server nobody would get it, so that has to be asked for.
func (c *Config) MailsSignInCodes() bool {
	return c.SignInCodes == "always" || c.SignInCodes == "auto" && c.SMTP != ""
}

// Secure reports whether the portal is reached over https.
func (c *Config) Secure() bool { return strings.HasPrefix(c.URL, "https:") }
