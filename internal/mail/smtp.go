package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"latchkey/internal/config"
)

// timeout bounds the conversation with the server, which happens in a job.
const timeout = 30 * time.Second

// ErrRefused means that the server will never take this message: trying again is of no use.
var ErrRefused = errors.New("the mail server refused the message for good")

// SMTP sends through a mail server.
type SMTP struct {
	host    string // of the server
	name    string // ours, in HELO and Message-ID
	options []gomail.Option
	from    *mail.Address
}

// NewSMTP reads the options and says what is wrong with them. It does not connect: a mail server
// that is down delays mail, not the start.
func NewSMTP(cfg *config.Config) (*SMTP, error) {
	host, port, err := net.SplitHostPort(cfg.SMTP)
	if err != nil {
		return nil, fmt.Errorf("--smtp: %w", err)
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65535 || host == "" {
		return nil, fmt.Errorf("--smtp: %q is not HOST:PORT", cfg.SMTP)
	}
	from, err := mail.ParseAddress(cfg.MailFrom)
	if err != nil {
		return nil, fmt.Errorf("--mail-from: %q: %w", cfg.MailFrom, err)
	}
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("--url: %w", err)
	}
	s := &SMTP{host: host, name: heloName(u.Hostname()), from: from}
	s.options = []gomail.Option{gomail.WithPort(n), gomail.WithTimeout(timeout), gomail.WithHELO(s.name)}
	switch cfg.SMTPSecurity {
	case "tls":
		s.options = append(s.options, gomail.WithSSL())
	case "none":
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.NoTLS))
	default: // a server that does not offer STARTTLS is refused: somebody may have removed the offer
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if cfg.SMTPUser != "" {
		s.options = append(s.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(cfg.SMTPUser), gomail.WithPassword(cfg.SMTPPassword))
	}
	return s, nil
}

// Send delivers one message over a connection of its own.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	msg, err := build(m, s.from, s.name)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	c, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return fmt.Errorf("mail server: %w", err)
	}
	if err := c.DialAndSendWithContext(ctx, msg); err != nil && !msg.IsDelivered() {
		return classify(err)
	}
	return nil // also when the server broke off after it had accepted the message
}

// classify tells a refused recipient or content from trouble that may pass. No connection, a wrong
// password or a policy (5.7.x: "relaying denied") is repaired at the server, so the message waits.
func classify(err error) error {
	var refusal *gomail.SendError
	if errors.As(err, &refusal) && refusal.ErrorCode() >= 500 && !strings.Contains(err.Error(), "5.7.") &&
		(refusal.Reason == gomail.ErrSMTPRcptTo || refusal.Reason == gomail.ErrSMTPDataClose) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return fmt.Errorf("mail server: %w", err)
}

// heloName is a host as SMTP writes it: addresses in brackets (RFC 5321, 4.1.3).
func heloName(host string) string {
	ip, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return host
	case ip.Is6():
		return "[IPv6:" + host + "]"
	}
	return "[" + host + "]"
}
