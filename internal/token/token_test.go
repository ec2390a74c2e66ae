package token_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/account/accounttest"
	"latchkey/internal/errs"
	"latchkey/internal/secret"
	"latchkey/internal/token"
)

func TestTokenStandsForItsOwnerWithTheRequestsAddress(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		for kind, readOnly := range map[string]bool{token.Automation: false, token.Publish: false, token.ReadOnly: true} {
			c, err := w.Create(t.Context(), access.Console(), token.NewToken{Owner: "ann", Name: "ci", Kind: kind})
			w.OK(err)
			if !secret.IsToken(c.Secret) {
				t.Errorf("%s is no token", c.Secret)
			}
			want := access.Actor{
				UserID: ann.UserID, Name: "ann", Via: access.ViaToken, EmailVerified: true,
				Grant: &access.Grant{TokenID: c.ID, ReadOnly: readOnly, Unattended: kind == token.Automation}, IP: terminal(9).IP, Agent: terminal(9).Agent,
			}
			if a, err := w.Authenticate(t.Context(), terminal(9), c.Secret); err != nil || !reflect.DeepEqual(a, want) {
				t.Errorf("%s: got %+v, %v\nwant %+v", kind, a, err, want)
			}
		}
	})
}

func TestWhatIsNoTokenIsOneAnswer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		revoked := w.create(token.Publish)
		w.OK(w.Revoke(t.Context(), w.works(revoked), revoked))
		expired, err := w.SignIn(t.Context(), terminal(1), "ann", good, "")
		w.OK(err)
		w.Pass(12 * time.Hour)
		right := w.create(token.Publish)
		for _, text := range []string{
			"", "x", "\x00", "npm_" + strings.Repeat("a", 36), secret.NewToken(), right[:39], right + "x", strings.ToUpper(right),
			" " + right, revoked, expired, strings.Repeat("x", 1<<16),
		} {
			a, err := w.Authenticate(t.Context(), terminal(1), text)
			if !errors.Is(err, token.ErrToken) || errs.Of(err).Msg != token.ErrToken.Msg || !reflect.DeepEqual(a, terminal(1)) {
				t.Errorf("%.50q: %+v, %v", text, a, err)
			}
		}
	})
}

func TestRevokedTokenFailsOnTheNextRequest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		text := w.create(token.Automation)
		for range 3 {
			w.works(text)
		}
		by := w.works(text)
		w.OK(w.Revoke(t.Context(), by, text))
		w.refused(text)
		w.OK(w.Revoke(t.Context(), by, text))
		w.Logged("token.revoked", 1)
	})
}

func TestRevocationByAnotherProcessIsSeen(t *testing.T) {
	dbtest.EachPlace(t, func(t *testing.T, p dbtest.Place) {
		w := newWorld(t, p.Open(t))
		w.person("ann")
		text := w.create(token.Automation)
		w.works(text)
		other := p.Open(t)
		w2 := newWorld(t, other)
		w.OK(w2.Revoke(t.Context(), w2.works(text), text))
		for end := time.Now().Add(2 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			if _, err := w.Authenticate(t.Context(), terminal(1), text); err != nil {
				break
			}
			if time.Now().After(end) {
				t.Fatal("still works after two seconds")
			}
		}
	})
}

func TestChangesOfTheOwnerAreSeenAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		text := w.create(token.Publish)
		if w.works(text).Operator {
			t.Fatal("an operator already")
		}
		if _, err := w.DB.Exec(t.Context(), `UPDATE users SET operator = TRUE, email_verified_at = NULL`); err != nil {
			t.Fatal(err)
		}
		if a := w.works(text); !a.Operator || a.EmailVerified {
			t.Errorf("got %+v", a)
		}
	})
}

func TestTokenExpiresWithoutAnyWrite(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		text, err := w.SignIn(t.Context(), terminal(1), "ann", good, "")
		w.OK(err)
		w.Pass(12*time.Hour - time.Second)
		w.works(text)
		w.Pass(time.Second)
		w.refused(text)
	})
}

func TestOnlyHashesAreStored(t *testing.T) {
	w := sqlite(t)
	w.person("ann")
	text := w.create(token.Publish)
	var row string
	w.OK(w.DB.Get(t.Context(), &row, `SELECT id || user_id || name || kind || secret_hash || hint FROM tokens`))
	if strings.Contains(row, text[10:36]) || !strings.Contains(row, secret.Hint(text)) {
		t.Errorf("stored %s", row)
	}
}

func TestNewTokenIsMailedAndLoggedWithoutItsSecret(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		w.Mails()
		text := w.create(token.Automation)
		if body := w.mailed("access token"); strings.Contains(body, text) || !strings.Contains(body, secret.Hint(text)) {
			t.Errorf("mail: %s", body)
		}
		w.Logged("token.created", 1)
		if n := w.Rows(`SELECT COUNT(*) FROM audit_log WHERE detail LIKE ?`, "%"+text[12:36]+"%"); n != 0 {
			t.Error("the log holds the secret")
		}
	})
}

func TestTokenIsMadeByItsOwnerWithFreshProofOrAtTheConsole(t *testing.T) {
	w := sqlite(t)
	ann, bob := w.person("ann"), w.person("bob")
	in := token.NewToken{Name: "ci", Kind: token.Publish}
	c, err := w.Create(t.Context(), ann, in)
	w.OK(err)
	w.works(c.Secret)
	byToken := w.works(c.Secret)
	of := func(owner string) token.NewToken {
		return token.NewToken{Owner: owner, Name: "ci", Kind: token.Publish}
	}
	for _, tt := range []struct {
		by   access.Actor
		in   token.NewToken
		want error
	}{
		{bob, of("ann"), account.ErrNotFound},
		{bob, of("nobody"), account.ErrNotFound},
		{visitor(), in, account.ErrNotFound},
		{visitor(), of("ann"), account.ErrNotFound},
		{access.Console(), of("nobody"), account.ErrNotFound},
		{byToken, in, access.ErrTokenTooWeak},
	} {
		_, err := w.Create(t.Context(), tt.by, tt.in)
		w.Is(err, tt.want)
	}
	w.Pass(access.SudoFor)
	_, err = w.Create(t.Context(), w.As(ann.SessionID), in)
	w.Is(err, access.ErrSudo)
	if n := w.Rows(`SELECT COUNT(*) FROM tokens`); n != 1 {
		t.Errorf("%d tokens", n)
	}
}

func TestTokenNeedsANameAndAKind(t *testing.T) {
	w := sqlite(t)
	ann := w.person("ann")
	for _, c := range []struct{ name, kind, field string }{
		{"", token.Publish, "name"},
		{"  ", token.Publish, "name"},
		{"a\nb", token.Publish, "name"},
		{"a\x00b", token.Publish, "name"},
		{"\xff", token.Publish, "name"},
		{strings.Repeat("n", 101), token.Publish, "name"},
		{"ci", "", "kind"},
		{"ci", "session", "kind"},
		{"ci", "root", "kind"},
	} {
		_, err := w.Create(t.Context(), ann, token.NewToken{Name: c.name, Kind: c.kind})
		accounttest.Fields(t, err, c.field)
	}
	_, err := w.Create(t.Context(), ann, token.NewToken{Name: strings.Repeat("ü", 100), Kind: token.ReadOnly})
	w.OK(err)
}

func TestOthersTokenIsNotRevokedAndNothingIsTold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		bob := w.person("bob")
		text := w.create(token.Publish)
		for _, other := range []string{text, secret.NewToken(), "nonsense", ""} {
			w.OK(w.Revoke(t.Context(), bob, other))
		}
		w.works(text)
		w.Is(w.Revoke(t.Context(), terminal(1), text), access.ErrUnauthenticated)
		readOnly := w.create(token.ReadOnly)
		w.OK(w.Revoke(t.Context(), w.works(readOnly), readOnly)) // npm logout works with any token
		w.refused(readOnly)
	})
}

func TestErrorsSayWhatToDoWithoutSayingWhy(t *testing.T) {
	for _, e := range []*errs.Error{token.ErrToken, token.ErrLogin} {
		for _, word := range []string{"revoked", "expired", "unknown", "denied"} {
			if strings.Contains(fmt.Sprint(e), word) {
				t.Errorf("%v says %s", e, word)
			}
		}
	}
}
