package npm

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strings"

	"latchkey/internal/errs"
)

// Limits of a publish body, besides the tarball's.
const (
	maxDepth = 64
	// MaxEnvelope bounds everything in a body but the tarball: manifest, readme, attestation; in bytes.
	MaxEnvelope = 4 << 20
	chunk       = 64 << 10
)

// What can be wrong with the body as JSON.
var (
	errJSON     = errs.New(errs.Invalid, "npm.json", "The body is not valid JSON: expected what npm publish sends.")
	errDepth    = errs.New(errs.Invalid, "npm.json_depth", "The body is nested too deeply: expected at most 64 levels.")
	errEnvelope = errs.New(errs.TooLarge, "npm.manifest_size", "The manifest is too large: expected at most 4 MiB besides the tarball.")
	errBase64   = errs.New(errs.Invalid, "npm.base64", "The attachment is not valid base64: expected the standard alphabet with padding and no line breaks.")
)

// scanner copies a publish body to out, except for the base64 text of the tarball, which it decodes
// into tarball as it goes by and leaves behind as an empty string. A 20 MB tarball thus never stands
// in memory, and the rest is small enough to be parsed strictly afterwards.
type scanner struct {
	in      *bufio.Reader
	out     bytes.Buffer
	tarball io.Writer

	stack     []byte    // open brackets
	keys      [3]string // the keys that lead to the current value, as far as they matter
	expectKey bool
	found     int // attachments that were decoded
}

func (s *scanner) run() error {
	for {
		b, err := s.in.ReadByte()
		if errors.Is(err, io.EOF) {
			return s.end()
		}
		if err != nil {
			return err
		}
		if err := s.next(b); err != nil {
			return err
		}
		if s.out.Len() > MaxEnvelope {
			return errEnvelope
		}
	}
}

func (s *scanner) end() error {
	if len(s.stack) > 0 || s.out.Len() == 0 {
		return errJSON
	}
	return nil
}

func (s *scanner) next(b byte) error {
	switch b {
	case '{', '[':
		if len(s.stack) == maxDepth {
			return errDepth
		}
		s.stack = append(s.stack, b)
		s.expectKey = b == '{'
	case '}', ']':
		if len(s.stack) == 0 {
			return errJSON
		}
		s.stack = s.stack[:len(s.stack)-1]
		s.expectKey = false
	case ',':
		s.expectKey = len(s.stack) > 0 && s.stack[len(s.stack)-1] == '{'
	case '"':
		return s.text()
	}
	s.out.WriteByte(b)
	return nil
}

// text handles a string whose opening quote was read.
func (s *scanner) text() error {
	if !s.expectKey && s.atTarball() {
		s.found++
		s.out.WriteString(`""`)
		return s.decode()
	}
	from := s.out.Len()
	if err := s.copyString(); err != nil {
		return err
	}
	if s.expectKey {
		s.expectKey = false
		if d := len(s.stack); d <= len(s.keys) {
			// Keys that matter have no escapes; one written with them is simply not recognised.
			s.keys[d-1] = string(bytes.Trim(s.out.Bytes()[from:], `"`))
		}
	}
	return nil
}

// atTarball reports whether the value at hand is _attachments.{file}.tgz.data. Attachment keys of
// scoped packages contain a slash; nothing but their ending is used.
func (s *scanner) atTarball() bool {
	return len(s.stack) == 3 && s.keys[0] == "_attachments" && s.keys[2] == "data" && strings.HasSuffix(s.keys[1], ".tgz")
}

// copyString copies a string with its quotes, the opening one being read already.
func (s *scanner) copyString() error {
	s.out.WriteByte('"')
	for {
		part, err := s.in.ReadSlice('"')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return unexpectedEnd(err)
		}
		if s.out.Len()+len(part) > MaxEnvelope {
			return errEnvelope
		}
		s.out.Write(part)
		if err == nil && !s.escaped() {
			return nil
		}
	}
}

// escaped reports whether the quote just written follows an odd number of backslashes.
func (s *scanner) escaped() bool {
	b := s.out.Bytes()
	n := 0
	for i := len(b) - 2; i >= 0 && b[i] == '\\'; i-- {
		n++
	}
	return n%2 == 1
}

// decode streams base64 up to the closing quote.
func (s *scanner) decode() error {
	enc := base64.StdEncoding.Strict()
	plain := make([]byte, enc.DecodedLen(chunk))
	padded := false
	for {
		if _, err := s.in.Peek(1); err != nil {
			return unexpectedEnd(err)
		}
		part, _ := s.in.Peek(s.in.Buffered())
		end := bytes.IndexByte(part, '"')
		if end >= 0 {
			part = part[:end]
		} else if part = part[:len(part)&^3]; len(part) == 0 {
			// Fewer than four digits are buffered: have the reader fetch more.
			if _, err := s.in.Peek(4); err != nil {
				return unexpectedEnd(err)
			}
			continue
		}
		if padded && len(part) > 0 {
			return errBase64
		}
		n, err := enc.Decode(plain, part)
		pad := len(part) - len(bytes.TrimRight(part, "="))
		// The decoder skips line breaks, which a JSON string cannot hold: then too few bytes come out.
		if err != nil || n != enc.DecodedLen(len(part))-pad {
			return errBase64
		}
		padded = pad > 0
		if _, err := s.tarball.Write(plain[:n]); err != nil {
			return err
		}
		if end >= 0 {
			_, err := s.in.Discard(end + 1)
			return err
		}
		if _, err := s.in.Discard(len(part)); err != nil {
			return err
		}
	}
}

func unexpectedEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return errJSON
	}
	return err
}
