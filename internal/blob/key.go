package blob

import (
	"errors"
	"path"
	"strings"
)

// algorithm begins every path, so that another one can stand beside it.
const algorithm = "sha512"

// errKey is a mistake of the program: keys are made by hashing, never typed.
var errKey = errors.New("blob: a key is 128 lower-case hexadecimal digits")

// place is where a blob lies in either store: sha512/aa/bb/HEX. Folder and bucket have one layout, so
// that one can be copied to the other.
func place(key string) (string, error) {
	if len(key) != 128 || strings.Trim(key, "0123456789abcdef") != "" {
		return "", errKey
	}
	return algorithm + "/" + key[:2] + "/" + key[2:4] + "/" + key, nil
}

// keyAt is the inverse of place.
func keyAt(p string) (key string, ok bool) {
	key = path.Base(p)
	want, err := place(key)
	return key, err == nil && want == p
}
