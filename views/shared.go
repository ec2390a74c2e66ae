// Package views is the pages of the portal: for each, the values it shows and the markup around them.
// Pages decide nothing: what needs a decision arrives decided.
package views

import (
	"net/url"
	"strconv"
	"strings"

	"latchkey/internal/access"
	"latchkey/views/ui"
)

// settings is the navigation of a person's own pages.
var settings = []ui.Place{
	{Name: "Account"},
	{Href: "/settings/profile", Name: "Profile"},
	{Href: "/settings/emails", Name: "Email addresses"},
	{Href: "/settings/password", Name: "Password"},
	{Name: "Security"},
	{Href: "/settings/two-factor", Name: "Two-factor"},
	{Href: "/settings/sessions", Name: "Sessions"},
	{Href: "/settings/tokens", Name: "Access tokens"},
	{Href: "/settings/security-log", Name: "Security log"},
	{Href: "/settings/lock", Name: "Lock account"},
	{Name: "Yours"},
	{Href: "/settings/packages", Name: "Packages"},
	{Href: "/settings/invitations", Name: "Invitations"},
	{Href: "/settings/organizations", Name: "Organizations"},
}

// operator is the navigation of the operator's pages. There is mail to read only when it is kept here.
func operator(f ui.Frame) []ui.Place {
	places := []ui.Place{
		{Name: "Operator"},
		{Href: "/operator", Name: "Overview"},
		{Href: "/operator/people", Name: "People"},
		{Href: "/operator/recoveries", Name: "Lost factors"},
	}
	if f.Mail {
		places = append(places, ui.Place{Href: "/operator/mail", Name: "Mail"})
	}
	return places
}

func packageURL(name string) string { return "/package/" + name }

func personURL(name string) string { return "/~" + url.PathEscape(name) }

// host is an address as .npmrc writes it before ":_authToken": without the scheme.
func host(registry string) string {
	_, rest, _ := strings.Cut(registry, ":")
	return rest
}

// hostname is the host's name alone.
func hostname(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func plainHTTP(address string) bool { return strings.HasPrefix(address, "http:") }

// lines puts a file together.
func lines(l ...string) string { return strings.Join(l, "\n") }

// joined is a keyword as one word of a search.
func joined(keyword string) string { return strings.Join(strings.Fields(keyword), "-") }

func number(n int64) string { return strconv.FormatInt(n, 10) }

// FilesURL is the address of a version's files.
func FilesURL(name, version string) string {
	return packageURL(name) + "/files/" + url.PathEscape(version)
}

// filesURL is the address of a file or folder of a version. Every character of a name that could mean
// something in an address is encoded.
func filesURL(name, version, path string) string {
	u := FilesURL(name, version)
	if path == "" {
		return u
	}
	for part := range strings.SplitSeq(path, "/") {
		u += "/" + url.PathEscape(part)
	}
	return u
}

// means says in words by what means something was published.
func means(via access.Via) string {
	switch via {
	case access.ViaToken:
		return "with an access token"
	case access.ViaBrowser:
		return "in the portal"
	case access.ViaConsole:
		return "at the server"
	default:
		return ""
	}
}
