package npm

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"latchkey/internal/errs"
)

func TestEditsAreToldFromPublishes(t *testing.T) {
	for body, want := range map[string]bool{
		`{"_id":"x","_rev":"3-a","name":"x","versions":{}}`: true,
		`{"_rev":"3-a"`: true,
		`{"name":"@a/b","_id":"@a/b","_rev":"1-x","users":{}}`: true,
		`{"_id":"x","name":"x","versions":{},"_rev":"3-a"}`:    false,
		`{"_attachments":{},"_id":"x","_rev":"3-a"}`:           false,
		`["_rev"]`: false,
		`{"_id":"` + strings.Repeat("x", 2000) + `","_rev":"3-a"}`: false,
		``:                                 false,
		`{"_id":`:                          false,
		`{}`:                               false,
		`{"_id":{"a":[1,2]},"_rev":"3-a"}`: true,
	} {
		r := bufio.NewReader(strings.NewReader(body))
		if got := IsEdit(r); got != want {
			t.Errorf("%.60s: %v", body, got)
		}
		if rest, _ := io.ReadAll(r); string(rest) != body {
			t.Errorf("%.60s: consumed", body)
		}
	}
}

func TestEdits(t *testing.T) {
	e, err := DecodeEdit(strings.NewReader(`{"_id":"x","_rev":"3-a","dist-tags":{"latest":"1.0.0"},"readme":"a \" \\ b",
		"versions":{"1.0.0":{"name":"x","deprecated":"old \u00e9","dist":{"deprecated":"no"}},"2.0.0":{"deprecated":""},"3.0.0":{"deprecated":false}},
		"maintainers":[{"name":"ann","email":""},{"email":"b","name":"bob"}],"users":{"ann":true,"bob":false}} `))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%+v", e); got != `{Rev:3-a Versions:map[1.0.0:old é 2.0.0: 3.0.0:] Users:map[ann:true bob:false] Maintainers:[ann bob]}` {
		t.Error(got)
	}
	e, err = DecodeEdit(strings.NewReader(`{"maintainers":[]}`))
	if err != nil || e.Versions != nil || e.Users != nil || e.Maintainers == nil {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestEditsThatMeanNothingOrTwoThings(t *testing.T) {
	for what, body := range map[string]string{
		"nothing":               ``,
		"a list":                `[]`,
		"cut off":               `{"_rev":"3-a","versions":{"1.0.0":{"name":`,
		"two documents":         `{"_rev":"3-a"}{"_rev":"4-b"}`,
		"versions twice":        `{"versions":{},"versions":{"1.0.0":{}}}`,
		"a version twice":       `{"versions":{"1.0.0":{},"1.0.0":{"deprecated":"x"}}}`,
		"versions as a list":    `{"versions":["1.0.0"]}`,
		"a version as a text":   `{"versions":{"1.0.0":"x"}}`,
		"a long version":        `{"versions":{"` + strings.Repeat("1", 300) + `":{}}}`,
		"maintainers as names":  `{"maintainers":["ann"]}`,
		"a nameless maintainer": `{"maintainers":[{"email":"x"}]}`,
		"bad UTF-8":             "{\"_rev\":\"\xff\"}",
	} {
		if e, err := DecodeEdit(strings.NewReader(body)); errs.Of(err).Code != "npm.edit" {
			t.Errorf("%s: %+v, %v", what, e, err)
		}
	}
}

// A body of any size is read in little memory.
func TestEditsAreBounded(t *testing.T) {
	const mega = 5
	parts, part := []io.Reader{strings.NewReader(`{"_rev":"3-a","x":[`)}, strings.Repeat(`{"k":"v"},`, 100_000)
	for range mega {
		parts = append(parts, strings.NewReader(part))
	}
	large := io.MultiReader(append(parts, strings.NewReader(`0]}`))...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := DecodeEdit(large); err != nil {
		t.Error(err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
		t.Errorf("%d bytes for a document of %d MB", grown, mega)
	}
	long := io.MultiReader(strings.NewReader(`{"readme":"`), io.LimitReader(endless('x'), 64<<20))
	if _, err := DecodeEdit(long); errs.Of(err).Kind != errs.TooLarge {
		t.Error("a long text:", err)
	}
	var b strings.Builder
	b.WriteString(`{"users":{`)
	for i := range maxListed + 1 {
		fmt.Fprintf(&b, `"u%d":true,`, i)
	}
	if _, err := DecodeEdit(strings.NewReader(b.String())); errs.Of(err).Kind != errs.TooLarge {
		t.Error("a long list:", err)
	}
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestErrorsOfTheBodyStayWhatTheyAre(t *testing.T) {
	broken := errors.New("the connection is gone")
	_, err := DecodeEdit(io.MultiReader(strings.NewReader(`{"_rev":"3-a",`), failing{broken}))
	if !errors.Is(err, broken) || errs.Of(err).Kind != errs.Internal {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func FuzzDecodeEdit(f *testing.F) {
	f.Add(`{"_id":"x","_rev":"3-a","versions":{"1.0.0":{"deprecated":"old"}},"users":{"ann":true},"maintainers":[{"name":"ann"}]}`)
	f.Add(`{"versions":{"1.0.0":{"deprecated":"\ud800"}}}`)
	f.Fuzz(func(t *testing.T, body string) {
		e, err := DecodeEdit(strings.NewReader(body))
		if err != nil && errs.Of(err).Kind == errs.Internal {
			t.Error("unclassified:", err)
		}
		if err != nil && (e.Versions != nil || e.Users != nil || e.Maintainers != nil) {
			t.Error("half an edit")
		}
	})
}
