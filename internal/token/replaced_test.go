package token_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/config"
)

// The writer is held while the password is verified, and lets go with another password in place.
func TestNoTokenForAPasswordThatIsReplacedMeanwhile(t *testing.T) {
	w := sqlite(t)
	w.person("ann")
	_, err := w.Accounts.Create(t.Context(), access.Console(), account.NewAccount{Name: "bob", Email: "bob@example.com", Password: "another password, as long"})
	w.OK(err)
	held, let := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := w.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE users SET password_hash = (SELECT password_hash FROM users WHERE name = 'bob')`)
			close(held)
			<-let
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	w.Config.Limits.SignInRate = config.Rate{} // so that nothing is written before the password is verified
	<-held
	wg.Go(func() {
		_, err := w.SignIn(t.Context(), terminal(1), "ann", good, "")
		if !errors.Is(err, account.ErrSignIn) {
			t.Errorf("got %v", err)
		}
	})
	time.Sleep(300 * time.Millisecond) // if that is too short, the sign-in meets the new password at once
	close(let)
	wg.Wait()
	if n := w.Rows(`SELECT COUNT(*) FROM tokens`); n != 0 {
		t.Errorf("%d tokens", n)
	}
}
