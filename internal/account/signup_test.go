package account_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/account/accounttest"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
)

func TestSignUpSignsInAndMailsALinkToVerifyTheAddress(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s, err := w.SignUp(t.Context(), visitor(7), account.SignUp{
			Name: "ann", FullName: " Ann Example ", Email: "Ann@Example.COM", Password: good,
		})
		w.OK(err)
		want := account.User{
			ID: s.User.ID, Name: "ann", FullName: "Ann Example", Email: "Ann@example.com", CreatedAt: w.Now(), UpdatedAt: w.Now(),
		}
		if s.User != want {
			t.Errorf("got %+v", s.User)
		}
		a := w.As(s.ID)
		if a.Name != "ann" || a.EmailVerified || a.Operator || a.Via != "browser" {
			t.Errorf("actor %+v", a)
		}
		link := w.mailed("Ann@example.com", "Verify your email address")
		address, err := w.VerifyLink(t.Context(), a, link)
		if err != nil || address != "Ann@example.com" {
			t.Errorf("link shows %q, %v", address, err)
		}
		w.OK(w.VerifyEmail(t.Context(), a, link))
		if !w.As(s.ID).EmailVerified {
			t.Error("not verified")
		}
		w.Logged("account.created", 1)
		w.Logged("account.email_verified", 1)
		w.Logged("session.started", 1)
	})
}

func TestSignUpSaysAllThatIsWrongWithTheForm(t *testing.T) {
	w := sqlite(t)
	w.Somebody("taken")
	valid := account.SignUp{Name: "ann", Email: "ann@example.com", Password: good}
	for _, c := range []struct {
		change func(*account.SignUp)
		want   []string
	}{
		{func(f *account.SignUp) { *f = account.SignUp{} }, []string{"name", "email", "password"}},
		{func(f *account.SignUp) { f.Name = "taken" }, []string{"name"}},
		{func(f *account.SignUp) { f.Email = "nobody" }, []string{"email"}},
		{func(f *account.SignUp) { f.Password = "short" }, []string{"password"}},
		{func(f *account.SignUp) { f.Password = strings.Repeat("long ", 300) }, []string{"password"}},
		{func(f *account.SignUp) { f.Name, f.Password = "ann-of-the-long-name", "ann-of-the-long-name" }, []string{"password"}},
		{func(f *account.SignUp) { f.Email, f.Password = "ann.example.writes@example.com", "Ann.Example.Writes" }, []string{"password"}},
		{func(f *account.SignUp) { f.Password = "Example Registry" }, []string{"password"}},
		{func(f *account.SignUp) { f.Password = "passwordpassword" }, []string{"password"}},
		{func(f *account.SignUp) { f.FullName = "Ann\r\nBcc: eve@example.com" }, []string{"full_name"}},
		{func(f *account.SignUp) { f.FullName = strings.Repeat("n", 101) }, []string{"full_name"}},
		{func(f *account.SignUp) { f.FullName = "Ann \u202egnirts" }, []string{"full_name"}},
	} {
		form := valid
		c.change(&form)
		_, err := w.SignUp(t.Context(), visitor(7), form)
		accounttest.Fields(t, err, c.want...)
	}
	w.Quiet()
	if n := w.Rows(`SELECT COUNT(*) FROM users`); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

func TestNamesAreShortPlainAndNotReserved(t *testing.T) {
	w := sqlite(t)
	w.Config.Limits.SignUpRate = config.Rate{}
	for _, name := range []string{"a", "7", "ann", "ann-b", "ann_b", "ann.b", "0x", strings.Repeat("n", 39)} {
		w.signUp(name, "x@example.com")
	}
	for _, name := range []string{
		"", "Ann", "-ann", ".ann", "_ann", "__proto__", "ann b", "ann/b", "@ann", "ann\x00", "adm\x00in", "a\u202eb", "аdmin", "ann\n",
		strings.Repeat("n", 40), "admin", "api", "login", "-", "org", "security", "null", "undefined", "constructor", "npm", "static",
		"healthz", "readyz", "metrics", "help", "setup", "search", "package", "signup", "logout", "password", "verify", "invitations",
		"recovery", "auth", "settings", "staged", "operator", "sudo",
	} {
		_, err := w.SignUp(t.Context(), visitor(7), account.SignUp{Name: name, Email: "x@example.com", Password: good})
		accounttest.Fields(t, err, "name")
	}
}

func TestAddressesHaveOnePlainForm(t *testing.T) {
	w := sqlite(t)
	w.Config.Limits.SignUpRate, w.Config.Limits.MailRate = config.Rate{}, config.Rate{}
	for i, c := range []struct{ given, want string }{
		{"ann@example.com", "ann@example.com"},
		{" ann@example.com ", "ann@example.com"},
		{"Ann@EXAMPLE.com", "Ann@example.com"},
		{"ann+npm@mail.example.co.uk", "ann+npm@mail.example.co.uk"},
		{"o'hara@example.com", "o'hara@example.com"},
		{"ann@bücher.example", "ann@xn--bcher-kva.example"},
	} {
		if s := w.signUp(fmt.Sprintf("n%d", i), c.given); s.User.Email != c.want {
			t.Errorf("%q became %q", c.given, s.User.Email)
		}
	}
	for _, address := range []string{
		"", "ann", "ann@", "@example.com", "a@b@example.com", `"ann b"@example.com`, "ann(comment)@example.com", "Ann <ann@example.com>",
		"ann@[127.0.0.1]", "ann@127.0.0.1", "ann@localhost", "ann@example.com.", "ann@example..com", "ann@-example.com", ".ann@example.com",
		"ann.@example.com", "a..n@example.com", "ann@example.com, eve@example.com", "ann@example.com;eve@example.com",
		"ann@example.com\r\nBcc: eve@example.com", "ann@exam ple.com", "änn@example.com", "ann\x00@example.com", "аnn@example.com",
		strings.Repeat("a", 65) + "@example.com", "ann@" + strings.Repeat("example.", 40) + "com", "ann@example.com\n",
	} {
		_, err := w.SignUp(t.Context(), visitor(7), account.SignUp{Name: "bob", Email: address, Password: good})
		if address == "ann@example.com\n" { // white space around it is typing, not meaning
			w.OK(err)
			continue
		}
		accounttest.Fields(t, err, "email")
	}
}

func TestNameIsTakenOnceHoweverManyTry(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Config.Limits.SignUpRate = config.Rate{}
		won, lost := accounttest.Race(func(i int) error {
			_, err := w.SignUp(t.Context(), visitor(byte(i)), account.SignUp{
				Name: "ann", Email: fmt.Sprintf("ann%d@example.com", i), Password: good,
			})
			return err
		})
		if won != 1 || w.Rows(`SELECT COUNT(*) FROM users`) != 1 || w.Rows(`SELECT COUNT(*) FROM sessions`) != 1 {
			t.Errorf("%d accounts of one name", won)
		}
		for _, err := range lost {
			if k := errs.Of(err).Kind; k != errs.Invalid && k != errs.Unavailable {
				t.Errorf("a loser got %v", err)
			}
		}
	})
}

func TestAddressOfAnotherIsAnsweredLikeAnyAndItsOwnerIsTold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Somebody("ann")
		w.Mails()
		s := w.signUp("eve", "ANN@example.com")
		other := w.signUp("bob", "bob@example.com")
		if s.User.EmailVerified != other.User.EmailVerified || s.ID == "" || s.User.Email != "ANN@example.com" {
			t.Errorf("answers differ: %+v and %+v", s.User, other.User)
		}
		var told bool
		for _, m := range w.Mails() {
			switch m.To {
			case "ann@example.com":
				told = strings.Contains(m.Subject, "already have an account") && !strings.Contains(m.Body, "eve") && accounttest.Link(m.Body, "verify") == ""
			case "bob@example.com":
			default:
				t.Errorf("mail to %s: %s", m.To, m.Subject)
			}
		}
		if !told {
			t.Error("the owner was not told")
		}
		w.OK(w.ResendVerification(t.Context(), w.As(s.ID)))
		if got := w.mailed("ann@example.com", "already have an account"); got != "" {
			t.Error("a link went out")
		}
	})
}

func TestUnverifiedClaimDoesNotKeepTheOwnerAway(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		eve := w.signUp("eve", "ann@example.com")
		eveLink := w.mailed("ann@example.com", "Verify")
		ann := w.signUp("ann", "ann@example.com")
		annLink := w.mailed("ann@example.com", "Verify")
		// Whoever reads the mail decides: the link of Eve's account does nothing for Ann's session.
		w.Is(w.VerifyEmail(t.Context(), w.As(ann.ID), eveLink), account.ErrOtherAccount)
		w.OK(w.VerifyEmail(t.Context(), w.As(ann.ID), annLink))
		w.Is(w.VerifyEmail(t.Context(), w.As(eve.ID), eveLink), account.ErrAddressTaken)
		if w.As(eve.ID).EmailVerified || w.Rows(`SELECT COUNT(*) FROM users WHERE email_verified_at IS NOT NULL`) != 1 {
			t.Error("two accounts have one address")
		}
	})
}

func TestSignUpsFromOneNetworkAreCounted(t *testing.T) {
	w := sqlite(t)
	w.Config.Limits.SignUpRate = config.Rate{N: 3, Per: time.Hour}
	at := func(ip string) access.Actor { return access.Anonymous(netip.MustParseAddr(ip), accounttest.Firefox) }
	try := func(by access.Actor, name string) error {
		_, err := w.SignUp(t.Context(), by, account.SignUp{Name: name, Email: name + "@example.com", Password: good})
		return err
	}
	for i := range 3 {
		w.OK(try(at(fmt.Sprintf("2001:db8::%d", i)), fmt.Sprintf("p%d", i)))
	}
	w.Is(try(at("2001:db8::ffff:9"), "p3"), limit.ErrTooMany)
	w.OK(try(at("2001:db8:0:1::9"), "p3"))
}

func TestOneAddressIsNotFloodedWhoeverSignsUpWithIt(t *testing.T) {
	w := sqlite(t)
	for i := range 8 {
		w.signUp(fmt.Sprintf("p%d", i), "victim@example.com")
	}
	if n := len(w.Mails()); n != 5 {
		t.Errorf("%d mails", n)
	}
}

func TestInstallationDecidesWhoMayJoin(t *testing.T) {
	w := sqlite(t)
	form := account.SignUp{Name: "ann", Email: "ann@example.com", Password: good}
	for mode, want := range map[config.SignUp]error{config.SignUpClosed: account.ErrClosed, config.SignUpByInvite: account.ErrInvitedOnly} {
		w.Config.SignUp = mode
		_, err := w.SignUp(t.Context(), visitor(7), form)
		w.Is(err, want)
	}
	w.Config.SignUp = config.SignUpClosed
	if err := w.Invite(t.Context(), access.Console(), "ann@example.com"); errs.Of(err).Kind != errs.Conflict {
		t.Errorf("invited to a closed house: %v", err)
	}
}

func TestInvitationMakesOneVerifiedAccount(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Config.SignUp = config.SignUpByInvite
		w.OK(w.Invite(t.Context(), access.Console(), "Ann@example.com"))
		link := w.mailed("Ann@example.com", "invited")
		for range 3 {
			email, err := w.Invitation(t.Context(), link)
			if err != nil || email != "Ann@example.com" {
				t.Fatalf("shows %q, %v", email, err)
			}
		}
		form := account.SignUp{Name: "ann", Email: "eve@example.com", Password: good, Invitation: link}
		_, err := w.SignUp(t.Context(), visitor(7), form)
		accounttest.Fields(t, err, "email")
		form.Email = ""
		form.Password = "short"
		_, err = w.SignUp(t.Context(), visitor(7), form)
		accounttest.Fields(t, err, "password") // and the invitation still works
		form.Password = good
		s, err := w.SignUp(t.Context(), visitor(7), form)
		w.OK(err)
		if !s.User.EmailVerified || s.User.Email != "Ann@example.com" || s.User.Operator {
			t.Errorf("got %+v", s.User)
		}
		w.Quiet()
		form.Name = "bob"
		_, err = w.SignUp(t.Context(), visitor(7), form)
		w.Is(err, account.ErrLink)
		_, err = w.Invitation(t.Context(), link)
		w.Is(err, account.ErrLink)
		w.Logged("account.invited", 1)
	})
}

func TestInvitationExpiresAndIsUsedOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Config.Limits.SignUpRate = config.Rate{}
		w.OK(w.Invite(t.Context(), access.Console(), "ann@example.com"))
		link := w.mailed("ann@example.com", "invited")
		won, lost := accounttest.Race(func(i int) error {
			_, err := w.SignUp(t.Context(), visitor(byte(i)), account.SignUp{Name: fmt.Sprintf("ann%d", i), Password: good, Invitation: link})
			return err
		})
		if won != 1 {
			t.Errorf("used %d times; %v", won, lost)
		}
		w.OK(w.Invite(t.Context(), access.Console(), "bob@example.com"))
		link = w.mailed("bob@example.com", "invited")
		w.Pass(7 * 24 * time.Hour)
		_, err := w.Invitation(t.Context(), link)
		w.Is(err, account.ErrLink)
	})
}

func TestOnlyOperatorsInviteAndMakeAccounts(t *testing.T) {
	w := sqlite(t)
	ann := w.As(w.Somebody("ann").ID)
	for _, by := range []access.Actor{visitor(7), ann} {
		_, err := w.Create(t.Context(), by, account.NewAccount{Name: "bob", Email: "bob@example.com", Password: good})
		w.Is(err, access.ErrHidden)
		w.Is(w.Invite(t.Context(), by, "bob@example.com"), access.ErrHidden)
	}
	accounttest.Fields(t, w.Invite(t.Context(), access.Console(), "nobody"), "email")
	for range 5 {
		w.OK(w.Invite(t.Context(), access.Console(), "bob@example.com"))
	}
	accounttest.Fields(t, w.Invite(t.Context(), access.Console(), "bob@example.com"), "email")
}

func TestAccountMadeByTheConsoleIsVerifiedAndKeepsTheRules(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u, err := w.Create(t.Context(), access.Console(), account.NewAccount{
			Name: "root", Email: "root@example.com", Password: good, Operator: true,
		})
		w.OK(err)
		if !u.EmailVerified || !u.Operator {
			t.Errorf("got %+v", u)
		}
		for _, c := range []struct {
			in   account.NewAccount
			want string
		}{
			{account.NewAccount{Name: "root", Email: "other@example.com", Password: good}, "name"},
			{account.NewAccount{Name: "other", Email: "ROOT@example.com", Password: good}, "email"},
			{account.NewAccount{Name: "other", Email: "other@example.com", Password: "short"}, "password"},
			{account.NewAccount{Name: "Other", Email: "other@example.com", Password: good}, "name"},
		} {
			_, err := w.Create(t.Context(), access.Console(), c.in)
			accounttest.Fields(t, err, c.want)
		}
		w.Quiet()
		var via string
		w.OK(w.DB.Get(t.Context(), &via, `SELECT via FROM audit_log WHERE event = 'account.created'`))
		if via != "cli" {
			t.Errorf("recorded via %q", via)
		}
	})
}

func TestRefusedSignUpTakesNoName(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Somebody("ann")
		_, err := w.Create(t.Context(), access.Console(), account.NewAccount{Name: "bob", Email: "ann@example.com", Password: good})
		accounttest.Fields(t, err, "email")
		w.signUp("bob", "bob@example.com")
	})
}
