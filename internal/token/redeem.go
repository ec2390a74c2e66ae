package token

import (
	"context"
	"errors"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/limit"
	"latchkey/internal/secret"
	"latchkey/internal/words"
)

// again is how long after it got its token a terminal may ask once more, because the answer was lost.
// It gets another token, and the first one is revoked.
const again = 30 * time.Second

// PollWebLogin answers a terminal that waits: pending, or its token. The token is made here, so that
// an approval that nobody fetches leaves none behind. Whatever else is the case is ErrLogin. Who asks far
// more often than npm does is told to wait.
func (s *Service) PollWebLogin(ctx context.Context, by access.Actor, poll string) (text string, waits bool, err error) {
	if err := s.polls.Take(limit.Network(by.IP)); err != nil {
		return "", false, err
	}
	hash := secret.Hash(poll)
	l, err := store{s.db}.polled(ctx, hash, s.now())
	if err != nil {
		return "", false, err
	}
	if l.State == Pending {
		return "", true, nil
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		text, err = s.redeem(ctx, tx, by, hash)
		return err
	})
	if err != nil {
		return "", false, err
	}
	return text, false, nil
}

// redeem makes the token of an approved login. Whoever approved it must still be signed in there: a
// sign-out or a new password between the two takes the approval back.
func (s *Service) redeem(ctx context.Context, tx *db.Tx, by access.Actor, pollHash string) (string, error) {
	st, now := store{tx}, s.now()
	l, err := st.polled(ctx, pollHash, now)
	if err != nil {
		return "", err
	}
	if l.State != Approved || l.SessionID == nil || l.RedeemedAt != nil && now.Sub(*l.RedeemedAt) > again {
		return "", ErrLogin
	}
	who, err := st.approver(ctx, *l.SessionID, now)
	if err != nil {
		return "", err
	}
	by = terminal(by, who.ID, who.Name)
	if l.TokenID != nil {
		if err := s.revoke(ctx, tx, by, who.ID, *l.TokenID, "replaced"); err != nil {
			return "", err
		}
	}
	m, err := s.mint(ctx, tx, by, who.ID, NewToken{Name: "npm login on " + account.Device(l.Agent), Kind: Session}, s.cfg.Limits.LoginTokenLife)
	if err != nil {
		return "", err
	}
	redeemed := now
	if l.RedeemedAt != nil {
		redeemed = *l.RedeemedAt
	}
	if err := st.redeemed(ctx, l.ID, m.id, redeemed); err != nil {
		return "", err
	}
	return m.text, s.tell(ctx, tx, by, l, m)
}

// tell writes to the owner that a terminal was signed in, with the addresses of both sides.
func (s *Service) tell(ctx context.Context, tx *db.Tx, by access.Actor, l login, m minted) error {
	data := map[string]string{
		"Terminal": account.Device(l.Agent), "TerminalFrom": account.At("at", by.Address()),
		"ApproverFrom": account.At("at", l.ApproverIP), "Until": words.Moment(m.until), "Hint": secret.Hint(m.text), "Remote": "",
	}
	if !account.Near(l.ApproverIP, by.Address()) {
		data["Remote"] = "yes"
	}
	return s.accounts.Notify(ctx, tx, by.UserID, "terminal-signed-in", data)
}

// remember is how long a token that ended can still be named in the security log.
const remember = 30 * 24 * time.Hour

// Sweep removes the logins whose time is over, and tokens that ended long ago.
func (s *Service) Sweep(ctx context.Context) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now, st := s.now(), store{tx}
		return errors.Join(st.sweepLogins(ctx, now), st.sweep(ctx, now.Add(-remember)))
	})
}
