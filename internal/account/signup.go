package account

import (
	"context"
	"errors"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
	"latchkey/internal/words"
)

// VerifyLife is how long a person has to follow the link in their mail.
const VerifyLife = 24 * time.Hour

// SignUp makes an account for whoever asks, mails them a link to verify their address, and signs them
// in. What is wrong with the form is an Invalid error with Fields name, email, password or full_name.
// An address that somebody else has verified gets the same answer as any: only its owner is told.
func (s *Service) SignUp(ctx context.Context, by access.Actor, in SignUp) (Session, error) {
	invited, err := s.mayJoin(ctx, &in)
	if err != nil {
		return Session{}, err
	}
	u, err := s.draft(in)
	if err != nil {
		return Session{}, err
	}
	if err := s.limits.Take(ctx, "signup:"+limit.Network(by.IP), s.cfg.Limits.SignUpRate); err != nil {
		return Session{}, err
	}
	if u.PasswordHash, err = s.passwords.Hash(ctx, in.Password); err != nil {
		return Session{}, err
	}
	mailable, err := s.mayVerify(ctx, by, u)
	if err != nil {
		return Session{}, err
	}
	var out Session
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if invited {
			if _, err := (store{tx}).takeLink(ctx, toJoin, in.Invitation, s.now()); err != nil {
				return err
			}
		}
		out, err = s.join(ctx, tx, by, u, invited, mailable)
		return err
	})
	return out, err
}

// mayJoin applies the installation's choice of who may make an account, and reads the invitation.
func (s *Service) mayJoin(ctx context.Context, in *SignUp) (invited bool, err error) {
	switch {
	case s.cfg.SignUp == config.SignUpClosed:
		return false, ErrClosed
	case in.Invitation == "" && s.cfg.SignUp == config.SignUpByInvite:
		return false, ErrInvitedOnly
	case in.Invitation == "":
		return false, nil
	}
	l, err := store{s.db}.link(ctx, toJoin, in.Invitation, s.now())
	if err != nil {
		return false, err
	}
	if in.Email == "" {
		in.Email = l.Email
	}
	if a, err := parseAddress(in.Email); err == nil && addressKey(a) != addressKey(l.Email) {
		return false, errs.Field("email", "The invitation is for the address it was mailed to. Give that one, or ask for another invitation.")
	}
	return true, nil
}

// draft checks the form and makes the account it describes, still without its password.
func (s *Service) draft(in SignUp) (user, error) {
	address, badAddress := parseAddress(in.Email)
	fullName, badFullName := checkFullName(in.FullName)
	err := every(checkName(in.Name), badAddress, s.checkPassword(in.Password, in.Name, address), badFullName)
	if err != nil {
		return user{}, err
	}
	now := s.now()
	return user{
		ID: db.NewID(), Name: in.Name, FullName: fullName, Email: address, EmailKey: addressKey(address),
		CreatedAt: now, UpdatedAt: now,
	}, nil
}

// join writes a new account, sees to its address, and signs it in.
func (s *Service) join(ctx context.Context, tx *db.Tx, by access.Actor, u user, invited, mailable bool) (Session, error) {
	owner, err := store{tx}.byVerified(ctx, u.EmailKey)
	free := errors.Is(err, ErrNotFound)
	if err != nil && !free {
		return Session{}, err
	}
	if invited && free { // the invitation's link proved that they read mail at the address
		u.EmailVerifiedAt = &u.CreatedAt
	}
	if err := s.insert(ctx, tx, as(by, u, access.ViaBrowser), u); err != nil {
		return Session{}, err
	}
	if mailable && u.EmailVerifiedAt == nil {
		if err := s.mailClaim(ctx, tx, u, owner); err != nil {
			return Session{}, err
		}
	}
	return s.start(ctx, tx, by, u)
}

// mailClaim writes to an address that an account claims: a link to verify it, or, when it has an
// owner already, that somebody tried.
func (s *Service) mailClaim(ctx context.Context, tx *db.Tx, u, owner user) error {
	if owner.ID != "" {
		return s.notify(ctx, tx, owner, "account-exists", nil)
	}
	secret, err := store{tx}.insertLink(ctx, toVerify, link{u.ID, u.Email}, s.now(), VerifyLife)
	if err != nil {
		return err
	}
	return s.write(ctx, tx, u.Email, "verify", map[string]string{
		"Name": u.Name, "Link": s.cfg.URL + "verify/" + secret, "Life": words.Span(VerifyLife),
	})
}

// insert claims the name and writes the account.
func (s *Service) insert(ctx context.Context, tx *db.Tx, by access.Actor, u user) error {
	free, err := store{tx}.claimName(ctx, u.Name, "user", s.now())
	if err != nil {
		return err
	}
	if !free {
		return errs.Field("name", "This name is taken. Choose another one.")
	}
	if err := (store{tx}).insertUser(ctx, u); err != nil {
		return err
	}
	detail := map[string]string{"verified": words.YesNo(u.EmailVerifiedAt != nil), "operator": words.YesNo(u.Operator)}
	return audit.Record(ctx, tx, s.now(), by, audit.Entry{Event: audit.AccountCreated, Account: u.ID, Subject: subject(u), Detail: detail})
}

func subject(u user) string { return "account:" + u.Name }

func ownSubject(by access.Actor) string { return "account:" + by.Name }

// Create makes an account for somebody else, whose address counts as verified. The console and
// operators may.
func (s *Service) Create(ctx context.Context, by access.Actor, in NewAccount) (User, error) {
	if err := access.Check(by, access.OperatorManage, access.Installation(by), s.now()); err != nil {
		return User{}, err
	}
	u, err := s.draft(SignUp{Name: in.Name, Email: in.Email, Password: in.Password})
	if err != nil {
		return User{}, err
	}
	u.Operator, u.EmailVerifiedAt = in.Operator, &u.CreatedAt
	if u.PasswordHash, err = s.passwords.Hash(ctx, in.Password); err != nil {
		return User{}, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return s.createVerified(ctx, tx, by, u) })
	return u.public(), err
}

// createVerified writes an account whose address is known to be theirs.
func (s *Service) createVerified(ctx context.Context, tx *db.Tx, by access.Actor, u user) error {
	switch _, err := (store{tx}).byVerified(ctx, u.EmailKey); {
	case err == nil:
		return errs.Field("email", "Another account has this address.")
	case !errors.Is(err, ErrNotFound):
		return err
	}
	return s.insert(ctx, tx, by, u)
}
