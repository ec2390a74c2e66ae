package secret

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/errs"
)

var cheap = Cost{MemoryKiB: 8, Passes: 1}

func verify(t *testing.T, p *Passwords, password, hash string) (ok, stale bool) {
	t.Helper()
	ok, stale, err := p.Verify(t.Context(), password, hash)
	if err != nil {
		t.Fatal(err)
	}
	return ok, stale
}

func TestPasswordIsVerifiedExactlyAfterNormalisation(t *testing.T) {
	p := NewPasswords(cheap)
	composed, decomposed := "caf\u00e9 au lait, s'il vous pla\u00eet", "cafe\u0301 au lait, s'il vous plai\u0302t"
	hash, err := p.Hash(t.Context(), composed)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		password string
		want     bool
	}{
		{composed, true},
		{decomposed, true},
		{composed + " ", false},
		{" " + composed, false},
		{strings.ToUpper(composed), false},
		{composed + "\x00", false},
		{composed[:len(composed)-1], false},
		{"", false},
	} {
		if ok, _ := verify(t, p, c.password, hash); ok != c.want {
			t.Errorf("Verify(%q) = %v", c.password, ok)
		}
	}
}

func TestHashIsSaltedArgon2idAtTheRecommendedCost(t *testing.T) {
	p := NewPasswords(Recommended)
	a, err := p.Hash(t.Context(), "the same password twice")
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Hash(t.Context(), "the same password twice")
	if err != nil {
		t.Fatal(err)
	}
	if a == b || !strings.HasPrefix(a, "$argon2id$v=19$m=65536,t=2,p=1$") {
		t.Errorf("hashes are %s and %s", a, b)
	}
}

func TestHashOfAnotherCostIsStale(t *testing.T) {
	old, now := NewPasswords(cheap), NewPasswords(Cost{MemoryKiB: 16, Passes: 1})
	hash, err := old.Hash(t.Context(), "an old password of mine")
	if err != nil {
		t.Fatal(err)
	}
	if ok, stale := verify(t, now, "an old password of mine", hash); !ok || !stale {
		t.Errorf("ok %v, stale %v; want both", ok, stale)
	}
	if _, stale := verify(t, old, "an old password of mine", hash); stale {
		t.Error("a hash of the current cost is stale")
	}
}

func TestUnknownAccountNeverMatchesAndCostsTheSame(t *testing.T) {
	p := NewPasswords(Cost{MemoryKiB: 19 << 10, Passes: 2})
	hash, err := p.Hash(t.Context(), "the password of somebody")
	if err != nil {
		t.Fatal(err)
	}
	if ok, _ := verify(t, p, "", ""); ok {
		t.Fatal("the empty hash matched")
	}
	known, unknown := time.Hour, time.Hour
	for range 5 { // the quickest of five, so that collecting garbage does not decide
		known = min(known, cpu(t, func() { verify(t, p, "not the password of somebody", hash) }))
		unknown = min(unknown, cpu(t, func() { verify(t, p, "not the password of somebody", "") }))
	}
	if ratio := float64(unknown) / float64(known); ratio < 0.5 || ratio > 2 {
		t.Errorf("unknown takes %v, known %v", unknown, known)
	}
}

// cpu returns how much processor time f takes, which a busy machine changes little.
func cpu(t *testing.T, f func()) time.Duration {
	t.Helper()
	used := func() time.Duration {
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			t.Fatal(err)
		}
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	before := used()
	f()
	return used() - before
}

func TestTooLongPasswordIsNotHashed(t *testing.T) {
	p := NewPasswords(Cost{MemoryKiB: 1 << 20, Passes: 50}) // would take a minute
	for _, password := range []string{strings.Repeat("a", 1025), strings.Repeat("é", 257)} {
		if ok, _ := verify(t, p, password, "irrelevant"); ok {
			t.Error("matched")
		}
	}
}

func TestDamagedHashIsAnErrorNotAMatch(t *testing.T) {
	p := NewPasswords(cheap)
	for _, hash := range []string{
		"x", "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$", "$argon2id$v=19$m=8,t=0,p=1$c2FsdA$c2FsdA",
		"$argon2id$v=19$m=8,t=1,p=0$c2FsdA$c2FsdA", "$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdA$c2FsdA",
		"$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$c2FsdHNhbHQ",
	} {
		if ok, _, err := p.Verify(t.Context(), "whatever it may be", hash); ok || err == nil {
			t.Errorf("%q: matched %v, error %v", hash, ok, err)
		}
	}
}

func TestFloodOfSignInsIsTurnedAwayNotQueuedForEver(t *testing.T) {
	p := NewPasswords(cheap)
	release, running := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	hold := func() {
		wg.Go(func() {
			_ = p.inTurn(context.Background(), func() error { running <- struct{}{}; <-release; return nil })
		})
	}
	for range runtime.NumCPU() {
		hold()
		<-running
	}
	answers := make(chan error, queue)
	for range queue {
		wg.Go(func() { answers <- p.inTurn(context.Background(), func() error { return nil }) })
	}
	for p.waiting.Load() < queue {
		time.Sleep(time.Millisecond)
	}
	_, err := p.Hash(t.Context(), "one too many for today")
	if !errors.Is(err, ErrBusy) || errs.Of(err).RetryAfter == 0 {
		t.Errorf("over the queue: %v", err)
	}
	close(release)
	wg.Wait()
	for range queue {
		if err := <-answers; err != nil {
			t.Errorf("one in the queue was refused: %v", err)
		}
	}
	if _, err := p.Hash(t.Context(), "room for one again now"); err != nil {
		t.Errorf("after the flood: %v", err)
	}
}

func TestWaitingEndsWithTheRequest(t *testing.T) {
	p := NewPasswords(cheap)
	for range runtime.NumCPU() {
		p.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Hash(ctx, "somebody who went away"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := p.waiting.Load(); n != 0 {
		t.Errorf("%d still counted as waiting", n)
	}
}

func TestNewPasswordMustBeLongUncommonAndNotOnesName(t *testing.T) {
	words := []string{"marguerite-yourcenar", "m.yourcenar.writes", "Example Industries"}
	for _, c := range []struct{ password, why string }{
		{"correct horse battery staple", ""},
		{"  spaces  are characters ", ""},
		{"üñîçødé ist auch gut", ""},
		{"🔑🔑🏠🏠🐈🐈🚲🚲🌧🌧🎹🎹🧭🧭🪁", ""},
		{"lower case and nothing else", ""},
		{strings.Repeat("no limit below this ", 12), ""},
		{"", "Choose a password"},
		{"fourteen chars", "at least 15"},
		{"🔑🏠🐈🚲🌧🎹🧭🪁", "at least 15"},
		{strings.Repeat("x1", 129), "at most 256"},
		{strings.Repeat("🔑", 257), "at most 256"},
		{strings.Repeat("é", 600), "at most 256"},
		{"aaaaaaaaaaaaaaa", "tried first"},
		{"xyxyxyxyxyxyxyxyx", "tried first"},
		{"passwordpassword", "tried first"},
		{"P4ssw0rdP4ssw0rd", "tried first"},
		{"PASSWORDpassword", "tried first"},
		{"iloveyouiloveyouil", "tried first"},
		{"abcdefghijklmnop", "tried first"},
		{"987654321098765", "tried first"},
		{"1234567890123456", "tried first"},
		{strings.Repeat("dragon", 40), "tried first"},
		{"marguerite-yourcenar", "your name"},
		{"M4rgu3r1te-Y0urc3nar", "your name"},
		{"m.yourcenar.writes", "your name"},
		{"example industries", "your name"},
		{"example industriesexample industries", "your name"},
		{"marguerite-yourcenar wrote this", ""},
	} {
		err := CheckNew(c.password, 15, words...)
		switch {
		case c.why == "" && err != nil:
			t.Errorf("CheckNew(%q): %v", c.password, err)
		case c.why != "" && (errs.AsInvalid(err) == nil || !strings.Contains(errs.Of(err).Fields["password"], c.why)):
			t.Errorf("CheckNew(%q): %v, want %q", c.password, err, c.why)
		}
	}
}

func TestShortMinimumStillRefusesTheList(t *testing.T) {
	for _, p := range []string{"password", "12345678", "trustno1", "iloveyou", "P@ssw0rd"} {
		if CheckNew(p, 8) == nil {
			t.Errorf("%q was accepted", p)
		}
	}
	if err := CheckNew("Latchkey", 8, "Latchkey"); errs.AsInvalid(err) == nil {
		t.Errorf("the name of the installation: %v", err)
	}
	if err := CheckNew("quite-9x", 8, "", "ann"); err != nil {
		t.Errorf("an empty word matched: %v", err)
	}
}

func TestCheckingAPasswordIsQuickWhateverItsLength(t *testing.T) {
	start := time.Now()
	for range 20 {
		_ = CheckNew(strings.Repeat("aA1!", 256), 15, "name")
		_ = CheckNew(strings.Repeat("ab1", 85), 15, "name")
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("took %v", took)
	}
}

func TestUnitIsTheShortestRepeatedBeginning(t *testing.T) {
	for text, want := range map[string]string{
		"abcabcab": "abc", "aaaa": "a", "abcd": "abcd", "abab": "ab", "": "", "a": "a", "abca": "abc",
	} {
		if got := unit(text); got != want {
			t.Errorf("unit(%q) = %q, want %q", text, got, want)
		}
	}
}
