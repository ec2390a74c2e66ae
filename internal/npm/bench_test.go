package npm_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"latchkey/internal/npm"
	"latchkey/internal/npmpack"
)

// small is a package of about 10 KB compressed, in ten files.
func small() []byte {
	noise := rand.New(rand.NewPCG(1, 2))
	files := map[string]string{}
	for i := range 10 {
		b := make([]byte, 1000)
		for j := range b {
			b[j] = byte(noise.IntN(256))
		}
		files[fmt.Sprintf("lib/part-%d.bin", i)] = string(b)
	}
	return npmpack.Package{Name: "widget", Version: "1.0.0", Files: files}.Tarball()
}

func BenchmarkInspect(b *testing.B) {
	tgz := small()
	b.SetBytes(int64(len(tgz)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := npm.Inspect(bytes.NewReader(tgz), int64(len(tgz)), 512<<20); err != nil {
			b.Fatal(err)
		}
	}
}
