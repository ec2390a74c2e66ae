package twofactor

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
)

const (
	// Codes is how many recovery codes a set has.
	Codes          = 10
	recoveryLength = 16 // base32: 80 bits
	fewCodes       = 3  // left, and the owner is told so
	recoveryMAC    = "recovery code"
)

// newCodes makes a set of recovery codes, in groups of four.
func newCodes() []string {
	out := make([]string, Codes)
	for i := range out {
		c := rand.Text()[:recoveryLength]
		out[i] = c[:4] + "-" + c[4:8] + "-" + c[8:12] + "-" + c[12:]
	}
	return out
}

func (s *Service) macs(codes []string) []string {
	out := make([]string, len(codes))
	for i, c := range codes {
		c, _ = plain(c) // our own
		out[i] = s.box.Mac(recoveryMAC, c)
	}
	return out
}

// matchRecovery returns how a code is stored that was not used. It takes the same time wherever it is in
// the set.
func (s *Service) matchRecovery(ctx context.Context, userID, code string) (found string, err error) {
	left, err := store{s.db}.codeMACs(ctx, userID)
	if err != nil {
		return "", err
	}
	mac := s.box.Mac(recoveryMAC, code)
	for _, m := range left {
		if subtle.ConstantTimeCompare([]byte(m), []byte(mac)) == 1 {
			found = m
		}
	}
	if found == "" {
		return "", errWrong
	}
	return found, nil
}

const mailedMAC = "mailed code"

// MailedCode makes a code to mail to an account that has no second factor, and what is kept of it. It proves
// something at one place alone.
func (s *Service) MailedCode(at Place) (code, kept string, err error) {
	code, err = eightDigits()
	return code, s.box.Mac(mailedMAC, at.Bind+" "+code), err
}

// VerifyMailed finds out whether a code is the mailed one. keep returns what is kept of that, or "" where nothing is; it is
// asked once the try is counted at the account, so that a try that the account refuses is none at the code.
// Tries are counted with those at all other codes.
func (s *Service) VerifyMailed(ctx context.Context, by access.Actor, at Place, typed string, keep func(context.Context) (string, error)) (Proof, error) {
	code, err := plain(typed)
	if err != nil {
		return Proof{}, err
	}
	if err := s.count(ctx, by, at.UserID); err != nil {
		return Proof{}, err
	}
	kept, err := keep(ctx)
	if err != nil {
		return Proof{}, err
	}
	if subtle.ConstantTimeCompare([]byte(s.box.Mac(mailedMAC, at.Bind+" "+code)), []byte(kept)) != 1 {
		if err := s.failed(ctx, by, at, MethodMail, ""); err != nil {
			return Proof{}, err
		}
		return Proof{}, ErrMailedCode
	}
	return Proof{UserID: at.UserID, Method: MethodMail, Mailed: kept, purpose: at.Purpose}, s.uncount(ctx, by, at.UserID)
}

// recoveryUsed tells the owner that one of their codes was used, and when few are left.
func (s *Service) recoveryUsed(ctx context.Context, tx *db.Tx, by access.Actor, p Proof) error {
	n, err := store{tx}.codesLeft(ctx, p.UserID)
	if err != nil {
		return err
	}
	then := fmt.Sprintf("%d of %d are left.", n, Codes)
	if n <= fewCodes {
		then += " Make new ones on your two-factor page."
	}
	detail := map[string]string{"left": fmt.Sprint(n), "for": string(p.purpose)}
	return s.note(ctx, tx, by, p.UserID, audit.Entry{Event: audit.FactorCodeUsed, Detail: detail}, letter{"A recovery code of your account was used", then})
}

// NewCodes makes a new set for the actor. The old one works until the new one is saved.
func (s *Service) NewCodes(ctx context.Context, by access.Actor) error {
	return s.change(ctx, by, access.FactorAdd, func(ctx context.Context, tx *db.Tx) error {
		if mode, err := s.ModeOf(ctx, tx, by.UserID); err != nil {
			return err
		} else if mode == access.NoFactor {
			return ErrOff
		}
		return s.putDraft(ctx, tx, by, draft{Codes: newCodes()})
	})
}

// CodeDraft is a set of recovery codes that waits to be saved.
type CodeDraft struct {
	Codes []string
	Saved bool // they were downloaded
	First bool // saving them turns two-factor authentication on
}

// NewCodesOf returns the codes that the actor has to save.
func (s *Service) NewCodesOf(ctx context.Context, by access.Actor) (CodeDraft, error) {
	if err := s.self(by, access.FactorAdd); err != nil {
		return CodeDraft{}, err
	}
	d, err := s.draft(ctx, s.db, by)
	if err == nil && len(d.Codes) == 0 {
		err = ErrNoDraft
	}
	return CodeDraft{Codes: d.Codes, Saved: d.Saved, First: d.Key != nil || d.Seed != ""}, err
}

// Downloaded notes that the actor has the codes in a file.
func (s *Service) Downloaded(ctx context.Context, by access.Actor) error {
	return s.change(ctx, by, access.FactorAdd, func(ctx context.Context, tx *db.Tx) error {
		d, err := s.takeDraft(ctx, tx, by)
		if err != nil {
			return err
		}
		if len(d.Codes) == 0 {
			return ErrNoDraft
		}
		d.Saved = true
		return s.putDraft(ctx, tx, by, d)
	})
}
