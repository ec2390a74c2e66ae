package npm

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"

	"latchkey/internal/errs"
)

// Bounds of an archive. They hold for what comes out of the decompressor, never for what a header says.
const (
	maxEntries    = 50_000
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
	Files      int64
	Unpacked   int64 // bytes
	Shrinkwrap bool
	// InstallScript says that installing runs something: a script of the package.json inside, or
	// node-gyp, which npm runs where there is a binding.gyp.
	InstallScript bool

	inside facts // of the package.json
}

var (
	errNoArchive    = errs.New(errs.Invalid, "npm.tarball", "The tarball cannot be read: "+noArchiveHint+".")
	errTrailing     = errs.New(errs.Invalid, "npm.tarball_trailing", "The tarball has data after its end: "+noArchiveHint+".")
	errBomb         = errs.New(errs.Invalid, "npm.tarball_unpacked", "The tarball unpacks to more than is allowed here.")
	errLink         = errs.New(errs.Unsupported, "npm.tarball_link", "The tarball contains a link: only files and folders are accepted.")
	errNoManifest   = errs.New(errs.Invalid, "npm.tarball_manifest", "The tarball has no package.json at its root.")
	errManifestCase = errs.New(errs.Invalid, "npm.tarball_manifest_case",
		"The tarball has a file at its root that some systems take for package.json: expected exactly that name.")
	errPackageJSON = errs.New(errs.Invalid, "npm.package_json",
		"The package.json in the tarball cannot be read: expected one JSON object in UTF-8, with no member twice.")
	errManifestSize = errs.New(errs.Invalid, "npm.package_json_size", "The package.json in the tarball is larger than 1 MiB.")
)

// readers are what one inspection needs besides the tarball; a decompressor is 40 KiB.
type readers struct {
	compressed, plain *bufio.Reader
	z                 gzip.Reader
}

var pool = sync.Pool{New: func() any {
	return &readers{compressed: bufio.NewReaderSize(nil, chunk), plain: bufio.NewReaderSize(nil, chunk)}
}}

// Inspect reads a tarball once, without unpacking it anywhere, and refuses what no packing tool makes.
// size is the compressed size; maxUnpacked bounds what it may unpack to, both in bytes.
func Inspect(r io.Reader, size, maxUnpacked int64) (Contents, error) {
	p := pool.Get().(*readers)
	defer pool.Put(p)
	p.compressed.Reset(r) // a ByteReader, so that the decompressor stops at its end
	// RFC 1952: the upper flags are reserved and must be zero. zlib refuses them, others do not.
	if b, err := p.compressed.Peek(4); err != nil || b[3]&0xe0 != 0 {
		return Contents{}, errNoArchive.With(err)
	}
	if err := p.z.Reset(p.compressed); err != nil {
		return Contents{}, errNoArchive.With(err)
	}
	p.z.Multistream(false)
	p.plain.Reset(&bounded{r: &p.z, left: min(maxUnpacked, max(size*maxRatio, ratioFrom))})
	i := inspection{places: places{}}
	if err := i.read(&archive{in: p.plain}); err != nil {
		return Contents{}, classify(err)
	}
	// The archive was read to the end of the decompressor, so that its checksum is verified.
	if _, err := p.compressed.ReadByte(); !errors.Is(err, io.EOF) {
		return Contents{}, errTrailing
	}
	return i.Contents, nil
}

type inspection struct {
	Contents
	places
	root  string
	found bool // package.json
}

func (i *inspection) read(a *archive) error {
	for {
		e, err := a.next()
		switch {
		case errors.Is(err, io.EOF) && !i.found:
			return errNoManifest
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := i.entry(a, e); err != nil {
			return err
		}
	}
}

func (i *inspection) entry(a *archive, e entry) error {
	name, err := checkPath(e)
	if err != nil {
		return err
	}
	root, rest, _ := strings.Cut(name, "/")
	if rest == "" && !e.folder {
		return errPath(name, "files in one folder, such as package/index.js")
	}
	if i.root == "" {
		i.root = root
	}
	if root != i.root {
		return errs.Newf(errs.Invalid, "npm.tarball_root", "The tarball has more than one folder at its root: expected all in %s, found %s.", printable(i.root), printable(root))
	}
	folded, err := i.add(name, e.folder)
	if err == nil && e.ghost != "" {
		err = i.shadow(e.ghost)
	}
	if err != nil || e.folder {
		return err
	}
	i.Files++
	i.Unpacked += e.size
	switch _, rest, _ = strings.Cut(folded, "/"); rest {
	case packageJSON:
		if !strings.HasSuffix(name, "/"+packageJSON) {
			return errManifestCase
		}
		return i.manifest(a, e)
	case shrinkwrap:
		i.Shrinkwrap = true
	case bindingGyp:
		i.InstallScript = true
	}
	return nil
}

func (i *inspection) manifest(a *archive, e entry) error {
	if e.size > maxPackage {
		return errManifestSize
	}
	b, err := a.content(e)
	if err != nil {
		return err
	}
	i.found = true
	b = bytes.TrimPrefix(b, []byte("\ufeff")) // as npm does
	if err = plainJSON(b); err == nil {
		i.inside, err = factsOf(b)
	}
	if errors.Is(err, errJSON) {
		return errPackageJSON.With(err)
	}
	i.InstallScript = i.InstallScript || len(i.inside.hooks) > 0
	return err
}

// Agrees says how the tarball contradicts what is published, if it does: installers resolve dependencies by
// the manifest and run what is inside.
func (c Contents) Agrees(name Name, p Publish) error {
	if c.inside.name != name.Full {
		return errs.Newf(errs.Invalid, "npm.tarball_name", "The package.json in the tarball is of %s, not of %s.", printable(c.inside.name), name.Full)
	}
	if c.inside.version != p.Version {
		return errs.Newf(errs.Invalid, "npm.tarball_version", "The package.json in the tarball says version %s, not %s.", printable(c.inside.version), p.Version)
	}
	sent, err := factsOf(p.Manifest)
	if err != nil {
		return err
	}
	if d := sent.differences(c.inside); len(d) > 0 {
		return errs.Newf(errs.Invalid, "npm.manifest_differs",
			"The manifest and the package.json in the tarball differ in %s: expected the same in both.", strings.Join(d, ", "))
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
