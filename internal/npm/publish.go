package npm

import (
	"bufio"
	"bytes"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/errs"
)

// Publish is a decoded publish body, without the tarball's bytes.
type Publish struct {
	Version        string
	Manifest       jsontext.Value // the version object as sent
	Tag            string
	Access         string // "public", "restricted", or "" when the client did not say
	Readme         string
	ReadmeFilename string
	Length         int64 // tarball bytes that the client announced
}

// noReadme is what npm sends when there is none.
const noReadme = "ERROR: No README data found!"

// envelope is what is read of the body. Everything else in it is the server's to say and is ignored.
type envelope struct {
	ID             string                    `json:"_id"`
	Name           string                    `json:"name"`
	DistTags       map[string]string         `json:"dist-tags"`
	Versions       map[string]jsontext.Value `json:"versions"`
	Access         string                    `json:"access"` // null keeps it ""
	Readme         jsontext.Value            `json:"readme"`
	ReadmeFilename jsontext.Value            `json:"readmeFilename"`
	Attachments    map[string]attachment     `json:"_attachments"`
}

type attachment struct {
	Length int64 `json:"length"`
}

// DecodePublish reads a publish body for the package name, writing the decoded tarball to tarball as
// it streams by. Errors of tarball's Write are returned as they are.
func DecodePublish(name Name, body io.Reader, tarball io.Writer) (Publish, error) {
	s := &scanner{in: bufio.NewReaderSize(body, chunk), tarball: tarball}
	if err := s.run(); err != nil {
		return Publish{}, err
	}
	if err := plainJSON(s.out.Bytes()); err != nil {
		return Publish{}, err
	}
	var e envelope
	// Strict: no duplicate or case-folded keys, valid UTF-8, nothing after the document.
	if err := json.Unmarshal(s.out.Bytes(), &e); err != nil {
		return Publish{}, errJSON.With(err)
	}
	return e.publish(name, s.found)
}

func (e *envelope) publish(name Name, tarballs int) (p Publish, err error) {
	invalid := func(code, format string, args ...any) (Publish, error) {
		return Publish{}, errs.Newf(errs.Invalid, "npm."+code, format, args...)
	}
	if e.Name != name.Full || e.ID != "" && e.ID != name.Full {
		return invalid("name_mismatch", "The body is for another package than the address: expected %s.", name.Full)
	}
	if len(e.Versions) != 1 {
		return invalid("versions", "Expected exactly one version in the body, found %d.", len(e.Versions))
	}
	for v, m := range e.Versions {
		p.Version, p.Manifest = v, m
	}
	if err := ParseVersion(p.Version); err != nil {
		return Publish{}, err
	}
	if tarballs != 1 {
		return invalid("attachments", "Expected exactly one tarball in the body, found %d.", tarballs)
	}
	for key, a := range e.Attachments {
		if _, ok := name.VersionOf(key); !ok {
			return invalid("attachment_name", "The attachment belongs to another package: expected %s.", name.Tarball(p.Version))
		}
		if v, _ := name.VersionOf(key); v != p.Version {
			return invalid("attachment_name", "The attachment belongs to another version: expected %s.", name.Tarball(p.Version))
		}
		p.Length = a.Length
	}
	if len(e.DistTags) != 1 {
		return invalid("tags", "Expected exactly one tag in the body, found %d.", len(e.DistTags))
	}
	for tag, v := range e.DistTags {
		if v != p.Version {
			return invalid("tag_version", "The tag %s does not point to the version that is published.", printable(tag))
		}
		p.Tag = tag
	}
	if err := ParseTag(p.Tag); err != nil {
		return Publish{}, err
	}
	if e.Access != "" && e.Access != "public" && e.Access != "restricted" {
		return invalid("access", "Access is public or restricted.")
	}
	if e.Access == "restricted" && name.Scope == "" {
		return invalid("access", "Only scoped packages can be restricted; %s has no scope.", name.Full)
	}
	p.Access = e.Access
	p.Readme, p.ReadmeFilename = plain(e.Readme), plain(e.ReadmeFilename)
	return p, nil
}

// plain is the text of a value, or nothing when it is of another type. Values are not decoded into any:
// a list of numbers takes twenty times its text.
func plain(v jsontext.Value) (text string) {
	if v.Kind() == '"' {
		_ = json.Unmarshal(v, &text)
	}
	return text
}

// printable makes hostile text safe to repeat in an error message.
func printable(s string) string {
	out := bytes.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, []byte(s[:min(len(s), 64)]))
	return string(out)
}
