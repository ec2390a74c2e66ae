package npm

import (
	"bytes"
	"errors"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/errs"
)

// maxNumber is how long the text of a number in JSON may be, in bytes.
const maxNumber = 64

// What is valid JSON and means different things to its readers.
var (
	errPrototype  = errs.New(errs.Invalid, "npm.prototype_key", "A member is named as JavaScript's object prototype: expected none named __proto__, constructor or prototype.")
	errJSONNumber = errs.New(errs.Invalid, "npm.json_number", "A number cannot be represented: expected one that JavaScript can hold.")
)

// prototypeKeys change a JavaScript object's prototype where a program copies members by name.
var prototypeKeys = set("__proto__", "constructor", "prototype")

// plainJSON refuses valid documents that some reader would misunderstand: nested deeply, with members
// twice, named as an object's prototype, or with numbers that become infinite.
func plainJSON(doc []byte) error {
	d := jsontext.NewDecoder(bytes.NewBuffer(doc))
	for {
		t, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errJSON.With(err)
		}
		depth := d.StackDepth()
		if depth > maxDepth {
			return errDepth
		}
		if in, n := d.StackIndex(depth); in == '{' && n%2 == 1 && prototypeKeys[t.String()] {
			return errPrototype
		}
		if t.Kind() == jsontext.KindNumber {
			if _, err := strconv.ParseFloat(t.String(), 64); err != nil || len(t.String()) > maxNumber {
				return errJSONNumber
			}
		}
	}
}
