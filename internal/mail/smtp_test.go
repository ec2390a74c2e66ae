package mail

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"latchkey/internal/config"
)

// server is a real SMTP server on the loopback, with what it received.
type server struct {
	mu       sync.Mutex
	received []delivery
	refuse   *smtp.SMTPError // at RCPT
	addr     string
	cert     *x509.CertPool
	greeting string
}

type delivery struct {
	from, user string
	to         []string
	data       string
}

func (s *server) all() []delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]delivery(nil), s.received...)
}

// NewSession implements smtp.Backend.
func (s *server) NewSession(c *smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.greeting = c.Hostname()
	return &session{server: s}, nil
}

type session struct {
	server *server
	delivery
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "latchkey" || password != "right" {
			return smtp.ErrAuthFailed
		}
		s.user = user
		return nil
	}), nil
}

func (s *session) Reset()        { s.delivery = delivery{user: s.user} }
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.server.refuse != nil {
		return s.server.refuse
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.data = string(b)
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.received = append(s.server.received, s.delivery)
	return nil
}

// serve starts a server: with "starttls" or "tls" it has a certificate for 127.0.0.1.
func serve(t *testing.T, security string) *server {
	t.Helper()
	s := &server{}
	srv := smtp.NewServer(s)
	srv.AllowInsecureAuth = true
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if security != "none" {
		var c tls.Certificate
		c, s.cert = certificate(t)
		srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{c}}
	}
	s.addr = l.Addr().String()
	if security == "tls" {
		l = tls.NewListener(l, srv.TLSConfig)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	return s
}

func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, &c, &c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func sender(t *testing.T, s *server, change func(*config.Config)) *SMTP {
	t.Helper()
	cfg := &config.Config{
		SMTP: s.addr, SMTPSecurity: "none", MailFrom: "Example Registry <registry@example.com>", URL: "https://registry.example.com/",
	}
	if change != nil {
		change(cfg)
	}
	smtp, err := NewSMTP(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if s.cert != nil {
		smtp.trust(&tls.Config{RootCAs: s.cert, ServerName: "127.0.0.1"})
	}
	return smtp
}

func security(how string) func(*config.Config) {
	return func(c *config.Config) { c.SMTPSecurity = how }
}

var hello = Message{
	ID: "01930000-0000-7000-8000-000000000000", To: "ann@example.com", Subject: "Grüße aus der Registry", Body: "Hello ann,\n\nhttps://registry.example.com/verify/" + "A2345678901234567890123456" + "\n\n.\nend · ü\n",
}

func TestMailArrivesWholeWithOneRecipientAndNothingOfItsMaker(t *testing.T) {
	s := serve(t, "none")
	if err := sender(t, s, nil).Send(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	got := s.all()
	if len(got) != 1 || got[0].from != "registry@example.com" || strings.Join(got[0].to, " ") != "ann@example.com" {
		t.Fatalf("received %+v", got)
	}
	m, err := mail.ReadMessage(strings.NewReader(got[0].data))
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{
		"From":           `"Example Registry" <registry@example.com>`,
		"To":             "<ann@example.com>",
		"Message-Id":     "<01930000-0000-7000-8000-000000000000@registry.example.com>",
		"Auto-Submitted": "auto-generated",
		"Content-Type":   "text/plain; charset=UTF-8",
		"User-Agent":     "",
		"X-Mailer":       "",
		"Bcc":            "",
	} {
		if got := m.Header.Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	if at, err := m.Header.Date(); err != nil || at.Year() != 2024 {
		t.Errorf("dated %v, %v; want when the message was written", at, err)
	}
	p, err := parse(strings.NewReader(got[0].data))
	if err != nil {
		t.Fatal(err)
	}
	if p.Subject != hello.Subject || p.Body != hello.Body {
		t.Errorf("read back %+v", p)
	}
	if s.greeting != "registry.example.com" {
		t.Errorf("HELO %q", s.greeting)
	}
}

func TestMailThatIsSentAgainIsTheSameMail(t *testing.T) {
	s := serve(t, "none")
	for range 2 {
		if err := sender(t, s, nil).Send(t.Context(), hello); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.all(); len(got) != 2 || got[0].data != got[1].data {
		t.Errorf("received %+v", got)
	}
}

func TestHeadersCannotBeInjected(t *testing.T) {
	s := serve(t, "none")
	smtp := sender(t, s, nil)
	for _, m := range []Message{
		{To: "ann@example.com\r\nBcc: eve@example.com", Subject: "s", Body: "b"},
		{To: "ann@example.com, eve@example.com", Subject: "s", Body: "b"},
		{To: "ann@example.com>\r\nRCPT TO:<eve@example.com", Subject: "s", Body: "b"},
		{To: "ann@example.com", Subject: "s\r\nBcc: eve@example.com", Body: "b"},
		{To: "ann@example.com", Subject: "s\nBcc: eve@example.com", Body: "b"},
		{ID: "x>\r\nBcc: eve@example.com", To: "ann@example.com", Subject: "s", Body: "b"},
		{To: "", Subject: "s", Body: "b"},
	} {
		if err := smtp.Send(t.Context(), m); !errors.Is(err, ErrRefused) {
			t.Errorf("%+v: %v", m, err)
		}
	}
	// A body may hold anything: it is one body of one message.
	body := "\r\nBcc: eve@example.com\r\n.\r\nMAIL FROM:<x@example.com>\r\nRCPT TO:<eve@example.com>\r\n"
	if err := smtp.Send(t.Context(), Message{To: "ann@example.com", Subject: "s", Body: body}); err != nil {
		t.Fatal(err)
	}
	got := s.all()
	if len(got) != 1 || strings.Join(got[0].to, " ") != "ann@example.com" {
		t.Errorf("received %+v", got)
	}
}

func TestConnectionIsProtectedAsConfigured(t *testing.T) {
	for _, how := range []string{"starttls", "tls"} {
		s := serve(t, how)
		if err := sender(t, s, security(how)).Send(t.Context(), hello); err != nil {
			t.Errorf("%s: %v", how, err)
		}
		if err := sender(t, &server{addr: s.addr}, security(how)).Send(t.Context(), hello); err == nil || errors.Is(err, ErrRefused) {
			t.Errorf("%s with a certificate nobody knows: %v", how, err)
		}
		if n := len(s.all()); n != 1 {
			t.Errorf("%s: %d messages", how, n)
		}
	}
}

func TestServerWithoutStartTLSIsRefused(t *testing.T) {
	s := serve(t, "none")
	if err := sender(t, s, security("starttls")).Send(t.Context(), hello); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("got %v", err)
	}
	if n := len(s.all()); n != 0 {
		t.Errorf("%d messages left in the clear", n)
	}
}

func TestUserNameAndPasswordAreGivenWhenSet(t *testing.T) {
	s := serve(t, "starttls")
	with := func(password string) func(*config.Config) {
		return func(c *config.Config) { c.SMTPSecurity, c.SMTPUser, c.SMTPPassword = "starttls", "latchkey", password }
	}
	if err := sender(t, s, with("right")).Send(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	if got := s.all(); len(got) != 1 || got[0].user != "latchkey" {
		t.Errorf("received %+v", got)
	}
	err := sender(t, s, with("wrong-password")).Send(t.Context(), hello)
	if err == nil || errors.Is(err, ErrRefused) || strings.Contains(err.Error(), "wrong-password") {
		t.Errorf("with a wrong password: %v", err)
	}
}

func TestRefusalForGoodIsToldFromTroubleThatMayPass(t *testing.T) {
	for _, c := range []struct {
		refuse *smtp.SMTPError
		final  bool
	}{
		{&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}, true},
		{&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "relaying denied"}, false},
		{&smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: "greylisted"}, false},
		{&smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "mailbox full"}, false},
	} {
		s := serve(t, "none")
		s.refuse = c.refuse
		err := sender(t, s, nil).Send(t.Context(), hello)
		if err == nil || errors.Is(err, ErrRefused) != c.final {
			t.Errorf("%v: %v", c.refuse, err)
		}
	}
}

func TestServerThatIsDownIsTroubleThatMayPass(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	err = sender(t, &server{addr: addr}, nil).Send(t.Context(), hello)
	if err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("got %v", err)
	}
}

func TestWrongMailOptionsAreNamedAtStart(t *testing.T) {
	good := config.Config{SMTP: "mail.example.com:587", MailFrom: "r@example.com", URL: "https://registry.example.com/"}
	for want, change := range map[string]func(*config.Config){
		"--smtp":      func(c *config.Config) { c.SMTP = "mail.example.com" },
		"--smtp:":     func(c *config.Config) { c.SMTP = "mail.example.com:smtp" },
		"--smtp: ":    func(c *config.Config) { c.SMTP = ":25" },
		"--mail-from": func(c *config.Config) { c.MailFrom = "nobody" },
		"--url":       func(c *config.Config) { c.URL = "://" },
	} {
		c := good
		change(&c)
		if _, err := NewSMTP(&c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error about %s, got %v", want, err)
		}
	}
	if _, err := NewSMTP(&good); err != nil {
		t.Error(err)
	}
}

func TestAddressesAreBracketedInHelo(t *testing.T) {
	for host, want := range map[string]string{
		"registry.example.com": "registry.example.com", "127.0.0.1": "[127.0.0.1]", "::1": "[IPv6:::1]", "localhost": "localhost",
	} {
		if got := heloName(host); got != want {
			t.Errorf("heloName(%q) = %q", host, got)
		}
	}
}
