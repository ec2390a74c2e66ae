package access

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/errs"
)

var update = flag.Bool("update", false, "rewrite the golden file")

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

type profile struct {
	name string
	by   Actor
}

// profiles are the kinds of people that ask. "ann" is the one whose things are asked for.
func profiles() []profile {
	browser := Actor{UserID: "ann", Name: "ann", Via: ViaBrowser, EmailVerified: true, SessionID: "s"}
	sudo, unverified, operator := browser, browser, browser
	sudo.SudoUntil = now.Add(time.Minute)
	unverified.EmailVerified = false
	operator.Operator = true
	locked, held := sudo, sudo
	locked.Locked = true
	held.Hold = Hold{now.Add(time.Hour), HeldAfterRecoveryCode}
	token := Actor{UserID: "ann", Name: "ann", Via: ViaToken, EmailVerified: true, Grant: &Grant{TokenID: "t"}}
	readOnly := token
	readOnly.Grant = &Grant{TokenID: "t", ReadOnly: true}
	terminal := token
	terminal.Grant = &Grant{TokenID: "t", Terminal: true}
	factored, proven, other := token, token, token
	factored.Factor = AuthAndWrites
	proven.Factor, proven.Verified = AuthAndWrites, true
	other.Factor, other.Verified, other.Only = AuthAndWrites, true, &Deed{Action: PackageTag}
	signInOnly := token
	signInOnly.Factor = AuthOnly
	machine := factored
	machine.Grant = &Grant{TokenID: "t", Unattended: true}
	limited := token
	limited.Grant = &Grant{TokenID: "t", Limited: true, Packages: []string{"gift"}}
	elsewhere := token
	elsewhere.Grant = &Grant{TokenID: "t", Limited: true, Packages: []string{"other", "@acme/*"}, Orgs: []string{"other"}, Manages: true}
	manager := token
	manager.Grant = &Grant{TokenID: "t", ReadOnly: true, Limited: true, Orgs: []string{"acme"}, Manages: true}
	asked := factored
	asked.Grant = &Grant{TokenID: "t", Unattended: true, MustProve: true}
	browserOn := browser
	browserOn.Factor, browserOn.Verified = AuthAndWrites, true
	return []profile{
		{"anonymous", Actor{}},
		{"browser", browser},
		{"browser, just confirmed", sudo},
		{"browser, unverified", unverified},
		{"browser, operator", operator},
		{"browser, locked", locked},
		{"browser, held", held},
		{"token", token},
		{"token, read-only", readOnly},
		{"token, of a terminal", terminal},
		{"browser, second factor", browserOn},
		{"token, second factor", factored},
		{"token, proven", proven},
		{"token, proven to tag", other},
		{"token, asked at sign-in", signInOnly},
		{"token of a machine", machine},
		{"machine that must prove", asked},
		{"token for the package", limited},
		{"token for others", elsewhere},
		{"token for the org", manager},
		{"console", Console()},
	}
}

var facts = []struct {
	name string
	f    Facts
}{
	{"hidden", Facts{Hidden: true}},
	{"none", Facts{}},
	{"reader", Facts{Standing: Reader}},
	{"writer", Facts{Standing: Writer}},
	{"owner", Facts{Standing: Owner}},
	{"hidden, owner", Facts{Standing: Owner, Hidden: true}},
	{"owner, attended", Facts{Standing: Owner, Attended: true}},
}

// TestMatrix compares every profile, action and standing with a golden file. A reviewer reads a
// change of that file and sees what changed for whom.
func TestMatrix(t *testing.T) {
	var b strings.Builder
	for _, act := range slices.Sorted(maps.Keys(actions)) {
		fmt.Fprintf(&b, "%s\n", act)
		for _, p := range profiles() {
			line := fmt.Sprintf("  %-24s", p.name)
			for _, f := range facts {
				switch noun, _, _ := strings.Cut(string(act), "."); noun {
				case "package":
					f.f.Package = "gift"
				case "org":
					f.f.Org = "acme"
				}
				line += fmt.Sprintf(" %s: %-16s", f.name, answer(Check(p.by, act, f.f, now)))
			}
			b.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	got := b.String()
	const file = "testdata/matrix.golden"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("the matrix changed; look at the difference after go test ./internal/access -update")
	}
}

func answer(err error) string {
	if err == nil {
		return "yes"
	}
	return strings.TrimPrefix(errs.Of(err).Code, "access.")
}

func TestStrangersLearnNothing(t *testing.T) {
	for act := range actions {
		for _, p := range profiles() {
			if p.by.AtConsole() {
				continue
			}
			if err := Check(p.by, act, Facts{Hidden: true}, now); !errors.Is(err, ErrHidden) {
				t.Errorf("%s, %s: %v", act, p.name, err)
			}
		}
	}
}

func TestReadOnlyTokensChangeNothing(t *testing.T) {
	by := Actor{UserID: "ann", Via: ViaToken, EmailVerified: true, Grant: &Grant{ReadOnly: true}}
	for act, n := range actions {
		err := Check(by, act, Facts{Standing: Owner}, now)
		if n.token != read && err == nil {
			t.Errorf("%s was allowed", act)
		}
	}
}

func TestUnknownActionsAreForbidden(t *testing.T) {
	if err := Check(Console(), "package.steal", Facts{Standing: Owner}, now); !errors.Is(err, ErrForbidden) {
		t.Error(err)
	}
}

func TestConfirmationEnds(t *testing.T) {
	by := Actor{UserID: "ann", Via: ViaBrowser, SudoUntil: now}
	if err := Check(by, AccountChangePassword, Facts{Standing: Owner}, now.Add(-time.Nanosecond)); err != nil {
		t.Error("just before:", err)
	}
	if err := Check(by, AccountChangePassword, Facts{Standing: Owner}, now); !errors.Is(err, ErrSudo) {
		t.Error("at its end:", err)
	}
}

func TestProofIsForOneAct(t *testing.T) {
	d := Deed{Action: PackagePublish, Package: "gift", Version: "1.0.0", Digest: "sha512-a"}
	by := Actor{UserID: "ann", Via: ViaToken, Factor: AuthAndWrites, Grant: &Grant{TokenID: "t"}}
	if err := by.Covers(d); !errors.Is(err, ErrSecondFactor) {
		t.Error("without a proof:", err)
	}
	by.Verified = true
	if err := by.Covers(d); err != nil {
		t.Error("with a code that came along:", err)
	}
	for what, change := range map[string]func(*Deed){
		"action": func(d *Deed) { d.Action = PackageTag }, "package": func(d *Deed) { d.Package = "other" },
		"version": func(d *Deed) { d.Version = "1.0.1" }, "digest": func(d *Deed) { d.Digest = "sha512-b" },
	} {
		other := d
		change(&other)
		by.Only = &other
		err := by.Covers(d)
		var owed OwedError
		if !errors.Is(err, ErrSecondFactor) || !errors.As(err, &owed) || owed.Deed != d {
			t.Errorf("with a proof for another %s: %v", what, err)
		}
	}
	by.Only = &d
	if err := by.Covers(d); err != nil {
		t.Error("with its own proof:", err)
	}
}

func TestSelfIsOneself(t *testing.T) {
	for _, r := range []struct {
		by   Actor
		user string
		want Facts
	}{
		{Actor{UserID: "ann"}, "ann", Facts{Standing: Owner}},
		{Actor{UserID: "bob"}, "ann", Facts{Hidden: true}},
		{Actor{}, "ann", Facts{}},
		{Actor{}, "", Facts{}},
		{Console(), "", Facts{}},
		{Console(), "ann", Facts{Standing: Owner}},
	} {
		if got := Self(r.by, r.user); got != r.want {
			t.Errorf("%+v to %q: %+v", r.by, r.user, got)
		}
	}
}

func TestLockedAndHeldAccountsOnlyReadOrGrowSafer(t *testing.T) {
	locked := Actor{UserID: "ann", Via: ViaBrowser, EmailVerified: true, Operator: true, Locked: true, SudoUntil: now.Add(time.Minute)}
	held := locked
	held.Locked, held.Hold = false, Hold{now.Add(time.Second), HeldAfterRecoveryCode}
	refused := 0
	for act, n := range actions {
		l, h := Check(locked, act, Facts{Standing: Owner}, now), Check(held, act, Facts{Standing: Owner}, now)
		if n.token == write || act == TokenCreate || act == TokenApproveLogin || act == OperatorManage {
			refused++
			if !errors.Is(l, ErrLocked) || !errors.Is(h, ErrHeld) {
				t.Errorf("%s: locked %v, held %v", act, l, h)
			}
		}
		if err := Check(held, act, Facts{Standing: Owner}, now.Add(time.Second)); errors.Is(err, ErrHeld) {
			t.Errorf("%s is refused when the time is over", act)
		}
	}
	if refused < 6 {
		t.Errorf("only %d actions were tried", refused)
	}
	if err := Check(held, PackagePublish, Facts{Standing: Owner}, now); err == nil || !strings.Contains(err.Error(), "until 2 January 2026, 03:04 UTC, because somebody used a recovery code") {
		t.Error(err)
	}
}

func TestLimitedTokensMeetTheRestAsStrangersDo(t *testing.T) {
	g := &Grant{TokenID: "t", Limited: true, Packages: []string{"gift", "@acme/*"}}
	by := Actor{UserID: "ann", Via: ViaToken, EmailVerified: true, Grant: g}
	for name, covered := range map[string]bool{
		"gift": true, "gifts": false, "@acme/web": true, "@acme-x/web": false, "acme": false, "@acm/web": false, "gift/*": false,
	} {
		want := error(ErrTokenReach)
		if covered {
			want = nil
		}
		if err := Check(by, PackagePublish, Facts{Standing: Owner, Package: name}, now); !errors.Is(err, want) {
			t.Errorf("%s: publish: %v", name, err)
		}
		if err := Check(by, PackageRead, Facts{Standing: Owner, Package: name}, now); err != nil {
			t.Errorf("%s: read: %v", name, err)
		}
		err := Check(by, PackageRead, Facts{Standing: Owner, Hidden: true, Package: name}, now)
		if want = error(ErrHidden); covered {
			want = nil
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: read hidden: %v", name, err)
		}
	}
	if by.Viewer() != "" || (Actor{UserID: "ann", Grant: &Grant{}}).Viewer() != "ann" {
		t.Error("whose private packages a list shows")
	}
	if err := Check(by, OrgView, Facts{Standing: Owner, Hidden: true, Org: "acme"}, now); !errors.Is(err, ErrHidden) {
		t.Errorf("an organization it was not given: %v", err)
	}
}

func TestUnattendedTokensDecideOverNobody(t *testing.T) {
	by := Actor{UserID: "ann", Via: ViaToken, EmailVerified: true, Grant: &Grant{TokenID: "t", Unattended: true, Limited: true, Packages: []string{"gift"}, Orgs: []string{"acme"}, Manages: true}}
	for _, act := range []Action{PackageMaintain, PackageSetAccess} {
		if err := Check(by, act, Facts{Standing: Owner, Package: "gift"}, now); !errors.Is(err, ErrTokenUnattended) {
			t.Errorf("%s: %v", act, err)
		}
	}
	for _, act := range []Action{OrgManage, OrgManageTeams} {
		if err := Check(by, act, Facts{Standing: Owner, Org: "acme"}, now); !errors.Is(err, ErrTokenUnattended) {
			t.Errorf("%s: %v", act, err)
		}
	}
}
