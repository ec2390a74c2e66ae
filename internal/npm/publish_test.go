package npm_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"latchkey/internal/errs"
	"latchkey/internal/npm"
	"latchkey/internal/npmpack"
)

func decode(t *testing.T, body string) (npm.Publish, []byte, error) {
	t.Helper()
	name, err := npm.ParseName("@acme/widget")
	if err != nil {
		t.Fatal(err)
	}
	var tarball bytes.Buffer
	p, err := npm.DecodePublish(name, strings.NewReader(body), &tarball)
	return p, tarball.Bytes(), err
}

var widget = npmpack.Package{Name: "@acme/widget", Version: "1.2.3", Readme: "# widget \"quoted\" \\", Tag: "beta", Manifest: map[string]any{"description": "a widget"}}

func TestPublishBodyIsDecoded(t *testing.T) {
	p, tarball, err := decode(t, string(widget.PublishBody()))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(tarball, widget.Tarball()) {
		t.Error("the tarball differs")
	}
	if p.Version != "1.2.3" || p.Tag != "beta" || p.Access != "" || p.Length != int64(len(tarball)) {
		t.Errorf("%+v", p)
	}
}

func TestPublishBodyMayComeInAnyPieces(t *testing.T) {
	big := widget
	big.Files = map[string]string{"a.bin": strings.Repeat("0123456789abcdef", 1<<16)}
	body, name := big.PublishBody(), npm.Name{Full: "@acme/widget", Scope: "acme", Base: "widget"}
	for what, r := range map[string]io.Reader{
		"one byte": iotest.OneByteReader(bytes.NewReader(body)), "halves": iotest.HalfReader(bytes.NewReader(body)), "eof with data": iotest.DataErrReader(bytes.NewReader(body)),
	} {
		var tarball bytes.Buffer
		if _, err := npm.DecodePublish(name, r, &tarball); err != nil || !bytes.Equal(tarball.Bytes(), big.Tarball()) {
			t.Errorf("%s: %d bytes, %v", what, tarball.Len(), err)
		}
	}
}

func TestAttachmentMayComeFirst(t *testing.T) {
	body := string(widget.PublishBody()) // Go sorts keys, so _attachments is first here
	if !strings.HasPrefix(body, `{"_attachments"`) {
		t.Fatal("the body does not begin with the attachment")
	}
	tail := strings.Replace(body, `{"_attachments"`, `{"name":"@acme/widget","_attachments"`, 1)
	if _, _, err := decode(t, strings.Replace(tail, `"name":"@acme/widget","readme"`, `"readme"`, 1)); err == nil {
		t.Error("a duplicate name was accepted")
	}
}

func TestBadPublishBodies(t *testing.T) {
	edit := func(f func(map[string]any)) string { w := widget; w.Body = f; return string(w.PublishBody()) }
	attachment := func(f func(map[string]any)) string {
		return edit(func(b map[string]any) {
			for _, a := range b["_attachments"].(map[string]any) {
				f(a.(map[string]any))
			}
		})
	}
	good := string(widget.PublishBody())
	rows := map[string]struct {
		body string
		code string
	}{
		"empty":                       {"", "npm.json"},
		"not JSON":                    {"hello", "npm.json"},
		"cut short":                   {good[:len(good)/2], "npm.json"},
		"something after it":          {good + "{}", "npm.json"},
		"unbalanced":                  {"{}}", "npm.json"},
		"too deep":                    {strings.Repeat("[", 65), "npm.json_depth"},
		"duplicate key":               {strings.Replace(good, `"access":null`, `"access":null,"access":"public"`, 1), "npm.json"},
		"invalid UTF-8":               {strings.Replace(good, "a widget", "a \xff widget", 1), "npm.json"},
		"lone surrogate":              {strings.Replace(good, "a widget", `a \ud800 widget`, 1), "npm.json"},
		"large manifest":              {edit(func(b map[string]any) { b["x"] = strings.Repeat("x", 5<<20) }), "npm.manifest_size"},
		"versions is a list":          {edit(func(b map[string]any) { b["versions"] = []int{} }), "npm.json"},
		"tags is null":                {edit(func(b map[string]any) { b["dist-tags"] = nil }), "npm.tags"},
		"attachments is text":         {edit(func(b map[string]any) { b["_attachments"] = "x" }), "npm.json"},
		"another name":                {edit(func(b map[string]any) { b["name"] = "other" }), "npm.name_mismatch"},
		"another id":                  {edit(func(b map[string]any) { b["_id"] = "other" }), "npm.name_mismatch"},
		"no version":                  {edit(func(b map[string]any) { b["versions"] = map[string]any{} }), "npm.versions"},
		"two versions":                {edit(func(b map[string]any) { b["versions"].(map[string]any)["2.0.0"] = map[string]any{} }), "npm.versions"},
		"prototype as version":        {edit(func(b map[string]any) { b["versions"] = map[string]any{"__proto__": map[string]any{}} }), "npm.prototype_key"},
		"no attachment":               {edit(func(b map[string]any) { b["_attachments"] = map[string]any{} }), "npm.attachments"},
		"attachment of another":       {strings.Replace(good, `"@acme/widget-1.2.3.tgz":`, `"@acme/other-1.2.3.tgz":`, 1), "npm.attachment_name"},
		"attachment of other version": {strings.Replace(good, `"@acme/widget-1.2.3.tgz":`, `"@acme/widget-1.2.4.tgz":`, 1), "npm.attachment_name"},
		"attachment outside":          {strings.Replace(good, `"@acme/widget-1.2.3.tgz":`, `"../../widget-1.2.3.tgz":`, 1), "npm.attachment_name"},
		"tag to another version":      {edit(func(b map[string]any) { b["dist-tags"] = map[string]any{"latest": "9.9.9"} }), "npm.tag_version"},
		"tag is a range":              {edit(func(b map[string]any) { b["dist-tags"] = map[string]any{"1.x": "1.2.3"} }), "npm.tag"},
		"unknown access":              {edit(func(b map[string]any) { b["access"] = "secret" }), "npm.access"},
		"base64 with a space":         {attachment(func(a map[string]any) { a["data"] = "AAAA AAAA" }), "npm.base64"},
		"base64 with a line break":    {attachment(func(a map[string]any) { a["data"] = "AAAA\nAAAA" }), "npm.base64"},
		"base64 for URLs":             {attachment(func(a map[string]any) { a["data"] = "-_-_" }), "npm.base64"},
		"base64 cut":                  {attachment(func(a map[string]any) { a["data"] = "AAA" }), "npm.base64"},
		"base64 with loose bits":      {attachment(func(a map[string]any) { a["data"] = "AAB=" }), "npm.base64"},
		"base64 after padding":        {attachment(func(a map[string]any) { a["data"] = "AA==AAAA" }), "npm.base64"},
		"data is a number":            {attachment(func(a map[string]any) { a["data"] = 7 }), "npm.attachments"},
	}
	for what, r := range rows {
		_, _, err := decode(t, r.body)
		var e *errs.Error
		if !errors.As(err, &e) || e.Code != r.code {
			t.Errorf("%s: got %v, want %s", what, err, r.code)
		}
	}
}

func TestOnlyScopedPackagesCanBeRestricted(t *testing.T) {
	p := npmpack.Package{Name: "plain", Version: "1.0.0", Access: "restricted"}
	_, err := npm.DecodePublish(npm.Name{Full: "plain", Base: "plain"}, bytes.NewReader(p.PublishBody()), io.Discard)
	if errs.Of(err).Code != "npm.access" {
		t.Error(err)
	}
}
