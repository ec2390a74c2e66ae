package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"latchkey/internal/access"
	"latchkey/internal/cache"
	"latchkey/internal/npm"
)

// Form is one of the two representations of a package.
type Form byte

// The forms: the full document, and the abbreviated one that most installers ask for.
const (
	Full        Form = 'f'
	Abbreviated Form = 'a'
)

// Encoding is how a document's bytes are compressed.
type Encoding byte

// The encodings. Documents are kept compressed; plain bytes are for clients that take nothing else.
const (
	Plain Encoding = 'p'
	Gzip  Encoding = 'g'
	Zstd  Encoding = 'z'
)

const (
	// documentVersion is part of every ETag; raise it when the same rows would be assembled otherwise.
	documentVersion = "2"
	// plainUpTo is the size up to which plain documents are remembered too.
	plainUpTo = 256 << 10
	timeForm  = "2006-01-02T15:04:05.000Z"
)

// Document is a package's document, ready to be described; Body has its bytes.
type Document struct {
	Private bool
	head    head
	form    Form
	service *Service
}

// readyKey names bytes that are ready to send: a package's document, or a small tarball by its digest.
type readyKey struct {
	id       string
	revision int64
	form     Form
	encoding Encoding
}

type ready struct {
	bytes []byte
	plain int // length before compression
}

// newReady bounds the bytes by what they weigh together.
func newReady(limit int64) cache.Cache[readyKey, *ready] {
	return cache.NewWeighed[readyKey](limit, func(r *ready) int { return len(r.bytes) + 256 })
}

// Document returns a package's document in one form. It reads no bytes yet: a client that has the
// current ones is answered from the ETag alone.
func (s *Service) Document(ctx context.Context, by access.Actor, name string, form Form) (Document, error) {
	h, err := s.authorize(ctx, nil, by, access.PackageRead, name)
	if err != nil {
		return Document{}, err
	}
	return Document{Private: h.Private, head: h, form: form, service: s}, nil
}

// ETag is strong: it names these bytes in this form and encoding, at this registry's address.
func (d Document) ETag(e Encoding) string {
	return `"` + d.head.rev + "-" + documentVersion + d.service.tag + string(rune(d.form)) + string(rune(e)) + `"`
}

// Body returns the document's bytes. A large plain document comes as a reader, so that it never
// stands in memory uncompressed; otherwise reader is nil.
func (d Document) Body(ctx context.Context, e Encoding) (body []byte, reader io.ReadCloser, size int, err error) {
	if e != Plain {
		doc, err := d.service.remembered(ctx, d, e)
		if err != nil {
			return nil, nil, 0, err
		}
		return doc.bytes, nil, len(doc.bytes), nil
	}
	doc, err := d.service.remembered(ctx, d, Gzip)
	if err != nil {
		return nil, nil, 0, err
	}
	if doc.plain > plainUpTo {
		r, err := gzip.NewReader(bytes.NewReader(doc.bytes))
		return nil, r, doc.plain, err
	}
	if doc, err = d.service.remembered(ctx, d, Plain); err != nil {
		return nil, nil, 0, err
	}
	return doc.bytes, nil, len(doc.bytes), nil
}

// remembered returns the bytes of a document, assembling them once for all who wait. A publish that
// commits meanwhile makes them newer than their ETag; nobody but the waiting clients sees that entry,
// because the next request asks for the next revision.
func (s *Service) remembered(ctx context.Context, d Document, e Encoding) (*ready, error) {
	key := readyKey{d.head.ID, d.head.Revision, d.form, e}
	return s.ready.Load(ctx, key, func(ctx context.Context) (*ready, error) {
		ctx = context.WithoutCancel(ctx)
		done, err := s.assembling(ctx, d.head)
		if err != nil {
			return nil, err
		}
		defer done()
		plain, err := s.assemble(ctx, d)
		if err != nil {
			return nil, err
		}
		b, err := compress(plain, e)
		return &ready{b, len(plain)}, err
	})
}

// assembling bounds the memory of documents that are put together at the same time: two of the largest.
func (s *Service) assembling(ctx context.Context, h head) (done func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, bodyWait)
	defer cancel()
	weight := min(h.ManifestBytes, s.cfg.Limits.MaxDocument)
	if err := s.assembly.Acquire(ctx, weight); err != nil {
		return nil, ErrBusy.After(bodyWait).With(err)
	}
	return func() { s.assembly.Release(weight) }, nil
}

// compress balances the first read after a publish against all later ones; the levels were measured
// on a document of 1,000 versions (docs/performance.md).
func compress(plain []byte, e Encoding) ([]byte, error) {
	switch e {
	case Gzip:
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, 6)
		if err != nil {
			return nil, err
		}
		_, werr := z.Write(plain)
		if err := errors.Join(werr, z.Close()); err != nil {
			return nil, err
		}
		return bytes.Clone(b.Bytes()), nil // without the buffer's spare room
	case Zstd:
		z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return z.EncodeAll(plain, nil), z.Close()
	default:
		return plain, nil
	}
}

// assemble puts a document together from stored pieces, without parsing them.
func (s *Service) assemble(ctx context.Context, d Document) ([]byte, error) {
	st := store{s.db}
	tags, err := st.tags(ctx, d.head.ID)
	if err != nil {
		return nil, err
	}
	if d.form == Abbreviated {
		pieces, err := st.abbreviatedPieces(ctx, d.head.ID)
		if err != nil {
			return nil, err
		}
		return s.abbreviated(d.head, tags, pieces), nil
	}
	pieces, err := st.fullPieces(ctx, d.head.ID)
	if err != nil {
		return nil, err
	}
	l, err := st.latest(ctx, d.head.ID)
	if err != nil {
		return nil, fmt.Errorf("assemble %s: %w", d.head.Name, err)
	}
	stargazers, err := st.stargazers(ctx, d.head.ID)
	return s.full(d.head, tags, pieces, l, stargazers), err
}

// abbreviated has _rev and maintainers too, which are few bytes: yarn 1 reads them there, for yarn owner.
func (s *Service) abbreviated(h head, tags []Tag, pieces []piece) []byte {
	b := newBuilder(pieces)
	b.raw(`{"_id":`).text(h.Name).raw(`,"_rev":"` + h.rev + `","name":`).text(h.Name)
	b.tags(tags)
	b.versions(pieces, s.cfg.RegistryURL)
	b.raw(`,"modified":"` + h.UpdatedAt.UTC().Format(timeForm) + `"`)
	b.maintainers(h.maintainers)
	b.raw("}")
	return b.out
}

func (s *Service) full(h head, tags []Tag, pieces []piece, l latest, stargazers []string) []byte {
	b := newBuilder(pieces)
	b.raw(`{"_id":`).text(h.Name).raw(`,"_rev":"` + h.rev + `","name":`).text(h.Name)
	if len(l.Head) > len("{}") {
		b.raw(",").raw(l.Head[1 : len(l.Head)-1])
	}
	b.tags(tags)
	b.versions(pieces, s.cfg.RegistryURL)
	b.raw(`,"time":{"created":"` + h.CreatedAt.UTC().Format(timeForm) + `","modified":"` + h.UpdatedAt.UTC().Format(timeForm) + `"`)
	for _, p := range pieces {
		b.raw(`,"` + p.Version + `":"` + p.PublishedAt.UTC().Format(timeForm) + `"`)
	}
	b.raw("}")
	b.maintainers(h.maintainers)
	b.raw(`,"users":{`)
	for i, name := range stargazers {
		b.comma(i).text(name).raw(":true")
	}
	b.raw(`},"readme":`).text(l.Readme).raw(`}`)
	return b.out
}

// builder appends JSON.
type builder struct{ out []byte }

func newBuilder(pieces []piece) *builder {
	n := 4096
	for _, p := range pieces {
		n += len(p.Body) + len(p.Version) + 256
	}
	return &builder{make([]byte, 0, n)}
}

func (b *builder) raw(s string) *builder { b.out = append(b.out, s...); return b }

func (b *builder) text(s string) *builder {
	b.out, _ = jsontext.AppendQuote(b.out, s)
	return b
}

func (b *builder) comma(i int) *builder {
	if i > 0 {
		b.raw(",")
	}
	return b
}

func (b *builder) tags(tags []Tag) {
	b.raw(`,"dist-tags":{`)
	for i, t := range tags {
		b.comma(i).text(t.Name).raw(":").text(t.Version)
	}
	b.raw("}")
}

func (b *builder) maintainers(ms []maintainer) {
	b.raw(`,"maintainers":[`)
	for i, m := range ms {
		b.comma(i).raw(`{"name":`).text(m.Name).raw(`,"email":""}`)
	}
	b.raw("]")
}

func (b *builder) versions(pieces []piece, address string) {
	b.raw(`,"versions":{`)
	for i, p := range pieces {
		b.comma(i).raw(strconv.Quote(p.Version)).raw(":")
		b.out = npm.Resolve(b.out, p.Body, address)
		if p.Deprecated != "" { // which may change, and so is not in the stored bytes
			b.out = b.out[:len(b.out)-len("}")]
			b.raw(`,"deprecated":`).text(p.Deprecated).raw("}")
		}
	}
	b.raw("}")
}
