// Package mail turns an event into a letter and hands it to a server, or keeps it where an operator
// can read it when there is none.
package mail

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"strings"
	"text/template"
)

// Letter is what a noun asks to be sent: a template and its data, in a job.
type Letter struct {
	To       string            `json:"to"`
	Template string            `json:"template"` // name of a file in templates, without .txt
	Data     map[string]string `json:"data"`
}

// Message is a letter ready to leave. All text is plain. ID is a UUIDv7, or empty to have one made; a
// message that is sent again has the same.
type Message struct{ ID, To, Subject, Body string }

// Sender delivers a message. There are two: SMTP, and Capture when no server is set.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

//go:embed templates/*.txt
var files embed.FS

var templates = template.Must(template.New("").Option("missingkey=error").ParseFS(files, "templates/*.txt"))

// Render writes a letter. A template's first line is the subject; name and url are of this
// installation and every template may use them.
func Render(l Letter, name, url string) (Message, error) {
	data := map[string]string{"Installation": name, "URL": url}
	for k, v := range l.Data {
		data[k] = v
	}
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, l.Template+".txt", data); err != nil {
		return Message{}, fmt.Errorf("mail %s: %w", l.Template, err)
	}
	subject, body, ok := strings.Cut(b.String(), "\n")
	if !ok || strings.ContainsAny(l.To+subject, "\r\n") {
		return Message{}, fmt.Errorf("mail %s: subject or address is not one line", l.Template)
	}
	return Message{To: l.To, Subject: subject, Body: strings.TrimLeft(body, "\n")}, nil
}
