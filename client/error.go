package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Code says what is wrong, for programs.
type Code string

// The codes that programs are likely to ask for; the API's document has all of them.
const (
	CodeNotFound         Code = "not_found"
	CodeForbidden        Code = "forbidden"
	CodeUnauthorized     Code = "unauthorized"
	CodeValidationFailed Code = "validation_failed"
	CodeVersionConflict  Code = "version_conflict"
	CodeTicketClosed     Code = "ticket_closed"
	CodeLegalHold        Code = "legal_hold"
	CodeRateLimited      Code = "rate_limited"
	CodeUnavailable      Code = "unavailable"
	// CodeOutcomeUnknown: the call may have had its effect.
	CodeOutcomeUnknown Code = "outcome_unknown"
)

// An Error is a refusal (RFC 9457). It never quotes what was sent.
type Error struct {
	Status    int          `json:"status"`
	Code      Code         `json:"code"`
	Detail    string       `json:"detail"`
	RequestID string       `json:"request_id"`
	Fields    []FieldError `json:"errors"`

	retryAfter time.Duration
}

// A FieldError is a mistake in one member of what was sent.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "commentd answered %d %s: %s", e.Status, e.Code, e.Detail)
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " %s %s.", f.Field, f.Message)
	}
	return b.String()
}

// is reports whether err is a refusal with this code.
func is(err error, code Code) bool {
	var refused *Error
	return errors.As(err, &refused) && refused.Code == code
}

// errorOf reads a refusal. What stands between client and service may answer as well, in
// other words.
func errorOf(answer *http.Response) *Error {
	e := &Error{}
	content, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil || json.Unmarshal(content, e) != nil || e.Code == "" {
		e = &Error{Detail: http.StatusText(answer.StatusCode)}
	}
	e.Status = answer.StatusCode
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.retryAfter = time.Duration(seconds) * time.Second
	}
	return e
}
