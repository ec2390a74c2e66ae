package twofactor

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"regexp"
	"time"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/credential"
	"latchkey/internal/errs"
	"latchkey/internal/secret"
)

const (
	questionLife = 5 * time.Minute // how long a command waits for its person
	codeLife     = 2 * time.Minute // how long it may then take to come back
	maxQuestions = 20              // that wait for one account
	// RememberFor is how long an approval can cover the same command on the same package.
	RememberFor = 5 * time.Minute
)

// QuestionState is what was decided about a command.
type QuestionState string

// The states.
const (
	Pending  QuestionState = "pending"
	Approved QuestionState = "approved"
	Denied   QuestionState = "denied"
	used     QuestionState = "used"
)

// Cover is what an approval covers beside the one act.
type Cover string

// The covers.
const (
	CoverAct     Cover = ""        // nothing
	CoverPackage Cover = "package" // the same command on the same package, for RememberFor
	CoverRun     Cover = "run"     // all that this run of the command does, for RememberFor
)

// Terminal is what a command line says of itself. It is shown and compared, and never believed.
type Terminal struct {
	Command    string // "publish"
	Run        string // the same for all requests of one run
	Workspaces bool   // it goes through several packages
	Package    string // that the request is about
	Browser    bool   // it can wait for a browser; else a code is typed
}

// Asked leads to a question: ID is for the browser's address and Poll for the terminal alone.
type Asked struct{ ID, Poll string }

// Ask opens the question whether the actor's terminal may do something.
func (s *Service) Ask(ctx context.Context, by access.Actor, d access.Deed, t Terminal) (Asked, error) {
	if err := s.self(by, access.ConfirmationOpen); err != nil {
		return Asked{}, err
	}
	if by.Grant == nil {
		return Asked{}, access.ErrForbidden
	}
	out, now := Asked{ID: secret.New(), Poll: secret.New() + secret.New()}, s.now()
	c := confirmation{
		ID: out.ID, PollHash: secret.Hash(out.Poll), UserID: by.UserID, TokenID: by.Grant.TokenID, State: Pending,
		Action: d.Action, Package: d.Package, Version: d.Version, Digest: d.Digest, Request: d.Request,
		Command: t.Command, Run: t.Run, Workspaces: t.Workspaces, Typed: !t.Browser, IP: by.Address(), Agent: by.Agent,
		CreatedAt: now, ExpiresAt: now.Add(questionLife),
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		waiting, err := store{tx}.waiting(ctx, by.UserID, now)
		if err != nil {
			return err
		}
		if len(waiting) >= maxQuestions {
			return ErrWaiting.After(waiting[0].Sub(now))
		}
		return store{tx}.insertConfirmation(ctx, c)
	})
	return out, err
}

// Question is what the person who decides is shown.
type Question struct {
	ID, IP, Agent, Command, TokenID, TokenName, TokenHint string
	Deed                                                  access.Deed
	Created                                               time.Time
	State                                                 QuestionState
	Workspaces, Typed                                     bool
}

var questionID = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// Question returns what a terminal of the actor's asks. To everybody else it does not exist.
func (s *Service) Question(ctx context.Context, by access.Actor, id string) (Question, error) {
	c, err := s.question(ctx, s.db, by, id)
	if err != nil {
		return Question{}, err
	}
	t, err := store{s.db}.tokenOf(ctx, c.TokenID)
	return Question{
		ID: c.ID, IP: c.IP, Agent: c.Agent, Command: c.Command, TokenID: c.TokenID, TokenName: t.Name, TokenHint: t.Hint, Deed: c.deed(),
		Created: c.CreatedAt, State: c.State, Workspaces: c.Workspaces && c.Run != "", Typed: c.Typed,
	}, err
}

func (s *Service) question(ctx context.Context, q db.Q, by access.Actor, id string) (confirmation, error) {
	if err := s.self(by, access.ConfirmationAnswer); err != nil {
		return confirmation{}, err
	}
	if !questionID.MatchString(id) {
		return confirmation{}, ErrConfirmation
	}
	c, err := store{q}.confirmation(ctx, id, s.now())
	if err == nil && c.UserID != by.UserID {
		err = ErrConfirmation
	}
	return c, err
}

// ApprovalPlace is where a question is answered with a key.
func ApprovalPlace(by access.Actor, id string) Place {
	return Place{by.UserID, ToApprove, by.SessionID + "/" + id}
}

// Approve lets a terminal do what it asked for, once, after the actor proved themselves. A terminal that
// cannot wait for a browser is given the code that is returned.
func (s *Service) Approve(ctx context.Context, by access.Actor, id string, a Answer, cover Cover) (code string, err error) {
	if _, err := s.question(ctx, s.db, by, id); err != nil {
		return "", err
	}
	p, err := s.Verify(ctx, by, ApprovalPlace(by, id), a)
	if err != nil {
		return "", err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := credential.Holds(ctx, tx, by, s.now()); err != nil {
			return err
		}
		c, err := s.question(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if err := s.Consume(ctx, tx, by, p, c.phrase()); err != nil {
			return err
		}
		hash := ""
		if c.Typed {
			if code, err = eightDigits(); err != nil {
				return err
			}
			hash = s.box.Mac("one-time password", code)
		}
		if err := s.decide(ctx, tx, by, c, Approved, hash); err != nil {
			return err
		}
		return s.cover(ctx, tx, by, c, cover)
	})
	return code, err
}

// eightDigits is a code to type.
func eightDigits() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(100_000_000))
	return fmt.Sprintf("%08d", n), err
}

// Deny turns a terminal away for good.
func (s *Service) Deny(ctx context.Context, by access.Actor, id string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		c, err := s.question(ctx, tx, by, id)
		if err != nil {
			return err
		}
		return s.decide(ctx, tx, by, c, Denied, "")
	})
}

func (s *Service) decide(ctx context.Context, tx *db.Tx, by access.Actor, c confirmation, state QuestionState, hash string) error {
	expires := c.ExpiresAt
	event := audit.ConfirmationDenied
	if state == Approved {
		event, expires = audit.ConfirmationApproved, s.now().Add(codeLife)
	}
	if err := only(ErrConfirmation)(store{tx}.decide(ctx, c.ID, state, hash, expires, s.now())); err != nil {
		return err
	}
	return audit.Record(ctx, tx, s.now(), by, audit.Entry{Event: event, Subject: c.subject(), Detail: map[string]string{
		"action": string(c.Action), "version": c.Version, "digest": c.Digest, "terminal_ip": c.IP, "terminal": c.Agent, "token": c.TokenID,
	}})
}

// cover writes down what else need not be asked for, as long as the browser stays signed in.
func (s *Service) cover(ctx context.Context, tx *db.Tx, by access.Actor, c confirmation, cover Cover) error {
	r := confirmed{
		ID: db.NewID(), UserID: c.UserID, TokenID: c.TokenID, SessionID: &by.SessionID, IP: c.IP, Action: c.Action, Command: c.Command,
		WritesLeft: -1, ExpiresAt: s.now().Add(RememberFor),
	}
	switch {
	case cover == CoverAct:
		return nil
	case cover == CoverPackage && c.Package != "":
		r.Package = c.Package
	case cover == CoverRun && c.Workspaces && c.Run != "":
		r.Run = c.Run
	default:
		return errs.Field("cover", "Choose what this covers.")
	}
	return store{tx}.insertConfirmed(ctx, r)
}

// Poll answers a terminal that waits: not yet, or the code that it sends along with the act. Asked again,
// because the answer was lost, it makes another code; the newest is the one that works.
func (s *Service) Poll(ctx context.Context, by access.Actor, poll string) (code string, waits bool, err error) {
	hash := secret.Hash(poll)
	c, err := store{s.db}.polled(ctx, hash, s.now())
	if err != nil || c.State == Pending {
		return "", err == nil, err
	}
	if c.Typed || by.SignedIn() && by.UserID != c.UserID {
		return "", false, ErrConfirmation
	}
	code = secret.New()
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return only(ErrConfirmation)(store{tx}.setCode(ctx, hash, secret.Hash(code), s.now()))
	})
	if err != nil {
		return "", false, err
	}
	return code, false, nil
}

// phrase is what a key was used for, for its owner: "publishing left-align@4.1.0".
func (c confirmation) phrase() string {
	what := c.Package
	if c.Version != "" {
		what += "@" + c.Version
	}
	if c.Action == access.PackagePublish {
		return "publishing " + what
	}
	if what == "" {
		return "confirming a command"
	}
	return "changing " + what
}

func (c confirmation) deed() access.Deed {
	return access.Deed{Action: c.Action, Package: c.Package, Version: c.Version, Digest: c.Digest, Request: c.Request}
}

func (c confirmation) subject() string {
	if c.Package == "" {
		return "confirmation:" + c.ID
	}
	return "package:" + c.Package
}
