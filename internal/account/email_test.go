package account_test

import (
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/account/accounttest"
)

func TestLookingAtAVerifyLinkVerifiesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := w.signUp("ann", "ann@example.com")
		link := w.mailed("ann@example.com", "Verify")
		for range 3 {
			if _, err := w.VerifyLink(t.Context(), w.As(s.ID), link); err != nil {
				t.Fatal(err)
			}
		}
		if w.As(s.ID).EmailVerified {
			t.Error("verified by looking")
		}
		w.OK(w.VerifyEmail(t.Context(), w.As(s.ID), link))
		w.Is(w.VerifyEmail(t.Context(), w.As(s.ID), link), account.ErrLink)
	})
}

func TestVerifyLinkNeedsItsOwnAccount(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		bob := w.Somebody("bob")
		ann := w.signUp("ann", "ann@example.com")
		link := w.mailed("ann@example.com", "Verify")
		for _, c := range []struct {
			by   access.Actor
			want error
		}{{visitor(7), access.ErrUnauthenticated}, {w.As(bob.ID), account.ErrOtherAccount}} {
			_, err := w.VerifyLink(t.Context(), c.by, link)
			w.Is(err, c.want)
			w.Is(w.VerifyEmail(t.Context(), c.by, link), c.want)
		}
		w.OK(w.VerifyEmail(t.Context(), w.As(ann.ID), link))
	})
}

func TestVerifyLinkLivesADayAndTheNewestIsNotTheOnlyOne(t *testing.T) {
	w := sqlite(t)
	s := w.signUp("ann", "ann@example.com")
	first := w.mailed("ann@example.com", "Verify")
	w.OK(w.ResendVerification(t.Context(), w.As(s.ID)))
	second := w.mailed("ann@example.com", "Verify")
	w.Pass(24 * time.Hour)
	s = w.SignedIn("ann")
	w.Is(w.VerifyEmail(t.Context(), w.As(s.ID), first), account.ErrLink)
	w.Is(w.VerifyEmail(t.Context(), w.As(s.ID), second), account.ErrLink)
	w.OK(w.ResendVerification(t.Context(), w.As(s.ID)))
	third := w.mailed("ann@example.com", "Verify")
	w.OK(w.ResendVerification(t.Context(), w.As(s.ID)))
	fourth := w.mailed("ann@example.com", "Verify")
	w.OK(w.VerifyEmail(t.Context(), w.As(s.ID), third)) // people follow the first mail they see
	w.Is(w.VerifyEmail(t.Context(), w.As(s.ID), fourth), account.ErrLink)
	w.Is(w.ResendVerification(t.Context(), w.As(s.ID)), account.ErrVerified)
	w.Logged("account.verification_requested", 3)
}

func TestResendingIsBoundedWithoutSayingSo(t *testing.T) {
	w := sqlite(t)
	s := w.signUp("ann", "ann@example.com")
	for range 10 {
		w.OK(w.ResendVerification(t.Context(), w.As(s.ID)))
	}
	if n := len(w.Mails()); n != 5 {
		t.Errorf("%d mails", n)
	}
	w.Is(w.ResendVerification(t.Context(), visitor(7)), access.ErrUnauthenticated)
}

func TestAddressIsVerifiedByOneAccountHoweverManyTry(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Config.Limits.MailRate.N = 100
		w.Config.Limits.SignUpRate.N = 100
		type try struct {
			by   access.Actor
			link string
		}
		var tries []try
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			s := w.signUp(name, "shared@example.com")
			tries = append(tries, try{w.As(s.ID), w.mailed("shared@example.com", "Verify")})
		}
		won, lost := accounttest.Race(func(i int) error {
			return w.VerifyEmail(t.Context(), tries[i%5].by, tries[i%5].link)
		})
		if won != 1 || w.Rows(`SELECT COUNT(*) FROM users WHERE email_verified_at IS NOT NULL`) != 1 {
			t.Errorf("verified %d times: %v", won, lost)
		}
	})
}
