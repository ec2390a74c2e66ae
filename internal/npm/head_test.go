package npm_test

import (
	"reflect"
	"strings"
	"testing"

	"latchkey/internal/npm"
)

func TestReadHeadTakesEveryForm(t *testing.T) {
	for _, row := range []struct {
		members string
		want    npm.Head
	}{
		{`{}`, npm.Head{}},
		{`not json`, npm.Head{}},
		{
			`{"description":"d","license":"MIT","author":"Ann <a@example.com> (https://a.example)","homepage":"h","repository":"r","bugs":"b","keywords":"k"}`,
			npm.Head{Description: "d", License: "MIT", Author: "Ann", Homepage: "h", Repository: "r", Bugs: "b", Keywords: []string{"k"}},
		},
		{
			`{"license":{"type":"MIT"},"author":{"name":"Ann"},"repository":{"url":"r"},"bugs":{"url":"b"},"keywords":["k",1,"","l"]}`,
			npm.Head{License: "MIT", Author: "Ann", Repository: "r", Bugs: "b", Keywords: []string{"k", "l"}},
		},
		{`{"description":["d"],"license":1,"author":[],"homepage":{},"repository":{"url":{}},"keywords":{"a":"b"}}`, npm.Head{}},
		{`{"description":"a\u0000b"}`, npm.Head{Description: "ab"}},
	} {
		if got := npm.ReadHead([]byte(row.members)); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: %+v", row.members, got)
		}
	}
	long := npm.ReadHead([]byte(`{"description":"` + strings.Repeat("ä", 2000) + `","keywords":[` + strings.Repeat(`"k",`, 99) + `"k"]}`))
	if long.Description != strings.Repeat("ä", 512) || len(long.Keywords) != 50 {
		t.Errorf("%d bytes, %d keywords", len(long.Description), len(long.Keywords))
	}
}
