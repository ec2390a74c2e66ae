// Package errs holds the one error type of the product. It says what went wrong in terms of the
// product; how that looks on the wire is decided once in each edge.
package errs

import (
	"errors"
	"fmt"
	"time"
)

// Kind classifies an error. Each edge answers every Kind in one table.
type Kind uint8

const (
	// Internal is anything nobody classified: its details are logged and never shown.
	Internal Kind = iota
	// Invalid means that the input is wrong; Fields may say where.
	Invalid
	// Unauthenticated means that the caller did not say, or could not prove, who they are.
	Unauthenticated
	// Sudo means that a signed-in person must confirm that it is still them.
	Sudo
	// SecondFactor means that the account's second factor must be proven for this.
	SecondFactor
	// Forbidden means that the thing may be seen, but this may not be done to it.
	Forbidden
	// NotFound means that the thing is absent, or hidden from the caller: the two look alike.
	NotFound
	// Conflict means that the state changed, or already holds what was asked for.
	Conflict
	// TooLarge means that the input is over a size limit.
	TooLarge
	// Unsupported means that the input is of a kind that is not accepted (encoding, entry type).
	Unsupported
	// RateLimited means too many tries; RetryAfter says when the next one may succeed.
	RateLimited
	// Timeout means that what was to be sent did not arrive in the time for it.
	Timeout
	// Full means that there is no room to store it. What is stored can still be read.
	Full
	// Unavailable means that the server cannot do this now but may be able to soon.
	Unavailable
)

// Error is a classified error. Msg is for people and always safe to show.
type Error struct {
	Kind       Kind
	Code       string            // for machines and tests: "registry.version_exists"
	Msg        string            // a sentence, without a secret
	Fields     map[string]string // Invalid only: form field to message
	RetryAfter time.Duration     // RateLimited and Unavailable only
	Err        error             // the cause; logged, never shown
}

// New makes an error value; nouns declare theirs with it at package level.
func New(kind Kind, code, msg string) *Error { return &Error{Kind: kind, Code: code, Msg: msg} }

// Newf is New with a formatted message, for messages that name the thing.
func Newf(kind Kind, code, format string, args ...any) *Error {
	return New(kind, code, fmt.Sprintf(format, args...))
}

// Field is an Invalid error about one form field.
func Field(field, msg string) *Error {
	return &Error{Kind: Invalid, Code: "invalid." + field, Msg: msg, Fields: map[string]string{field: msg}}
}

// Error returns the safe message, followed by the cause for the log.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Msg + ": " + e.Err.Error()
	}
	return e.Msg
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is the same declared error: same kind and code, whatever the message.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Code == e.Code
}

// With returns a copy that carries cause for the log.
func (e *Error) With(cause error) *Error {
	c := *e
	c.Err = cause
	return &c
}

// After returns a copy that asks the caller to wait for d before trying again.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// Of returns the classified error inside err. A plain error is Internal, so that forgetting to
// classify one can hide details but never leak them.
func Of(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Internal, Code: "internal", Msg: "Something went wrong on our side.", Err: err}
}

// AsInvalid returns the error when it is about the input, and nil otherwise.
func AsInvalid(err error) *Error {
	var e *Error
	if errors.As(err, &e) && e.Kind == Invalid {
		return e
	}
	return nil
}
