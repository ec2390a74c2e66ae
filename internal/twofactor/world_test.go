package twofactor_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/pquerna/otp/totp"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/config"
	"latchkey/internal/jobs"
	"latchkey/internal/limit"
	"latchkey/internal/mail"
	"latchkey/internal/outbox"
	"latchkey/internal/secret"
	"latchkey/internal/token"
	"latchkey/internal/twofactor"
)

// world is second factors on a database, with a clock that is moved by hand and mail that is caught.
type world struct {
	*twofactor.Service
	t        *testing.T
	db       *db.DB
	cfg      *config.Config
	accounts *account.Service
	tokens   *token.Service
	jobs     *jobs.Service

	mu  sync.Mutex
	at  time.Time
	got []mail.Message
}

const good = "a password that is long enough"

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// Send implements mail.Sender.
func (w *world) Send(_ context.Context, m mail.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got = append(w.got, m)
	return nil
}

// mailed returns the bodies of what was sent since the last call.
func (w *world) mailed() string {
	w.t.Helper()
	for w.jobs.Step(w.t.Context()) {
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var all strings.Builder
	for _, m := range w.got {
		all.WriteString(m.To + ": " + m.Subject + "\n" + m.Body + "\n")
	}
	w.got = nil
	return all.String()
}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	box, err := secret.NewBox(base64.StdEncoding.EncodeToString(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: d, at: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	if w.cfg, err = config.Default(); err != nil {
		t.Fatal(err)
	}
	w.cfg.URL, w.cfg.Name = "https://registry.example.com/", "Example Registry"
	out := outbox.New(w.now, box, w, w.cfg)
	w.jobs = jobs.New(d, w.now)
	w.jobs.Handle(outbox.Kind, out.Deliver)
	limits := limit.New(d, w.now)
	if w.Service, err = twofactor.New(d, w.now, box, limits, w.cfg); err != nil {
		t.Fatal(err)
	}
	w.accounts = account.New(d, w.now, secret.NewPasswords(secret.Cost{MemoryKiB: 8, Passes: 1}), limits, out, w.Service, w.cfg)
	w.tokens = token.New(d, w.now, w.accounts, limits, w.cfg)
	return w
}

// each runs a test on both databases.
func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { f(t, newWorld(t, d)) })
}

func sqlite(t *testing.T) *world {
	t.Helper()
	return newWorld(t, dbtest.SQLite(t).Open(t))
}

// visitor is somebody at 203.0.113.x.
func visitor(x byte) access.Actor {
	return access.Anonymous(netip.AddrFrom4([4]byte{203, 0, 113, x}), "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
}

// person makes an account with a verified address and signs it in.
func (w *world) person(name string) access.Actor {
	w.t.Helper()
	_, err := w.accounts.Create(w.t.Context(), access.Console(), account.NewAccount{Name: name, Email: name + "@example.com", Password: good})
	w.ok(err)
	return w.browser(name)
}

// browser signs somebody in, in a browser of their own.
func (w *world) browser(name string) access.Actor {
	w.t.Helper()
	s, err := w.accounts.SignIn(w.t.Context(), visitor(7), name, good)
	w.ok(err)
	by, err := w.accounts.ActorFor(w.t.Context(), visitor(7), s.ID)
	w.ok(err)
	return by
}

// fresh is the actor after they confirmed again that it is them.
func (w *world) fresh(by access.Actor) access.Actor {
	by.SudoUntil = w.now().Add(access.SudoFor)
	return by
}

// terminal is a token of somebody's, as a request brings it.
func (w *world) terminal(owner access.Actor, kind string) access.Actor {
	w.t.Helper()
	c, err := w.tokens.Create(w.t.Context(), access.Console(), token.NewToken{Owner: owner.Name, Name: "laptop", Kind: kind})
	w.ok(err)
	by, err := w.tokens.Authenticate(w.t.Context(), access.Anonymous(netip.MustParseAddr("198.51.100.9"), "npm/11.6.2 node/v24.11.0 linux x64"), c.Secret)
	w.ok(err)
	w.setFactor(&by)
	return by
}

// setFactor is what the token's facts say of its owner's second factor.
func (w *world) setFactor(by *access.Actor) {
	w.t.Helper()
	st, err := w.State(w.t.Context(), *by)
	w.ok(err)
	by.Factor = st.Mode
}

// code is what the app with a secret shows, so many steps from now.
func (w *world) code(secret string, steps int) string {
	w.t.Helper()
	c, err := totp.GenerateCode(secret, w.now().Add(time.Duration(steps)*30*time.Second))
	w.ok(err)
	return c
}

// save ends a set-up by typing one of the codes back, and returns them.
func (w *world) save(by access.Actor) []string {
	w.t.Helper()
	d, err := w.NewCodesOf(w.t.Context(), by)
	w.ok(err)
	w.ok(w.saveWith(by, d.Codes[4]))
	return d.Codes
}

func (w *world) saveWith(by access.Actor, typed string) error {
	return w.db.InTx(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, _, err := w.Save(ctx, tx, by, typed)
		return err
	})
}

// withApp turns two-factor authentication on with an app and returns its secret and the recovery codes. Its
// first code is used up.
func (w *world) withApp(by access.Actor) (secret string, codes []string) {
	w.t.Helper()
	w.ok(w.BeginApp(w.t.Context(), by, access.AuthAndWrites))
	d, err := w.AppDraft(w.t.Context(), by)
	w.ok(err)
	needs, err := w.ConfirmApp(w.t.Context(), by, d.ID, w.code(d.Secret, 0))
	w.ok(err)
	if needs {
		codes = w.save(by)
	}
	w.pass(time.Minute)
	return d.Secret, codes
}

// key is a security key of somebody's.
type key struct {
	auth virtualwebauthn.Authenticator
	cred virtualwebauthn.Credential
	rp   virtualwebauthn.RelyingParty
}

// newKey makes a key. The library leaves a leading zero out of a coordinate, which no real key does.
func (w *world) newKey() *key {
	cred := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	for len(cred.Key.AttestationData()) != 77 {
		cred = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return &key{
		auth: virtualwebauthn.NewAuthenticator(), cred: cred,
		rp: virtualwebauthn.RelyingParty{ID: "registry.example.com", Name: "Example Registry", Origin: "https://registry.example.com"},
	}
}

// create is what a browser answers when a key is made.
func (w *world) create(by access.Actor, k *key) string {
	w.t.Helper()
	options, err := w.BeginKey(w.t.Context(), by)
	w.ok(err)
	parsed, err := virtualwebauthn.ParseAttestationOptions(string(options))
	w.ok(err)
	var o struct {
		PublicKey struct {
			User struct {
				ID string `json:"id"`
			} `json:"user"`
		} `json:"publicKey"`
	}
	w.ok(json.Unmarshal(options, &o))
	k.auth.Options.UserHandle, err = base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID)
	w.ok(err)
	answer := virtualwebauthn.CreateAttestationResponse(k.rp, k.auth, k.cred, *parsed)
	return strings.Replace(answer, `"type":"public-key"`, `"type":"public-key","clientExtensionResults":{"credProps":{"rk":true}}`, 1)
}

// withKey adds a key, turning two-factor authentication on when it was off.
func (w *world) withKey(by access.Actor, name string) *key {
	w.t.Helper()
	k := w.newKey()
	needs, err := w.FinishKey(w.t.Context(), by, name, w.create(by, k))
	w.ok(err)
	if needs {
		w.save(by)
	}
	return k
}

// use is what a browser answers when a key is used at a place. The counter grows.
func (w *world) use(k *key, at twofactor.Place) string {
	w.t.Helper()
	options, err := w.Begin(w.t.Context(), visitor(7), at)
	w.ok(err)
	return w.sign(k, options)
}

func (w *world) sign(k *key, options []byte) string {
	w.t.Helper()
	parsed, err := virtualwebauthn.ParseAssertionOptions(string(options))
	w.ok(err)
	k.cred.Counter++
	return virtualwebauthn.CreateAssertionResponse(k.rp, k.auth, k.cred, *parsed)
}

// prove verifies an answer and uses it up.
func (w *world) prove(at twofactor.Place, a twofactor.Answer) error {
	p, err := w.Verify(w.t.Context(), visitor(7), at, a)
	if err != nil {
		return err
	}
	return w.db.InTx(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return w.Consume(ctx, tx, visitor(7), p, "signing in")
	})
}

func signIn(by access.Actor) twofactor.Place {
	return twofactor.Place{UserID: by.UserID, Purpose: twofactor.ToSignIn, Bind: "browser"}
}

func (w *world) count(query string, args ...any) int {
	w.t.Helper()
	var n int
	w.ok(w.db.Get(w.t.Context(), &n, query, args...))
	return n
}

// logged expects a number of entries of an event in the security log.
func (w *world) logged(event string, n int) {
	w.t.Helper()
	if got := w.count(`SELECT COUNT(*) FROM audit_log WHERE event = ?`, event); got != n {
		w.t.Errorf("%d entries of %s, want %d", got, event, n)
	}
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) is(err, want error) {
	w.t.Helper()
	if !errors.Is(err, want) {
		w.t.Fatalf("got %v, want %v", err, want)
	}
}

// race runs f fifty times at once and returns how often it returned nil.
func race(f func(i int) error) (won int) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for i := range 50 {
		wg.Go(func() {
			<-gate
			if f(i) == nil {
				mu.Lock()
				won++
				mu.Unlock()
			}
		})
	}
	close(gate)
	wg.Wait()
	return won
}
