package account_test

import (
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
)

func TestLookingAtAVerifyLinkVerifiesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := w.signUp("ann", "ann@example.com")
		link := w.mailed("ann@example.com", "Verify")
		for range 3 {
			if _, err := w.VerifyLink(t.Context(), w.as(s.ID), link); err != nil {
				t.Fatal(err)
			}
		}
		if w.as(s.ID).EmailVerified {
			t.Error("verified by looking")
		}
		w.ok(w.VerifyEmail(t.Context(), w.as(s.ID), link))
		w.is(w.VerifyEmail(t.Context(), w.as(s.ID), link), account.ErrLink)
	})
}

func TestVerifyLinkNeedsItsOwnAccount(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		bob := w.person("bob")
		ann := w.signUp("ann", "ann@example.com")
		link := w.mailed("ann@example.com", "Verify")
		for _, c := range []struct {
			by   access.Actor
			want error
		}{{visitor(7), access.ErrUnauthenticated}, {w.as(bob.ID), account.ErrOtherAccount}} {
			_, err := w.VerifyLink(t.Context(), c.by, link)
			w.is(err, c.want)
			w.is(w.VerifyEmail(t.Context(), c.by, link), c.want)
		}
		w.ok(w.VerifyEmail(t.Context(), w.as(ann.ID), link))
	})
}

func TestVerifyLinkLivesADayAndTheNewestIsNotTheOnlyOne(t *testing.T) {
	w := sqlite(t)
	s := w.signUp("ann", "ann@example.com")
	first := w.mailed("ann@example.com", "Verify")
	w.ok(w.ResendVerification(t.Context(), w.as(s.ID)))
	second := w.mailed("ann@example.com", "Verify")
	w.pass(24 * time.Hour)
	s = w.signIn("ann")
	w.is(w.VerifyEmail(t.Context(), w.as(s.ID), first), account.ErrLink)
	w.is(w.VerifyEmail(t.Context(), w.as(s.ID), second), account.ErrLink)
	w.ok(w.ResendVerification(t.Context(), w.as(s.ID)))
	third := w.mailed("ann@example.com", "Verify")
	w.ok(w.ResendVerification(t.Context(), w.as(s.ID)))
	fourth := w.mailed("ann@example.com", "Verify")
	w.ok(w.VerifyEmail(t.Context(), w.as(s.ID), third)) // people follow the first mail they see
	w.is(w.VerifyEmail(t.Context(), w.as(s.ID), fourth), account.ErrLink)
	w.is(w.ResendVerification(t.Context(), w.as(s.ID)), account.ErrVerified)
	w.logged("account.verification_requested", 3)
}

func TestResendingIsBoundedWithoutSayingSo(t *testing.T) {
	w := sqlite(t)
	s := w.signUp("ann", "ann@example.com")
	for range 10 {
		w.ok(w.ResendVerification(t.Context(), w.as(s.ID)))
	}
	if n := len(w.mails()); n != 5 {
		t.Errorf("%d mails", n)
	}
	w.is(w.ResendVerification(t.Context(), visitor(7)), access.ErrUnauthenticated)
}

func TestAddressIsVerifiedByOneAccountHoweverManyTry(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.cfg.Limits.MailRate.N = 100
		w.cfg.Limits.SignUpRate.N = 100
		type try struct {
			by   access.Actor
			link string
		}
		var tries []try
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			s := w.signUp(name, "shared@example.com")
			tries = append(tries, try{w.as(s.ID), w.mailed("shared@example.com", "Verify")})
		}
		won, lost := race(func(i int) error {
			return w.VerifyEmail(t.Context(), tries[i%5].by, tries[i%5].link)
		})
		if won != 1 || w.count(`SELECT COUNT(*) FROM users WHERE email_verified_at IS NOT NULL`) != 1 {
			t.Errorf("verified %d times: %v", won, lost)
		}
	})
}
