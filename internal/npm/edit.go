package npm

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/errs"
)

const (
	// sniffed is how much of a body is looked at to tell an edit from a publish: enough for _id and name.
	sniffed = 1024
	// maxListed bounds the versions, people and users in one edit.
	maxListed = 100_000
	// maxText bounds one text in an edit, in bytes; a readme is the longest that documents have.
	maxText = 4 << 20
)

var (
	errEdit     = errs.New(errs.Invalid, "npm.edit", "The body is not this package's document: expected what this registry serves, with a change in it.")
	errEditSize = errs.New(errs.TooLarge, "npm.edit_size", "The body has a text or a list that is longer than any of a package's document.")
)

// Edit is a package's document as a client sends it back, as far as that can mean a change. What is nil
// was not in the body. Everything else there is the server's to say and is ignored.
type Edit struct {
	Rev         string
	Versions    map[string]string // version to deprecation message, "" when it has none
	Users       map[string]bool   // who starred the package
	Maintainers []string          // names
}

// IsEdit reports whether a body edits a document, without consuming it. npm deprecate and npm star send
// back what they read, where _rev comes before anything but _id and name; a publish has no _rev.
func IsEdit(body *bufio.Reader) bool {
	begin, _ := body.Peek(sniffed) // of a shorter body, all of it
	d := jsontext.NewDecoder(bytes.NewReader(begin))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return false
	}
	for {
		t, err := d.ReadToken()
		if err != nil || t.Kind() != '"' {
			return false
		}
		switch t.String() {
		case "_rev":
			return true
		case "_id", "name":
			if d.SkipValue() != nil {
				return false
			}
		default:
			return false
		}
	}
}

// DecodeEdit reads an edit member by member, so that a large document never stands in memory as a whole.
func DecodeEdit(body io.Reader) (Edit, error) {
	// The decoder would remember the names of every object to find doubles; where one matters it is looked
	// for here.
	d := editDecoder{jsontext.NewDecoder(&shortTexts{in: body}, jsontext.AllowDuplicateNames(true))}
	e, err := d.edit()
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = errEdit.With(err)
	}
	return e, err
}

type editDecoder struct{ *jsontext.Decoder }

func (d editDecoder) edit() (e Edit, err error) {
	seen := map[string]bool{}
	err = d.members(func(name string) error {
		read := map[string]func() error{
			"_rev":        func() (err error) { e.Rev, err = d.text(); return err },
			"versions":    func() (err error) { e.Versions, err = d.versions(); return err },
			"users":       func() (err error) { e.Users, err = d.users(); return err },
			"maintainers": func() (err error) { e.Maintainers, err = d.people(); return err },
		}[name]
		if read == nil {
			return d.SkipValue()
		}
		if seen[name] {
			return errEdit
		}
		seen[name] = true
		return read()
	})
	if err != nil {
		return Edit{}, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return Edit{}, errors.Join(errEdit, err)
	}
	return e, nil
}

// members calls f with the name of each member of the object at hand; f reads the value.
func (d editDecoder) members(f func(name string) error) error {
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return errors.Join(errEdit, err)
	}
	for d.PeekKind() == '"' {
		t, err := d.ReadToken()
		if err != nil {
			return err
		}
		if err := f(t.String()); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// text reads a text; a value of another type is none.
func (d editDecoder) text() (string, error) {
	if d.PeekKind() != '"' {
		return "", d.SkipValue()
	}
	t, err := d.ReadToken()
	return t.String(), err
}

func (d editDecoder) versions() (map[string]string, error) {
	out := map[string]string{}
	err := d.members(func(version string) error {
		if _, twice := out[version]; twice || len(version) > maxVersion {
			return errEdit
		}
		if len(out) == maxListed {
			return errEditSize
		}
		out[version] = ""
		return d.members(func(name string) (err error) {
			if name != "deprecated" {
				return d.SkipValue()
			}
			out[version], err = d.text()
			return err
		})
	})
	return out, err
}

func (d editDecoder) users() (map[string]bool, error) {
	out := map[string]bool{}
	err := d.members(func(user string) error {
		if len(user) > maxName || len(out) == maxListed {
			return errEditSize
		}
		out[user] = d.PeekKind() != 'f' // npm once wrote false for a star that was taken back
		return d.SkipValue()
	})
	return out, err
}

func (d editDecoder) people() ([]string, error) {
	if t, err := d.ReadToken(); err != nil || t.Kind() != '[' {
		return nil, errors.Join(errEdit, err)
	}
	out := []string{}
	for d.PeekKind() == '{' {
		person := ""
		err := d.members(func(name string) (err error) {
			if name != "name" {
				return d.SkipValue()
			}
			person, err = d.text()
			return err
		})
		if err != nil {
			return nil, err
		}
		if person == "" || len(person) > maxName || len(out) == maxListed {
			return nil, errEdit
		}
		out = append(out, person)
	}
	if t, err := d.ReadToken(); err != nil || t.Kind() != ']' {
		return nil, errors.Join(errEdit, err)
	}
	return out, nil
}

// shortTexts reads JSON and fails at a text that is too long: the decoder holds each in memory.
type shortTexts struct {
	in              io.Reader
	inText, escaped bool
	length          int
}

// Read implements io.Reader.
func (s *shortTexts) Read(p []byte) (int, error) {
	n, err := s.in.Read(p)
	for _, b := range p[:n] {
		switch {
		case !s.inText:
			s.inText, s.length = b == '"', 0
		case s.escaped:
			s.escaped = false
		case b == '\\':
			s.escaped = true
		case b == '"':
			s.inText = false
		}
		if s.length++; s.inText && s.length > maxText {
			return 0, errEditSize
		}
	}
	return n, err
}
