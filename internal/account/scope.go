package account

import (
	"context"

	"latchkey/db"
	"latchkey/internal/errs"
)

// ClaimScope takes a name for an organization, which shares the namespace of people: both own the scope of
// their name. What is wrong with it is an Invalid error with Field name.
func (s *Service) ClaimScope(ctx context.Context, tx *db.Tx, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	free, err := store{tx}.claimName(ctx, name, "org", s.now())
	if err == nil && !free {
		err = errs.Field("name", "This name is taken. Choose another one.")
	}
	return err
}

// Address reads an address as mail is sent to it, and the key by which two spellings of it are one.
func Address(text string) (address, key string, err error) {
	address, err = parseAddress(text)
	return address, addressKey(address), err
}
