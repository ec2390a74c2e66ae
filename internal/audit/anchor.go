package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"latchkey/db"
)

// anchor is a file that keeps the end of the chain outside of the database. Without it, whoever can write the
// database could take entries out of the chain, alter them, and let them be sealed anew. It may be behind the
// chain, after a crash or when another server seals too, but never beside it.
type anchor string

func (a anchor) read() (h Head, err error) {
	b, err := os.ReadFile(string(a))
	if errors.Is(err, os.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		return h, err
	}
	if err := json.Unmarshal(b, &h); err != nil {
		return h, fmt.Errorf("read %s: %w", string(a), err)
	}
	return h, nil
}

// write replaces the file as a whole.
func (a anchor) write(h Head) error {
	b, err := json.Marshal(h)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(string(a)), filepath.Base(string(a))+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), string(a))
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// anchored returns an AlteredError unless the entry at the anchor is still sealed as it was.
func (s *Service) anchored(ctx context.Context, q db.Q) error {
	kept, err := s.anchor.read()
	if err != nil || kept.Seq == 0 {
		return err
	}
	seal, err := store{q}.sealAt(ctx, kept.Seq)
	if err == nil && seal != kept.Seal || errors.Is(err, db.ErrNoRows) {
		return AlteredError{Seq: kept.Seq}
	}
	return err
}
