package views

import (
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/twofactor"
	"latchkey/views/ui"
)

// grouped is a long secret in groups of four, for typing.
func grouped(secret string) string {
	var out []string
	for len(secret) > 4 {
		out, secret = append(out, secret[:4]), secret[4:]
	}
	return strings.Join(append(out, secret), " ")
}

// deedWords says what a terminal asks to do. The words come from what the server was asked, and not from
// what the terminal says of itself.
func deedWords(q twofactor.Question) string {
	what := ui.Plain(q.Deed.Package)
	if what == "" {
		what = "your account"
	}
	switch q.Deed.Action {
	case access.PackagePublish:
		return "Publish " + what + "@" + ui.Plain(q.Deed.Version)
	case access.PackageTag:
		return "Change a tag of " + what
	case access.AccountChangePassword:
		return "Change your password"
	case access.FactorMode:
		return "Change when your second factor is asked for"
	case access.FactorTurnOff:
		return "Turn off two-factor authentication"
	}
	return "Change " + what
}

// recoveryProblem is what is wrong with a recovery code, where no other code can have been meant.
func recoveryProblem(p ui.Problems, w twofactor.Ways) string {
	if w.App {
		return ""
	}
	return p["code"]
}
