package npmpack

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
)

// Raw is an entry of an archive that is written as told, right or wrong. What is not said is as npm pack
// writes it.
type Raw struct {
	Name, Prefix, Content string
	Kind                  byte           // default '0', a file
	Put                   map[int]string // bytes in the header, by offset; the checksum follows them
	Signed                bool           // add signed bytes for the checksum
}

const rawBlock = 512

// Bytes is the entry's header and content.
func (r Raw) Bytes() []byte {
	h := make([]byte, rawBlock)
	if r.Kind == 0 {
		r.Kind = '0'
	}
	for offset, text := range map[int]string{
		0: r.Name, 100: "0000644\x00", 124: fmt.Sprintf("%011o\x00", len(r.Content)), 136: "03560116604\x00",
		156: string(r.Kind), 257: "ustar\x0000", 345: r.Prefix,
	} {
		copy(h[offset:], text)
	}
	for offset, text := range r.Put {
		copy(h[offset:], text)
	}
	if _, told := r.Put[148]; !told {
		copy(h[148:], fmt.Sprintf("%06o\x00 ", r.sum(h)))
	}
	padding := make([]byte, -len(r.Content)&(rawBlock-1))
	return append(append(h, r.Content...), padding...)
}

func (r Raw) sum(h []byte) (sum int64) {
	copy(h[148:156], "        ")
	for _, b := range h {
		if r.Signed {
			sum += int64(int8(b))
		} else {
			sum += int64(b)
		}
	}
	return sum
}

// PAX is an extended header about the next entry, with records "key=value".
func PAX(records ...string) Raw {
	r := Raw{Name: "PaxHeader", Kind: 'x'}
	for _, record := range records {
		r.Content += Record(record)
	}
	return r
}

// Record is "key=value" with its length in front, which counts itself.
func Record(record string) string {
	n := len(record) + len(" \n")
	for n != len(strconv.Itoa(n))+len(record)+len(" \n") {
		n = len(strconv.Itoa(n)) + len(record) + len(" \n")
	}
	return strconv.Itoa(n) + " " + record + "\n"
}

// Long is a GNU header with the path of the next entry.
func Long(name string) Raw {
	return Raw{Name: "././@LongLink", Kind: 'L', Content: name + "\x00", Put: map[int]string{257: "ustar  \x00"}}
}

// RawArchive makes a gzipped archive of entries, with the end that belongs there.
func RawArchive(entries ...Raw) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed) // some are large
	for _, e := range entries {
		_, _ = z.Write(e.Bytes())
	}
	_, _ = z.Write(make([]byte, 2*rawBlock))
	_ = z.Close()
	return out.Bytes()
}

func rawTar(entries ...Raw) (b []byte) {
	for _, e := range entries {
		b = append(b, e.Bytes()...)
	}
	return b
}

// Gzip compresses bytes as one member.
func Gzip(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

// zeros compresses head and then so many MiB of zeros, which takes no longer for many: what one MiB becomes is
// repeated.
func zeros(head []byte, mib int) []byte {
	out := bytes.NewBufferString("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff") // RFC 1952
	z, _ := flate.NewWriter(out, flate.BestCompression)
	block, sum := make([]byte, 1<<20), crc32.ChecksumIEEE(head)
	_, _ = z.Write(head)
	var once []byte
	for range 2 {
		_ = z.Flush()
		from := out.Len()
		_, _ = z.Write(block)
		_ = z.Flush()
		once = bytes.Clone(out.Bytes()[from:])
	}
	out.Write(bytes.Repeat(once, mib-2))
	_ = z.Close()
	for range mib {
		sum = crc32.Update(sum, crc32.IEEETable, block)
	}
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(out.Bytes(), sum), uint32(len(head)+mib<<20))
}
