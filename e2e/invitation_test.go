package e2e

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

var invitationForm = regexp.MustCompile(`action="(/settings/invitations/[^"]+)"`)

// answerCommand is "answer NAME accept|decline": the person signs in to the portal and answers the first
// invitation that waits there, by its form, without script.
func answerCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: answer NAME accept|decline")
	}
	s := of(ts)
	form := func(path, cookie string, fields url.Values) answer {
		a, err := s.ask(request{method: http.MethodPost, path: path, body: []byte(fields.Encode()), header: http.Header{
			"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {s.url}, "Cookie": {cookie},
		}})
		ts.Check(err)
		if a.status != http.StatusSeeOther {
			ts.Fatalf("POST %s: %d %s", path, a.status, a.body)
		}
		return a
	}
	kept := []string{}
	for _, c := range (&http.Response{Header: form("/login", "", url.Values{"login": {args[0]}, "password": {password}}).header}).Cookies() {
		kept = append(kept, c.Name+"="+c.Value)
	}
	cookie := strings.Join(kept, "; ")
	page, err := s.ask(request{path: "/settings/invitations", header: http.Header{"Cookie": {cookie}}})
	ts.Check(err)
	found := invitationForm.FindSubmatch(page.body)
	if found == nil {
		ts.Fatalf("no invitation waits for %s: %s", args[0], page.body)
	}
	form(string(found[1]), cookie, url.Values{"answer": {args[1]}, "signed_in_as": {args[0]}})
}
