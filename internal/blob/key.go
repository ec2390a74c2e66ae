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

// place is where a blob lies in either store: sha512/aa/HEX. Folder and bucket have one layout, so that
// one can be copied to the other. 256 folders hold millions of files well, and they are few enough to be
// made once and kept open: with 65,536 of them nearly every publish made and synced a new one.
func place(key string) (string, error) {
	if len(key) != 128 || strings.Trim(key, "0123456789abcdef") != "" {
		return "", errKey
	}
	return algorithm + "/" + key[:2] + "/" + key, nil
}

// keyAt is the inverse of place.
func keyAt(p string) (key string, ok bool) {
	key = path.Base(p)
	want, err := place(key)
	return key, err == nil && want == p
}
