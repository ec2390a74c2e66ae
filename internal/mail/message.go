package mail

import (
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/google/uuid"
	gomail "github.com/wneessen/go-mail"
)

// build writes a message in the form of the mail standards. It has one recipient and plain text, and
// asks machines not to answer it. go-mail refuses line breaks in what becomes a header.
func build(m Message, from *mail.Address, host string) (*gomail.Msg, error) {
	to, err := mail.ParseAddress(m.To)
	if err != nil {
		return nil, fmt.Errorf("recipient: %w", err)
	}
	if strings.ContainsAny(m.Subject, "\r\n") {
		return nil, fmt.Errorf("subject is not one line")
	}
	id, at, err := identify(m.ID)
	if err != nil {
		return nil, err
	}
	msg := gomail.NewMsg(gomail.WithEncoding(gomail.EncodingQP), gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(from)
	msg.SetAddrHeaderFromMailAddress(gomail.HeaderTo, to)
	msg.Subject(m.Subject)
	msg.SetDateWithValue(at)
	msg.SetMessageIDWithValue(id + "@" + host)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834
	msg.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	msg.SetBodyString(gomail.TypeTextPlain, m.Body)
	return msg, nil
}

// identify returns a message's id, making one when there is none, and when it was written: a UUIDv7
// says so itself. A message that is sent again keeps both, so that mail programs show it once.
func identify(id string) (string, time.Time, error) {
	u, err := uuid.Parse(id)
	if id == "" {
		u, err = uuid.NewV7()
	}
	if err != nil {
		return "", time.Time{}, fmt.Errorf("id of a message: %w", err)
	}
	return u.String(), time.Unix(u.Time().UnixTime()).UTC(), nil
}
