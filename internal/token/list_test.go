package token_test

import (
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/secret"
	"latchkey/internal/token"
)

func TestListShowsWhatWorksAndWhenItWasUsed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		text := w.create(token.Publish)
		signedIn, err := w.SignIn(t.Context(), terminal(1), "ann", good, "")
		w.OK(err)
		revoked := w.create(token.Automation)
		w.OK(w.Revoke(t.Context(), w.works(revoked), revoked))
		w.Pass(1)
		w.works(text)
		w.OK(w.Flush(t.Context()))
		for _, by := range []access.Actor{ann, access.Console()} {
			got, err := w.List(t.Context(), by, "ann")
			w.OK(err)
			if len(got) != 2 {
				t.Fatalf("%+v", got)
			}
			first, second := got[0], got[1]
			if first.Hint != secret.Hint(text) || first.Kind != token.Publish || first.Name != "test" || first.ExpiresAt != nil ||
				first.LastUsedAt == nil || first.LastUsedIP != "198.51.100.1" {
				t.Errorf("%+v", first)
			}
			if second.Hint != secret.Hint(signedIn) || second.Kind != token.Session || second.LastUsedAt != nil || second.ExpiresAt == nil {
				t.Errorf("%+v", second)
			}
		}
		w.Pass(w.Config.Limits.LoginTokenLife)
		got, err := w.List(t.Context(), access.Console(), "ann")
		w.OK(err)
		if len(got) != 1 {
			t.Errorf("after the end of one: %+v", got)
		}
	})
}

func TestTokenIsRevokedByItsHintOrItsID(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.person("ann")
		one, two, three := w.create(token.Publish), w.create(token.Publish), w.create(token.Publish)
		hint := secret.Hint(one)
		h, err := w.RevokeHeld(t.Context(), access.Console(), "ann", hint[:10]+"..."+hint[len(hint)-4:])
		w.OK(err)
		if h.Hint != hint {
			t.Errorf("revoked %+v", h)
		}
		w.refused(one)
		id := w.works(two).Grant.TokenID
		_, err = w.RevokeHeld(t.Context(), ann, "ann", id)
		w.OK(err)
		w.refused(two)
		w.works(three)
		w.Logged("token.revoked", 2)
		for _, mark := range []string{hint, id, "", "npm_lk"} {
			_, err := w.RevokeHeld(t.Context(), access.Console(), "ann", mark)
			w.Is(err, token.ErrNoToken)
		}
		w.works(three)
	})
}

func TestHintOfTwoTokensRevokesNeither(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		one, two := w.create(token.Publish), w.create(token.Publish)
		_, err := w.DB.Exec(t.Context(), `UPDATE tokens SET hint = 'same'`)
		w.OK(err)
		_, err = w.RevokeHeld(t.Context(), access.Console(), "ann", "same")
		w.Is(err, token.ErrOneHint)
		w.works(one)
		w.works(two)
	})
}

func TestTokensOfOthersAreNeitherListedNorRevoked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ann")
		bob := w.person("bob")
		text := w.create(token.Publish)
		for _, by := range []access.Actor{bob, visitor(), {}} {
			held, err := w.List(t.Context(), by, "ann")
			if err == nil || held != nil {
				t.Errorf("%q lists %v, %v", by.Name, held, err)
			}
			if _, err := w.RevokeHeld(t.Context(), by, "ann", secret.Hint(text)); err == nil {
				t.Errorf("%q revoked it", by.Name)
			}
		}
		w.works(text)
		if _, err := w.List(t.Context(), access.Console(), "nobody"); err == nil {
			t.Error("tokens of nobody")
		}
	})
}
