package npm

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// A tar archive has many dialects, and where two readers understand a header differently, a server
// checks one package and a client unpacks another. So archives are read here by the one grammar that
// all of node-tar, tar-stream, libarchive, Rust's tar and Go's archive/tar read alike, and everything
// that any of them reads otherwise is refused.

const (
	blockSize = 512
	maxMeta   = 64 << 10 // bytes of a PAX header or of a GNU long name
)

// Types of entries that packing tools write. An old writer's NUL means a file.
const (
	typeFile    = '0'
	typeOldFile = 0
	typeLink    = '1'
	typeSymlink = '2'
	typeFolder  = '5'
	typePAX     = 'x' // about the next entry
	typeGlobal  = 'g' // about all entries that follow
	typeLong    = 'L' // GNU: the next entry's path
)

// entry is a file or a folder of an archive.
type entry struct {
	name   string
	folder bool
	size   int64
	// ghost is the path that the entry's own header says when a PAX header says another. node-tar loses
	// a PAX record whose text is not ASCII and was cut in two by the decompressor's buffers.
	ghost string
}

// archive reads the entries of a tar archive.
type archive struct {
	in      *bufio.Reader
	left    int64 // of the current entry's content, with what fills its last block
	headers int
}

// next skips what is left of the entry before and returns the next one, or io.EOF after the last.
func (a *archive) next() (e entry, err error) {
	if err := a.skip(a.left); err != nil {
		return e, err
	}
	long, ext := "", records{}
	for {
		h, err := a.header()
		if err != nil {
			if errors.Is(err, io.EOF) && (long != "" || ext.any) {
				return e, errMeta
			}
			return e, err
		}
		if a.headers++; a.headers > maxEntries {
			return e, errEntries
		}
		if h.kind == typeFile || h.kind == typeFolder {
			e, err = h.entry(long, ext)
			a.left = padded(h.size)
			return e, err
		}
		if long != "" || ext.any {
			return e, errMeta // one at most, directly before its entry
		}
		meta, err := a.meta(h)
		if err != nil {
			return e, err
		}
		switch h.kind {
		case typePAX:
			ext, err = parsePAX(meta, paxKeys)
		case typeGlobal:
			_, err = parsePAX(meta, globalKeys)
		case typeLong:
			long, err = longName(meta)
		}
		if err != nil {
			return e, err
		}
	}
}

// content reads the current entry's content, all of which must fit into memory.
func (a *archive) content(e entry) ([]byte, error) {
	b := make([]byte, e.size)
	n, err := io.ReadFull(a.in, b)
	a.left -= int64(n)
	return b, unexpected(err)
}

func (a *archive) meta(h header) (string, error) {
	if h.size == 0 || h.size > maxMeta {
		return "", errMeta
	}
	b := make([]byte, padded(h.size))
	_, err := io.ReadFull(a.in, b)
	return string(b[:h.size]), unexpected(err)
}

func (a *archive) skip(n int64) error {
	for n > 0 {
		d, err := a.in.Discard(int(min(n, 1<<30)))
		if err != nil {
			return unexpected(err)
		}
		n -= int64(d)
	}
	return nil
}

// header reads one header; io.EOF says that the archive ends here.
func (a *archive) header() (h header, err error) {
	b, err := a.in.Peek(blockSize)
	if err != nil {
		return h, unexpected(err) // an archive ends with zeros, never just so
	}
	if zeros(b) {
		return h, a.end()
	}
	h, err = parseHeader(b)
	if err == nil {
		_, err = a.in.Discard(blockSize)
	}
	return h, err
}

// end reads the rest, which is two blocks of zeros at least and nothing but zeros.
func (a *archive) end() error {
	for n := 0; ; {
		_, err := a.in.Peek(1)
		if err == nil {
			b, _ := a.in.Peek(a.in.Buffered())
			if !zeros(b) {
				return errEnd
			}
			n += len(b)
			_, err = a.in.Discard(len(b))
		}
		if errors.Is(err, io.EOF) && n < 2*blockSize {
			return errEnd
		}
		if err != nil {
			return err
		}
	}
}

// padded is the space that n bytes of content take in the archive.
func padded(n int64) int64 { return (n + blockSize - 1) &^ (blockSize - 1) }

var zeroes [chunk]byte

// zeros reports whether there is nothing but zeros in b, which is at most a chunk.
func zeros(b []byte) bool { return bytes.Equal(b, zeroes[:len(b)]) }

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
