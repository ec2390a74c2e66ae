package mail

import (
	"crypto/tls"

	gomail "github.com/wneessen/go-mail"
)

// trust adds the certificate of a test's server.
func (s *SMTP) trust(c *tls.Config) { s.options = append(s.options, gomail.WithTLSConfig(c)) }
