package npmpack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Attack is a publish that must be refused, with nothing stored.
type Attack struct {
	What string
	Code string // of the error that must come: what is checked first decides
	Package
}

// Attacks are publishes of a package by somebody who may publish it, each hostile in one way.
func Attacks(name, version string) []Attack {
	k := kit{Package{Name: name, Version: version}}
	return slices.Concat(k.compression(), k.headers(), k.meta(), k.paths(), k.manifests(), k.confusions())
}

// Bombs are attacks that become large or many. They take a second to make.
func Bombs(name, version string) []Attack { return kit{Package{Name: name, Version: version}}.bombs() }

// Oddities are archives that look strange, and mean the same to every reader.
func Oddities(name, version string) map[string][]byte {
	k := kit{Package{Name: name, Version: version}}
	deep := "package/" + strings.Repeat("d", 60) + "/" + strings.Repeat("e", 60) + "/" + strings.Repeat("f", 60) + "/"
	long := deep + strings.Repeat("g", 150) + ".js"
	whole := func(entries ...Raw) []byte { return RawArchive(append([]Raw{k.good()}, entries...)...) }
	return map[string][]byte{
		"another root":        RawArchive(Raw{Name: name[strings.IndexByte(name, '/')+1:] + "-" + version + "/package.json", Content: k.json()}),
		"folders":             RawArchive(Raw{Name: "package/", Kind: '5'}, k.good(), Raw{Name: "package/lib", Kind: '5'}, file("package/lib/a.js"), Raw{Name: "package/lib/b/", Kind: '5'}),
		"old files":           whole(Raw{Name: "package/a.js", Content: "a", Put: map[int]string{156: "\x00"}}),
		"GNU headers":         whole(Raw{Name: "package/a.js", Content: "a", Put: map[int]string{257: "ustar  \x00"}}),
		"a GNU long name":     whole(Long(long), Raw{Name: long[:100], Content: "g"}),
		"a prefix":            whole(Raw{Name: strings.Repeat("g", 100), Prefix: deep[:120] + "/p", Content: "g"}, Raw{Name: "a.js", Prefix: "package/" + strings.Repeat("p", 146)}),
		"PAX":                 whole(PAX("path="+long, "size=1", "mtime=1700000000.123456789", "uid=70000000", "SCHILY.dev=16777220"), Raw{Name: "PaxHeader", Content: "g"}),
		"PAX for a folder":    whole(PAX("path="+deep), Raw{Name: "PaxHeader", Kind: '5'}),
		"accents":             whole(PAX("hdrcharset=BINARY", "path=package/grün ☃ 😀.txt"), Raw{Name: "package/grün ☃ 😀.txt", Content: "x"}, file("package/é.txt")),
		"git archive":         RawArchive(Raw{Name: "pax_global_header", Kind: 'g', Content: Record("comment=0123456789012345678901234567890123456789")}, k.good()),
		"spaces end numbers":  whole(Raw{Name: "package/a.js", Content: "a", Put: map[int]string{124: "00000000001 ", 100: "000644 \x00"}}),
		"times in the header": whole(Raw{Name: "a.js", Prefix: "package/lib", Content: "a", Put: map[int]string{476: "15136100010\x0015136100010\x00"}}),
		"large owners":        whole(Raw{Name: "package/a.js", Content: "a", Put: map[int]string{108: "\x80\x00\x00\x00\x00*\xd0\xbb\x80\x00\x00\x00\x7f\xff\xff\xff"}}),
		"dots and colons":     whole(file("package/.../x"), file("package/..x"), file("package/node:fs.js"), file("package/ab:c")),
		"much after the end":  Gzip(append(rawTar(k.good()), make([]byte, 10240)...)),
		"big and empty":       whole(Raw{Name: "package/big", Content: strings.Repeat("0123456789abcdef", 1<<14)}, Raw{Name: "package/empty"}),
		"a byte order mark":   RawArchive(Raw{Name: "package/package.json", Content: "\ufeff" + k.json()}),
	}
}

// kit makes the parts that most attacks are put together from.
type kit struct{ Package }

func (k kit) json() string {
	b, _ := json.Marshal(k.PackageJSON())
	return string(b)
}

// good is the honest package.json, which the registry is meant to see.
func (k kit) good() Raw { return Raw{Name: "package/package.json", Content: k.json()} }

// evil is the package.json that the attacker wants to be unpacked.
const evil = `{"name":"evil","version":"6.6.6","scripts":{"postinstall":"id"}}`

func file(name string) Raw { return Raw{Name: name, Content: "x"} }

// hidden is an archive's entry to be hidden in another one's content.
var hidden = string(Raw{Name: "package/package.json", Content: evil}.Bytes())

func (k kit) archive(what, code string, b []byte) Attack {
	p := k.Package
	p.Archive = b
	return Attack{what, code, p}
}

// entries is the honest package with entries after it.
func (k kit) entries(what, code string, entries ...Raw) Attack {
	return k.archive(what, code, RawArchive(append([]Raw{k.good()}, entries...)...))
}

func (k kit) compression() []Attack {
	tar := append(rawTar(k.good()), make([]byte, 2*rawBlock)...)
	whole := Gzip(tar)
	flags := bytes.Clone(whole)
	flags[3] |= 0x20
	sum := bytes.Clone(whole)
	sum[len(sum)-8] ^= 1
	length := bytes.Clone(whole)
	length[len(length)-1] ^= 1
	return []Attack{
		k.archive("no archive", "npm.tarball", []byte("hello")),
		k.archive("nothing", "npm.tarball", []byte{}),
		k.archive("not compressed", "npm.tarball", tar),
		k.archive("zstd", "npm.tarball", []byte("\x28\xb5\x2f\xfd\x04\x00\x09\x00\x00aaaaaaaa")),
		k.archive("zip", "npm.tarball", []byte("PK\x03\x04\x14\x00\x00\x00\x00\x00")),
		k.archive("reserved flags", "npm.tarball", flags),
		k.archive("half an archive", "npm.tarball", whole[:len(whole)/2]),
		k.archive("a wrong sum", "npm.tarball", sum),
		k.archive("a wrong length", "npm.tarball", length),
		k.archive("compressed text", "npm.tarball_checksum", Gzip(bytes.Repeat([]byte("x"), 2048))),
		k.archive("data after it", "npm.tarball_trailing", append(bytes.Clone(whole), "evil"...)),
		k.archive("zeros after it", "npm.tarball_trailing", append(bytes.Clone(whole), 0, 0)),
		k.archive("a second member", "npm.tarball_trailing", append(bytes.Clone(whole), whole...)),
		k.archive("a member of the rest", "npm.tarball", append(Gzip(tar[:rawBlock]), Gzip(tar[rawBlock:])...)),
	}
}

func (k kit) headers() []Attack {
	put := func(offset int, text string) Raw {
		return Raw{Name: "package/q.bin", Content: hidden, Put: map[int]string{offset: text}}
	}
	size := func(text string) Raw { return put(124, text) }
	end := make([]byte, 2*rawBlock)
	return []Attack{
		k.entries("a checksum of signed bytes", "npm.tarball_checksum", Raw{Name: "package/é.bin", Content: hidden, Signed: true}),
		k.entries("a wrong checksum", "npm.tarball_checksum", put(148, "000000\x00 ")),
		k.entries("no checksum", "npm.tarball_checksum", put(148, "        ")),
		k.entries("a checksum without an end", "npm.tarball_checksum", put(148, "00012345")),
		k.entries("a size after a NUL", "npm.tarball_number", size(fmt.Sprintf("\x00%010o\x00", len(hidden)))),
		k.entries("a size after a space", "npm.tarball_number", size(fmt.Sprintf(" %010o\x00", len(hidden)))),
		k.entries("a size of two numbers", "npm.tarball_number", size("0000000\x000020")),
		k.entries("a size in base 256", "npm.tarball_number", size("\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00")),
		k.entries("a negative size", "npm.tarball_number", size("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfc\x00")),
		k.entries("a size with a sign", "npm.tarball_number", size("-0000001000\x00")),
		k.entries("a decimal size", "npm.tarball_number", size("00000000891\x00")),
		k.entries("no size", "npm.tarball_number", size(strings.Repeat("\x00", 12))),
		k.entries("a size past the end", "npm.tarball", size("00777777777\x00")),
		k.entries("a mode that is no number", "npm.tarball_number", put(100, "rw-r--r-")),
		k.entries("a negative owner", "npm.tarball_number", put(108, "\xff\xff\xff\xff\xff\xff\xff\xfe")),
		k.entries("an owner that is too large", "npm.tarball_number", put(116, "\x80\xff\xff\xff\xff\xff\xff\xff")),
		k.entries("a time in base 256", "npm.tarball_number", put(136, "\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01")),
		k.entries("times that are none", "npm.tarball_format", put(476, "\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01")),
		k.entries("times behind GNU's header", "npm.tarball_format", Raw{Name: "package/a", Put: map[int]string{257: "ustar  \x00", 345: "15136100010\x00"}}),
		k.entries("a device that is no number", "npm.tarball_number", put(329, "x")),
		k.entries("ustar version 01 with a prefix", "npm.tarball_format", Raw{Name: "package/package.json", Prefix: "package/x", Content: evil, Put: map[int]string{263: "01"}}),
		k.entries("GNU with a prefix", "npm.tarball_format", Raw{Name: "package.json", Prefix: "package", Content: evil, Put: map[int]string{257: "ustar  \x00"}}),
		k.entries("no magic", "npm.tarball_format", put(257, strings.Repeat("\x00", 8))),
		k.entries("star's mark", "npm.tarball_format", put(508, "tar\x00")),
		k.entries("text behind a name's end", "npm.tarball_format", Raw{Name: "package/a\x00b"}),
		k.entries("text behind a prefix's end", "npm.tarball_format", Raw{Name: "a", Prefix: "package\x00b"}),
		k.entries("a file with a link's target", "npm.tarball_format", put(157, "x")),
		k.entries("no name", "npm.tarball_format", Raw{Name: "", Content: hidden}),
		k.entries("a symbolic link", "npm.tarball_link", Raw{Name: "package/a", Kind: '2', Put: map[int]string{157: "../../x"}}),
		k.entries("a hard link", "npm.tarball_link", Raw{Name: "package/a", Kind: '1', Put: map[int]string{157: "package/package.json"}}),
		k.entries("a character device", "npm.tarball_type", Raw{Name: "package/a", Kind: '3'}),
		k.entries("a block device", "npm.tarball_type", Raw{Name: "package/a", Kind: '4'}),
		k.entries("a pipe", "npm.tarball_type", Raw{Name: "package/a", Kind: '6'}),
		k.entries("a contiguous file", "npm.tarball_type", Raw{Name: "package/a", Kind: '7', Content: "x"}),
		k.entries("a sparse file", "npm.tarball_type", Raw{Name: "package/a", Kind: 'S', Content: "x"}),
		k.entries("a GNU long link", "npm.tarball_type", Raw{Name: "././@LongLink", Kind: 'K', Content: "x\x00"}, file("package/a")),
		k.entries("an unknown type", "npm.tarball_type", Raw{Name: "package/a", Kind: 'Z', Content: hidden}),
		k.entries("a folder with content", "npm.tarball_size", Raw{Name: "package/d/", Kind: '5', Content: hidden}),
		k.archive("a package.json after the end", "npm.tarball_end", Gzip(slices.Concat(rawTar(k.good()), end, []byte(hidden), end))),
		k.archive("text after the end", "npm.tarball_end", Gzip(slices.Concat(rawTar(k.good()), end, []byte("x")))),
		k.archive("one block of zeros between", "npm.tarball_end", Gzip(slices.Concat(rawTar(k.good()), end[:rawBlock], []byte(hidden), end))),
		k.archive("one block of zeros at the end", "npm.tarball_end", Gzip(append(rawTar(k.good()), end[:rawBlock]...))),
		k.archive("no end", "npm.tarball", Gzip(rawTar(k.good()))),
	}
}

// meta are about headers that change others. Readers differ in which of two wins.
func (k kit) meta() []Attack {
	global := func(records string) Raw { return Raw{Name: "g", Kind: 'g', Content: records} }
	target := "path=package/package.json"
	pax := func(what string, records ...string) Attack {
		return k.entries(what, "npm.tarball_pax", PAX(records...), Raw{Name: "package/q.bin", Content: hidden})
	}
	return []Attack{
		k.entries("two PAX headers", "npm.tarball_meta", PAX(target), PAX("mtime=1"), Raw{Name: "package/foo.txt", Content: evil}),
		k.entries("a GNU long name before PAX", "npm.tarball_meta", Long("package/foo.txt"), PAX(target), Raw{Name: "package/bar", Content: evil}),
		k.entries("PAX before a GNU long name", "npm.tarball_meta", PAX(target), Long("package/foo.txt"), Raw{Name: "package/bar", Content: evil}),
		k.entries("a size for a long name", "npm.tarball_meta", PAX("size=0"), Long("package/foo.txt"), file("package/bar")),
		k.entries("PAX before a global one", "npm.tarball_meta", PAX(target), global(Record("comment=x")), Raw{Name: "package/bar", Content: evil}),
		k.entries("PAX before nothing", "npm.tarball_meta", PAX(target)),
		k.entries("empty PAX", "npm.tarball_meta", Raw{Name: "x", Kind: 'x'}, file("package/bar")),
		k.entries("a PAX header of a megabyte", "npm.tarball_meta", PAX("SCHILY.xattr.x="+strings.Repeat("x", 1<<20)), file("package/bar")),
		k.entries("a long name of a megabyte", "npm.tarball_meta", Long("package/"+strings.Repeat("x", 1<<20)), file("package/bar")),
		k.entries("a long name of two lines", "npm.tarball_meta", Long("package/a\x00\nb"), file("package/bar")),
		k.entries("a global size", "npm.tarball_pax", global(Record("size=0")), Raw{Name: "package/a.bin", Content: hidden}),
		k.entries("a global path", "npm.tarball_pax", global(Record(target)), Raw{Name: "package/foo.txt", Content: evil}),
		k.entries("another size in PAX", "npm.tarball_size", PAX("size=0"), Raw{Name: "package/a.bin", Content: hidden}),
		pax("a sparse name", "GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=package/foo.txt", "GNU.sparse.realsize=0"),
		pax("a sparse size", "GNU.sparse.realsize=9223372036854770000"),
		pax("star's size", "SCHILY.realsize=1"),
		pax("a link's target", "linkpath=package/x"),
		pax("a type", "type=5"),
		pax("another alphabet", "hdrcharset=ISO-IR 8859 1 1998"),
		pax("a key twice", "path=package/a", target),
		pax("a size that is none", "size=1e3"),
		pax("a time that is none", "mtime=yesterday"),
		pax("no path", "path="),
		pax("no value", "path"),
		pax("a NUL in a value", target+"\x00x"),
		pax("a record in a record", "uname=x\n"+strings.TrimSuffix(Record(target), "\n")),
		pax("not UTF-8", "uname=\xff"),
		k.entries("a length with zeros in front", "npm.tarball_pax", Raw{Name: "x", Kind: 'x', Content: "0030 " + target + "\n"}, file("package/q")),
		k.entries("a length that is too long", "npm.tarball_pax", Raw{Name: "x", Kind: 'x', Content: "999 " + target + "\n"}, file("package/q")),
		k.entries("a length that is negative", "npm.tarball_pax", Raw{Name: "x", Kind: 'x', Content: "-5 " + target + "\n"}, file("package/q")),
		k.entries("another path in the header than in PAX", "npm.tarball_shadow", PAX("path=package/é.gyp"), Raw{Name: "package/binding.gyp", Content: "{}"}),
	}
}

func (k kit) paths() (attacks []Attack) {
	for what, name := range map[string]string{
		"from the root": "/etc/cron.d/x", "upwards": "package/../../x", "only upwards": "../x", "of Windows": `package\..\x`,
		"without a folder": "x", "with an empty part": "package//x", "with a dot": "package/./x", "ending in a slash": "package/x/",
		"not UTF-8": "package/\xff", "with a line break": "package/a\nb", "with an escape": "package/a\x1b[2J", "with DEL": "package/a\x7f",
		"with C1": "package/a\u009bb", "right to left": "package/\u202egnp.js", "with a mark": "package/a\u200fb", "with a line separator": "package/a\u2028b",
		"with a drive": "package/c:package.json", "that is a drive": "c:/x",
	} {
		attacks = append(attacks, k.entries("a path "+what, "npm.tarball_path", Raw{Name: name, Content: evil}))
	}
	folder := func(name string) Raw { return Raw{Name: name, Kind: '5'} }
	return append(attacks,
		k.entries("a folder upwards", "npm.tarball_path", folder("../../etc/x/")),
		k.entries("a folder from the root", "npm.tarball_path", folder("/etc/")),
		k.entries("a PAX path upwards", "npm.tarball_path", PAX("path=package/../../x"), file("package/a")),
		k.entries("a long name upwards", "npm.tarball_path", Long("package/../../x"), file("package/a")),
		k.entries("a long path", "npm.tarball_path", PAX("path=package/"+strings.Repeat("x", 1025)), file("PaxHeader")),
		k.entries("a deep path", "npm.tarball_path", PAX("path=package/"+strings.Repeat("a/", 65)+"x"), file("PaxHeader")),
		k.entries("a file twice", "npm.tarball_twice", file("package/a"), file("package/a")),
		k.entries("a file in two cases", "npm.tarball_twice", file("package/A.js"), file("package/a.js")),
		k.entries("a file in two forms of Unicode", "npm.tarball_twice", file("package/\u00e9"), file("package/e\u0301")),
		k.entries("a file with a character nobody sees", "npm.tarball_twice", file("package/ab"), file("package/a\u200cb")),
		k.entries("a file with a dot at its end", "npm.tarball_twice", file("package/a"), file("package/a.")),
		k.entries("a file twice, once by its prefix", "npm.tarball_twice", Raw{Name: "package.json", Prefix: "package", Content: evil}),
		k.entries("a folder twice", "npm.tarball_twice", folder("package/d"), folder("package/D/")),
		k.entries("a folder after files in it", "npm.tarball_folder_late", file("package/lib/a.js"), folder("package/lib/")),
		k.entries("the root after files in it", "npm.tarball_folder_late", folder("package/")),
		k.entries("a file that is a folder", "npm.tarball_file_folder", file("package/a"), file("package/a/b")),
		k.entries("a folder that is a file", "npm.tarball_file_folder", file("package/a/b"), file("package/A")),
		k.entries("an empty folder that is a file", "npm.tarball_file_folder", file("package/a"), folder("package/a/")),
		k.entries("two roots", "npm.tarball_root", file("other/a")),
		k.entries("two manifests", "npm.tarball_root", Raw{Name: "other/package.json", Content: evil}),
		k.entries("a folder beside the root", "npm.tarball_root", folder("other/")),
		k.entries("package.json twice", "npm.tarball_twice", Raw{Name: "package/package.json", Content: evil}),
		k.entries("Package.json beside it", "npm.tarball_twice", Raw{Name: "package/Package.json", Content: evil}),
		k.archive("only a Package.json", "npm.tarball_manifest_case", RawArchive(Raw{Name: "package/Package.json", Content: k.json()})),
		k.archive("package.json with a long s", "npm.tarball_manifest_case", RawArchive(Raw{Name: "package/package.j\u017fon", Content: k.json()})),
		k.archive("no package.json", "npm.tarball_manifest", RawArchive(file("package/index.js"))),
		k.archive("package.json in a folder", "npm.tarball_manifest", RawArchive(Raw{Name: "package/a/package.json", Content: k.json()})),
		k.archive("package.json is a folder", "npm.tarball_manifest", RawArchive(folder("package/package.json/"))),
		k.archive("package.json is a link", "npm.tarball_link", RawArchive(Raw{Name: "package/package.json", Kind: '2', Put: map[int]string{157: "x"}})),
	)
}

func (k kit) bombs() []Attack {
	many := make([]Raw, 50_001)
	for i := range many {
		many[i] = Raw{Name: fmt.Sprintf("package/%d", i)}
	}
	globals := slices.Repeat([]Raw{{Name: "g", Kind: 'g', Content: Record("comment=x")}}, 50_001)
	return []Attack{
		k.archive("zeros", "npm.tarball_unpacked", zeros(rawTar(k.good(), Raw{Name: "package/zeros", Put: map[int]string{124: "00404000000\x00"}}), 65)),
		k.archive("zeros after the end", "npm.tarball_unpacked", zeros(rawTar(k.good()), 65)),
		k.entries("many files", "npm.tarball_entries", many...),
		k.entries("many global headers", "npm.tarball_entries", globals...),
	}
}
