package errs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/errs"
)

var errTaken = errs.New(errs.Conflict, "account.taken", "The name is taken.")

func TestPlainErrorsAreHidden(t *testing.T) {
	e := errs.Of(errors.New("password=hunter2"))
	if e.Kind != errs.Internal || strings.Contains(e.Msg, "hunter2") {
		t.Errorf("%+v", e)
	}
	if !strings.Contains(e.Error(), "hunter2") {
		t.Error("the log does not say what happened")
	}
}

func TestWrappingKeepsWhatIsSaid(t *testing.T) {
	err := fmt.Errorf("sign up ann: %w", errTaken.With(errors.New("unique index")))
	e := errs.Of(err)
	if !errors.Is(err, errTaken) || e.Msg != "The name is taken." || e.Kind != errs.Conflict {
		t.Errorf("%+v", e)
	}
}

func TestSameCodeOfAnotherKindIsAnotherError(t *testing.T) {
	if errors.Is(errs.New(errs.NotFound, "account.taken", ""), errTaken) {
		t.Error("kinds are not compared")
	}
}

func TestDeclaredErrorsAreNotChanged(t *testing.T) {
	_ = errTaken.With(errors.New("x"))
	if waiting := errTaken.After(time.Second); waiting.RetryAfter != time.Second || errTaken.RetryAfter != 0 || errTaken.Err != nil {
		t.Errorf("%+v", errTaken)
	}
}

func TestOnlyInvalidErrorsAreAboutTheForm(t *testing.T) {
	if e := errs.AsInvalid(fmt.Errorf("x: %w", errs.Field("name", "Choose a name."))); e == nil || e.Fields["name"] != "Choose a name." {
		t.Errorf("%+v", e)
	}
	if errs.AsInvalid(errTaken) != nil || errs.AsInvalid(errors.New("x")) != nil || errs.AsInvalid(nil) != nil {
		t.Error("something else counts as invalid input")
	}
}
