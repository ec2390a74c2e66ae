// Package static holds the files a browser keeps: one style sheet, three scripts, icons. Their
// addresses contain a hash of their content, so that they can be kept for ever and never be stale.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// Prefix begins the address of every file.
const Prefix = "/static/"

//go:embed app.css app.js passkey.js htmx.min.js favicon.svg favicon.ico
var files embed.FS

type file struct {
	contentType string
	plain       []byte
	small       func() []byte // gzip, nil where it saves nothing; made when first asked for
}

// urls leads from a file's own name to its address, served from an address to the file.
var urls, served = index()

func index() (map[string]string, map[string]file) {
	urls, served := map[string]string{}, map[string]file{}
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // the files are part of the program
	}
	for _, e := range entries {
		b, err := files.ReadFile(e.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(b)
		ext := path.Ext(e.Name())
		url := Prefix + strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		urls[e.Name()] = url
		served[url] = file{contentType(ext), b, sync.OnceValue(func() []byte { return compress(b) })}
	}
	return urls, served
}

// contentType does not ask the machine's own table, which differs from one system to the next.
func contentType(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".ico":
		return "image/x-icon"
	}
	panic("static: what is " + ext) // found by the first test
}

func compress(b []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		panic(err)
	}
	if _, err := w.Write(b); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	if out.Len() > len(b)*9/10 {
		return nil
	}
	return out.Bytes()
}

// URL is the address of a file, relative to the portal. An unknown name is a mistake in a template,
// so it panics, and the first test that renders the page finds it.
func URL(name string) string {
	url, ok := urls[name]
	if !ok {
		panic("static: no file " + name)
	}
	return url
}

// Serve answers a request for one of the addresses made by URL. It returns false, and writes nothing,
// for every other address.
func Serve(w http.ResponseWriter, r *http.Request) bool {
	f, ok := served[r.URL.Path]
	if ok {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		f.serve(w, r)
	}
	return ok
}

// ServeNamed answers with a file under an address that is not its own, for the few that browsers
// ask for by a fixed name.
func ServeNamed(w http.ResponseWriter, r *http.Request, name string) {
	w.Header().Set("Cache-Control", "public, max-age=86400")
	served[URL(name)].serve(w, r)
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	body := f.plain
	if small := f.small(); small != nil {
		h.Add("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = small
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a browser that went away is no error of ours
	}
}
