package advisory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/errs"
)

const (
	perImport = 200     // records that one transaction writes
	maxRecord = 8 << 20 // bytes
)

// Imported says what an import did.
type Imported struct {
	Advisories int // that are in force now
	Withdrawn  int // that were taken back by their authors
	Others     int // records about no package of npm
}

// Import reads OSV records, one, a list, or one after the other, and replaces what was known under their
// ids. Each two hundred are written at once: after an error those before it are there, and the import can
// be repeated.
func (s *Service) Import(ctx context.Context, by access.Actor, from io.Reader) (done Imported, err error) {
	if err := access.Check(by, access.AdvisoryManage, access.Installation(by), s.now()); err != nil {
		return done, err
	}
	d := jsontext.NewDecoder(from)
	var batch []record
	write := func() error {
		n, err := s.write(ctx, batch)
		done.Advisories += n.Advisories
		done.Withdrawn += n.Withdrawn
		done.Others += n.Others
		batch = batch[:0]
		return err
	}
	for {
		r, err := next(d)
		if errors.Is(err, io.EOF) {
			return done, errors.Join(write(), s.record(ctx, by, &done))
		}
		if err != nil {
			return done, err
		}
		if batch = append(batch, r); len(batch) == perImport {
			if err := write(); err != nil {
				return done, err
			}
		}
	}
}

// record notes an import in the security log.
func (s *Service) record(ctx context.Context, by access.Actor, done *Imported) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return audit.Record(ctx, tx, s.now(), by, audit.Entry{Event: audit.AdvisoriesImported, Subject: "installation", Detail: map[string]string{
			"advisories": strconv.Itoa(done.Advisories), "withdrawn": strconv.Itoa(done.Withdrawn),
		}})
	})
}

// next reads a record, stepping into lists and out of them.
func next(d *jsontext.Decoder) (r record, err error) {
	for d.PeekKind() == '[' || d.PeekKind() == ']' {
		if _, err := d.ReadToken(); err != nil {
			return r, unreadable(d, err)
		}
	}
	v, err := d.ReadValue()
	if errors.Is(err, io.EOF) {
		return r, io.EOF
	}
	if err == nil && len(v) > maxRecord {
		err = fmt.Errorf("the record is larger than %d bytes", maxRecord)
	}
	if err == nil {
		err = json.Unmarshal(v, &r)
	}
	if err == nil && r.ID == "" {
		err = errors.New("the record has no id")
	}
	if err != nil {
		return r, unreadable(d, err)
	}
	return r, nil
}

func unreadable(d *jsontext.Decoder, err error) error {
	return errs.Newf(errs.Invalid, "advisory.osv", "The file cannot be read near byte %d: expected OSV records as JSON. %v", d.InputOffset(), err)
}

func (s *Service) write(ctx context.Context, batch []record) (n Imported, err error) {
	if len(batch) == 0 {
		return n, nil
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n = Imported{} // of this try
		st := store{tx}
		for _, r := range batch {
			if err := st.remove(ctx, r.ID); err != nil {
				return err
			}
			list := r.advisories()
			switch {
			case r.Withdrawn != nil:
				n.Withdrawn++
				continue
			case len(list) == 0:
				n.Others++
				continue
			}
			n.Advisories++
			if err := st.insert(ctx, list, r.Details); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}
