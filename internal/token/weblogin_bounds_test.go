package token_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/token"
)

func TestWaitingTerminalsAreBoundedPerNetworkWithoutA4xx(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		at := func(ip string) access.Actor { return access.Anonymous(netip.MustParseAddr(ip), "npm/11.6.2") }
		var ls []token.WebLogin
		for i := range 5 {
			l, err := w.StartWebLogin(t.Context(), at(fmt.Sprintf("2001:db8::%d", i)))
			w.OK(err)
			ls = append(ls, l)
			w.Pass(time.Second)
		}
		_, err := w.StartWebLogin(t.Context(), at("2001:db8::ffff"))
		w.Is(err, token.ErrBusy)
		if e := errs.Of(err); e.Kind != errs.Unavailable || e.RetryAfter != 295*time.Second {
			t.Errorf("%v after %v", e.Kind, e.RetryAfter)
		}
		_, err = w.StartWebLogin(t.Context(), at("2001:db8:0:1::1"))
		w.OK(err)
		w.approve(ann, ls[0].ID) // finishing one makes room
		_, err = w.StartWebLogin(t.Context(), at("2001:db8::ffff"))
		w.OK(err)
		w.Pass(5 * time.Minute)
		_, err = w.StartWebLogin(t.Context(), at("2001:db8::ffff"))
		w.OK(err)
	})
}

func TestStartedLoginsAreCountedPerNetwork(t *testing.T) {
	w := sqlite(t)
	w.Config.Limits.LoginRate, w.Config.Limits.LoginTerminalsOpen = config.Rate{N: 3, Per: time.Hour}, 100
	w.Service = token.New(w.DB, w.Now, w.Accounts, w.Limits, w.Config)
	for range 3 {
		w.start()
	}
	_, err := w.StartWebLogin(t.Context(), terminal(1))
	if e := errs.Of(err); e.Kind != errs.Unavailable || e.RetryAfter != 20*time.Minute {
		t.Errorf("%v after %v", err, e.RetryAfter)
	}
	_, err = w.StartWebLogin(t.Context(), terminal(2))
	w.OK(err)
	w.Pass(20 * time.Minute)
	w.start()
}

func TestPollSecretIsStoredAsAHashOnly(t *testing.T) {
	w := sqlite(t)
	l := w.start()
	var row string
	w.OK(w.DB.Get(t.Context(), &row, `SELECT id || poll_hash || ip || network || agent || state FROM web_logins`))
	if strings.Contains(row, l.Poll) || strings.Contains(row, l.Poll[:26]) {
		t.Errorf("stored %s", row)
	}
}

func TestAgentOfATerminalIsShownAsClaimedButSafe(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		hostile := "<script>alert(1)</script>\r\n\x00\xff\u202e" + strings.Repeat("x", 10_000)
		l, err := w.StartWebLogin(t.Context(), access.Anonymous(netip.Addr{}, hostile))
		w.OK(err)
		p := w.open(ann, l.ID)
		if len(p.Agent) > 256 || strings.ContainsAny(p.Agent, "\r\n\x00\u202e") || p.Terminal != "an unknown program" || p.IP != "" || p.SameNetwork {
			t.Errorf("page %+v", p)
		}
		w.approve(ann, l.ID)
		w.works(w.poll(l))
	})
}

func TestUnverifiedPersonsTerminalIsSignedInQuietly(t *testing.T) {
	w := sqlite(t)
	s, err := w.Accounts.SignUp(t.Context(), visitor(), account.SignUp{Name: "ann", Email: "ann@example.com", Password: good})
	w.OK(err)
	w.Mails()
	l := w.start()
	ann := w.As(s.ID)
	w.approve(ann, l.ID)
	a := w.works(w.poll(l))
	if a.EmailVerified {
		t.Error("verified")
	}
	w.Quiet()
	if !reflect.DeepEqual(w.As(s.ID), ann) {
		t.Error("the session changed")
	}
}
