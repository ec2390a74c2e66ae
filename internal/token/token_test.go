package token_test

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/account/accounttest"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
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
				Grant: &access.Grant{TokenID: c.ID, ReadOnly: readOnly}, IP: terminal(9).IP, Agent: terminal(9).Agent,
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
		expired, err := w.SignIn(t.Context(), terminal(1), "ann", good)
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
		text, err := w.SignIn(t.Context(), terminal(1), "ann", good)
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

func TestAccountHoldsAThousandTokensAtMost(t *testing.T) {
	w := sqlite(t)
	ann := w.person("ann")
	if _, err := w.DB.Exec(t.Context(), `INSERT INTO tokens (id, user_id, name, kind, secret_hash, hint, created_at)
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
		SELECT 'id' || i, ?, 'x', 'publish', 'hash' || i, '', ? FROM n`, ann.UserID, w.Now()); err != nil {
		t.Fatal(err)
	}
	text := w.create(token.Publish)
	_, err := w.Create(t.Context(), ann, token.NewToken{Name: "ci", Kind: token.Publish})
	w.Is(err, token.ErrTooMany)
	w.OK(w.Revoke(t.Context(), ann, text))
	w.create(token.Publish)
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

func TestTerminalSignsInWithNameAndPassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		w.Mails()
		text, err := w.SignIn(t.Context(), terminal(1), "ann", good)
		w.OK(err)
		if a := w.works(text); a.Grant.ReadOnly {
			t.Error("read-only")
		}
		body := w.mailed("with your password")
		for _, want := range []string{"npm 11.6.2 on Linux", "198.51.100.1", "2030-01-02 15:04 UTC", secret.Hint(text)} {
			if !strings.Contains(body, want) {
				t.Errorf("the mail lacks %q: %s", want, body)
			}
		}
		var name string
		w.OK(w.DB.Get(t.Context(), &name, `SELECT name FROM tokens`))
		if name != "npm login on npm 11.6.2 on Linux" {
			t.Errorf("named %q", name)
		}
		_, wrong := w.SignIn(t.Context(), terminal(1), "ann", "a wrong password")
		_, unknown := w.SignIn(t.Context(), terminal(1), "nobody", good)
		w.Is(wrong, account.ErrSignIn)
		if !reflect.DeepEqual(wrong, unknown) || w.Rows(`SELECT COUNT(*) FROM users`) != 1 {
			t.Errorf("answers %v and %v", wrong, unknown)
		}
		for range 8 { // two were wrong before
			_, _ = w.SignIn(t.Context(), terminal(1), "ann", "a wrong password")
		}
		_, err = w.SignIn(t.Context(), terminal(1), "ann", good)
		w.Is(err, limit.ErrTooMany)
	})
}

func TestUseIsWrittenDownByFlushInOneCommit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		used, unused := w.create(token.Publish), w.create(token.Publish)
		w.works(used)
		w.Pass(time.Second)
		last := w.Now()
		w.works(used)
		if n := w.Rows(`SELECT COUNT(*) FROM tokens WHERE last_used_at IS NOT NULL`); n != 0 {
			t.Error("written on use")
		}
		w.OK(w.Flush(t.Context()))
		var got struct {
			LastUsedAt time.Time
			LastUsedIP string
		}
		w.OK(w.DB.Get(t.Context(), &got, `SELECT last_used_at, last_used_ip FROM tokens WHERE secret_hash = ?`, secret.Hash(used)))
		if !got.LastUsedAt.Equal(last) || got.LastUsedIP != "198.51.100.1" {
			t.Errorf("got %+v", got)
		}
		if n := w.Rows(`SELECT COUNT(*) FROM tokens WHERE last_used_at IS NULL AND secret_hash = ?`, secret.Hash(unused)); n != 1 {
			t.Error("an unused token was used")
		}
	})
}

func TestFlushWithoutUseWritesNothing(t *testing.T) {
	w := sqlite(t)
	time.Sleep(50 * time.Millisecond) // the watcher has seen the file
	before := w.DB.Generation()
	w.OK(w.Flush(t.Context()))
	if w.DB.Generation() != before {
		t.Error("written")
	}
}

func TestUseThatCouldNotBeWrittenIsKept(t *testing.T) {
	dbtest.EachPlace(t, func(t *testing.T, p dbtest.Place) {
		d, err := db.Open(t.Context(), p.Address, p.Folder)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, d)
		w.person("ann")
		w.works(w.create(token.Publish))
		if _, err := d.Exec(t.Context(), `ALTER TABLE tokens RENAME TO elsewhere`); err != nil {
			t.Fatal(err)
		}
		if w.Flush(t.Context()) == nil {
			t.Fatal("wrote to a missing table")
		}
		if _, err := d.Exec(t.Context(), `ALTER TABLE elsewhere RENAME TO tokens`); err != nil {
			t.Fatal(err)
		}
		w.OK(w.Flush(t.Context()))
		if n := w.Rows(`SELECT COUNT(*) FROM tokens WHERE last_used_at IS NOT NULL`); n != 1 {
			t.Error("forgotten")
		}
		w.OK(d.Close())
	})
}

func TestTokensAreUsedAndFlushedInParallel(t *testing.T) {
	w := sqlite(t)
	w.person("ann")
	texts := make([]string, 5)
	for i := range texts {
		texts[i] = w.create(token.Publish)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				if _, err := w.Authenticate(t.Context(), terminal(byte(i)), texts[(i+j)%5]); err != nil {
					t.Error(err)
				}
				if j%50 == 0 {
					if err := w.Flush(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	w.OK(w.Flush(t.Context()))
	if n := w.Rows(`SELECT COUNT(*) FROM tokens WHERE last_used_at IS NOT NULL`); n != 5 {
		t.Errorf("%d tokens used", n)
	}
}

func BenchmarkAuthenticateCached(b *testing.B) {
	p := dbtest.SQLite(b)
	d := p.Open(b)
	cfg := &config.Config{Limits: config.Limits{PasswordLength: 15, SessionLife: time.Hour, SessionIdle: time.Hour}}
	accounts := account.New(d, time.Now, nil, limit.New(d, time.Now), nil, cfg)
	s := token.New(d, time.Now, accounts, cfg)
	if _, err := d.Exec(b.Context(), `INSERT INTO names (name, kind, created_at) VALUES ('ann', 'user', ?)`, time.Now()); err != nil {
		b.Fatal(err)
	}
	if _, err := d.Exec(b.Context(), `INSERT INTO users (id, name, email, email_key, password_hash, password_changed_at, created_at, updated_at)
		VALUES ('u', 'ann', 'a', 'a', '', ?, ?, ?)`, time.Now(), time.Now(), time.Now()); err != nil {
		b.Fatal(err)
	}
	text := secret.NewToken()
	if _, err := d.Exec(b.Context(), `INSERT INTO tokens (id, user_id, name, kind, secret_hash, hint, created_at)
		VALUES ('t', 'u', 'n', 'publish', ?, '', ?)`, secret.Hash(text), time.Now()); err != nil {
		b.Fatal(err)
	}
	by := access.Anonymous(netip.MustParseAddr("203.0.113.7"), "npm")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Authenticate(b.Context(), by, text); err != nil {
			b.Fatal(err)
		}
	}
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
