package npm

import (
	"archive/tar"
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/gzip"

	"latchkey/internal/errs"
)

// Bounds of an archive. They hold for what comes out of the decompressor, never for what a header says.
const (
	maxEntries    = 50_000
	maxPath       = 1024
	maxPathDepth  = 64
	maxRatio      = 50 // once more than ratioFrom came out: a bomb, not a package
	ratioFrom     = 64 << 20
	maxPackage    = 1 << 20 // package.json
	bindingGyp    = "binding.gyp"
	shrinkwrap    = "npm-shrinkwrap.json"
	packageJSON   = "package.json"
	noArchiveHint = "expected a gzipped tar archive as npm pack makes it"
)

// Contents is what the server itself finds in a tarball.
type Contents struct {
	Name, Version string // of the package.json inside
	Files         int64
	Unpacked      int64 // bytes
	Shrinkwrap    bool
	InstallScript bool // its package.json runs something at install
	Gyp           bool // has a binding.gyp: npm then runs node-gyp at install
}

var (
	errNoArchive = errs.New(errs.Invalid, "npm.tarball", "The tarball cannot be read: "+noArchiveHint+".")
	errTrailing  = errs.New(errs.Invalid, "npm.tarball_trailing", "The tarball has data after its end: "+noArchiveHint+".")
	errBomb      = errs.New(errs.Invalid, "npm.tarball_unpacked", "The tarball unpacks to more than is allowed here.")
	errLink      = errs.New(errs.Unsupported, "npm.tarball_link", "The tarball contains a link: only files and folders are accepted.")
)

// Inspect reads a tarball once, without unpacking it anywhere, and refuses what no packing tool makes.
// size is the compressed size; maxUnpacked bounds what it may unpack to, both in bytes.
func Inspect(r io.Reader, size, maxUnpacked int64) (Contents, error) {
	in := bufio.NewReaderSize(r, chunk) // a ByteReader, so that the decompressor stops at its end
	z, err := gzip.NewReader(in)
	if err != nil {
		return Contents{}, errNoArchive.With(err)
	}
	z.Multistream(false)
	limit := min(maxUnpacked, max(size*maxRatio, ratioFrom))
	out := &bounded{r: z, left: limit}
	i := inspection{seen: map[string]bool{}}
	if err := i.read(tar.NewReader(out)); err != nil {
		return Contents{}, err
	}
	// The archive ends with zero blocks; whatever follows is read too, so that the checksum is
	// verified and nothing hides behind the end.
	if _, err := io.Copy(io.Discard, out); err != nil {
		return Contents{}, classify(err)
	}
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
		return Contents{}, errTrailing
	}
	return i.Contents, i.complete()
}

type inspection struct {
	Contents
	root string
	seen map[string]bool
}

func (i *inspection) read(t *tar.Reader) error {
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return classify(err)
		}
		if err := i.entry(h, t); err != nil {
			return err
		}
	}
}

func (i *inspection) entry(h *tar.Header, content io.Reader) error {
	switch h.Typeflag {
	case tar.TypeReg:
	case tar.TypeDir, tar.TypeXGlobalHeader:
		return nil
	case tar.TypeLink, tar.TypeSymlink:
		return errLink
	default:
		return errs.Newf(errs.Invalid, "npm.tarball_type", "The tarball contains an entry of type %q: only files and folders are accepted.", printable(string(h.Typeflag)))
	}
	if i.Files++; i.Files > maxEntries {
		return errs.Newf(errs.Invalid, "npm.tarball_entries", "The tarball has more than %d files.", maxEntries)
	}
	root, rest, err := split(h.Name)
	if err != nil {
		return err
	}
	if i.seen[h.Name] {
		return errs.Newf(errs.Invalid, "npm.tarball_twice", "The tarball contains %s twice.", printable(h.Name))
	}
	i.seen[h.Name] = true
	i.Unpacked += h.Size
	switch rest {
	case packageJSON:
		if i.root != "" {
			return errs.New(errs.Invalid, "npm.tarball_manifests", "The tarball contains more than one package.json at its root.")
		}
		i.root = root
		return i.manifest(h, content)
	case shrinkwrap:
		i.Shrinkwrap = true
	case bindingGyp:
		i.Gyp = true
	}
	return nil
}

// split checks a path and cuts off its first element, which every unpacking tool strips.
func split(name string) (root, rest string, err error) {
	root, rest, ok := strings.Cut(name, "/")
	switch {
	case !ok, root == "", rest == "", len(name) > maxPath, !utf8.ValidString(name),
		strings.Count(name, "/") > maxPathDepth, strings.ContainsAny(name, "\\\x00"),
		path.Clean(name) != name, strings.HasPrefix(path.Clean(name), ".."):
		return "", "", errs.Newf(errs.Invalid, "npm.tarball_path", "The tarball contains a path that is not accepted: %s", printable(name))
	}
	return root, rest, nil
}

func (i *inspection) manifest(h *tar.Header, content io.Reader) error {
	if h.Size > maxPackage {
		return errs.New(errs.Invalid, "npm.package_json_size", "The package.json in the tarball is larger than 1 MiB.")
	}
	var m struct {
		Name    string         `json:"name"`
		Version string         `json:"version"`
		Scripts jsontext.Value `json:"scripts"`
	}
	b, err := io.ReadAll(content)
	if err != nil {
		return classify(err)
	}
	b = []byte(strings.TrimPrefix(string(b), "\ufeff")) // npm strips a byte order mark as well
	if err := json.Unmarshal(b, &m); err != nil {
		return errs.New(errs.Invalid, "npm.package_json", "The package.json in the tarball cannot be read.").With(err)
	}
	i.InstallScript = installScript(m.Scripts)
	i.Name, i.Version = m.Name, strings.TrimLeft(strings.TrimSpace(m.Version), "v=")
	if v, _, ok := strings.Cut(i.Version, "+"); ok {
		i.Version = v // npm removes build metadata from what it sends
	}
	return nil
}

func (i *inspection) complete() error {
	if i.root == "" {
		return errs.New(errs.Invalid, "npm.tarball_manifest", "The tarball has no package.json at its root.")
	}
	return nil
}

// Agrees says how the tarball contradicts what is published, if it does.
func (c Contents) Agrees(name Name, version string) error {
	if c.Name != name.Full {
		return errs.Newf(errs.Invalid, "npm.tarball_name", "The package.json in the tarball is of %s, not of %s.", printable(c.Name), name.Full)
	}
	if c.Version != version {
		return errs.Newf(errs.Invalid, "npm.tarball_version", "The package.json in the tarball says version %s, not %s.", printable(c.Version), version)
	}
	return nil
}

// classify turns what the archive readers report into the publisher's error, but keeps our own and
// the disk's.
func classify(err error) error {
	var e *errs.Error
	if errors.As(err, &e) {
		return e
	}
	return errNoArchive.With(fmt.Errorf("read archive: %w", err))
}

// bounded fails with errBomb past a limit.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errBomb
	}
	return n, err
}
