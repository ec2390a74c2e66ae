package token

import (
	"context"
	"regexp"
	"strings"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/audit"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
	"latchkey/internal/secret"
)

const (
	loginLife = 5 * time.Minute // how long a terminal waits for its person
	promptly  = 3 * time.Minute // a request that waited longer may be somebody else's
	codeSize  = 6               // how much of its address is compared with what the terminal shows
)

// State is what was decided about a terminal's request.
type State string

// The states.
const (
	Pending  State = "pending"
	Approved State = "approved"
	Denied   State = "denied"
)

// loginID is the form of an id, which comes from an address somebody typed or was sent.
var loginID = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// StartWebLogin begins to sign in a terminal. Over the limits it is Unavailable: any 4xx answer would
// make npm ask for name and password instead (npm-profile, login).
func (s *Service) StartWebLogin(ctx context.Context, by access.Actor) (WebLogin, error) {
	network := limit.Network(by.IP)
	if err := s.starts.Take(network); err != nil {
		return WebLogin{}, ErrBusy.After(errs.Of(err).RetryAfter)
	}
	out := WebLogin{ID: secret.New(), Poll: secret.New() + secret.New()}
	now := s.now()
	l := login{
		ID: out.ID, PollHash: secret.Hash(out.Poll), IP: by.Address(), Network: network, Agent: by.Agent, State: Pending,
		CreatedAt: now, ExpiresAt: now.Add(loginLife),
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		open, err := store{tx}.waiting(ctx, network, now)
		if err != nil {
			return err
		}
		if len(open) >= s.cfg.Limits.LoginTerminalsOpen {
			return ErrBusy.After(open[0].Sub(now))
		}
		return store{tx}.insertLogin(ctx, l)
	})
	if err != nil {
		return WebLogin{}, err
	}
	return out, nil
}

// WebLogin returns what the person at the browser must know to decide. The first browser session that
// opens a login is the only one that ever can: a link that was passed on or overheard leads nowhere.
func (s *Service) WebLogin(ctx context.Context, by access.Actor, id string) (WebLoginPage, error) {
	l, err := s.opened(ctx, by, access.TokenOpenLogin, id)
	if err != nil {
		return WebLoginPage{}, err
	}
	if l.SessionID == nil {
		err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			if err := (store{tx}).bind(ctx, id, by.SessionID, s.now()); err != nil {
				return err
			}
			l, err = store{tx}.login(ctx, id, s.now())
			return err
		})
		if err != nil {
			return WebLoginPage{}, err
		}
	}
	if !l.boundTo(by) {
		return WebLoginPage{}, ErrLogin
	}
	return WebLoginPage{
		ID: l.ID, IP: l.IP, Agent: l.Agent, Terminal: account.Device(l.Agent), Created: l.CreatedAt, State: l.State,
		SameNetwork: !l.remote(by), Code: l.code(), Doubtful: s.doubtful(l, by),
		Fresh: s.self(by, access.TokenApproveLogin, by.UserID) == nil,
	}, nil
}

// opened returns a login that the actor may see or that nobody has opened yet.
func (s *Service) opened(ctx context.Context, by access.Actor, act access.Action, id string) (login, error) {
	if err := s.self(by, act, by.UserID); err != nil {
		return login{}, err
	}
	if !loginID.MatchString(id) || by.SessionID == "" {
		return login{}, ErrLogin
	}
	l, err := store{s.db}.login(ctx, id, s.now())
	if err == nil && l.SessionID != nil && !l.boundTo(by) {
		err = ErrLogin
	}
	return l, err
}

func (l login) boundTo(by access.Actor) bool {
	return l.SessionID != nil && *l.SessionID == by.SessionID
}

// remote reports whether the terminal is in another network than the browser that approves it.
func (l login) remote(by access.Actor) bool {
	return !account.Near(l.IP, by.Address())
}

// code is the end of the login's address, as the terminal shows it.
func (l login) code() string { return l.ID[len(l.ID)-codeSize:] }

// doubtful reports whether somebody else may have sent the link to the person who is to approve it.
func (s *Service) doubtful(l login, by access.Actor) bool {
	return l.remote(by) || s.now().Sub(l.CreatedAt) > promptly
}

// ApproveWebLogin lets the terminal in as the actor, who must have opened it and confirmed lately that
// it is them. When the request is doubtful they must have typed the code, which makes them look at
// their terminal. Of any number of tries, one succeeds; after a denial none does.
func (s *Service) ApproveWebLogin(ctx context.Context, by access.Actor, id, typed string) error {
	return s.decide(ctx, by, access.TokenApproveLogin, id, Approved, audit.LoginApproved, func(l login) error {
		if s.doubtful(l, by) && !strings.EqualFold(strings.TrimSpace(typed), l.code()) {
			return errs.Field("code", "The address in your terminal must end with these six characters. If it does not, say no.")
		}
		return nil
	})
}

// DenyWebLogin turns the terminal away for good.
func (s *Service) DenyWebLogin(ctx context.Context, by access.Actor, id string) error {
	return s.decide(ctx, by, access.TokenOpenLogin, id, Denied, audit.LoginDenied, func(login) error { return nil })
}

func (s *Service) decide(ctx context.Context, by access.Actor, act access.Action, id string, state State, event audit.Event,
	check func(login) error,
) error {
	l, err := s.opened(ctx, by, act, id)
	if err != nil {
		return err
	}
	if !l.boundTo(by) {
		return ErrLogin
	}
	if l.State == Pending { // else it is over, whatever was typed
		if err := check(l); err != nil {
			return err
		}
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := store{tx}.decide(ctx, id, by.SessionID, state, by.Address(), s.now())
		if err != nil {
			return err
		}
		if n == 0 {
			if _, err := (store{tx}).login(ctx, id, s.now()); err != nil {
				return err
			}
			return ErrDecided
		}
		detail := map[string]string{"terminal_ip": l.IP, "terminal": l.Agent}
		if l.remote(by) {
			detail["remote_approval"] = "yes"
		}
		return audit.Record(ctx, tx, s.now(), by, audit.Entry{Event: event, Subject: "login:" + id, Detail: detail})
	})
}
