// Package problem is where an error becomes an HTTP status and a body: the only
// such place. Bodies are problem details (RFC 9457); none of them repeats what a
// caller submitted, nor says what went wrong inside.
package problem

import (
	"fmt"
	"time"
)

// A Code names a kind of refusal. Codes are stable: clients switch on them.
type Code string

// The codes. Status and title of each are in kinds.
const (
	BadRequest       Code = "bad_request"
	KeyReused        Code = "idempotency_key_reused"
	Unauthorized     Code = "unauthorized"
	Forbidden        Code = "forbidden"
	NotFound         Code = "not_found"
	MethodNotAllowed Code = "method_not_allowed"
	RequestTimeout   Code = "request_timeout"
	TicketClosed     Code = "ticket_closed"
	LegalHold        Code = "legal_hold"
	ChatEnded        Code = "chat_ended"
	VersionConflict  Code = "version_conflict"
	PayloadTooLarge  Code = "payload_too_large"
	UnsupportedMedia Code = "unsupported_media_type"
	ValidationFailed Code = "validation_failed"
	RateLimited      Code = "rate_limited"
	Internal         Code = "internal"
	Unavailable      Code = "unavailable"
	OutcomeUnknown   Code = "outcome_unknown"
	WebhookDisabled  Code = "webhook_disabled"
)

type kind struct {
	status int
	title  string
}

var kinds = map[Code]kind{
	BadRequest:       {400, "Bad request"},
	KeyReused:        {400, "Idempotency key reused"},
	Unauthorized:     {401, "Unauthorized"},
	Forbidden:        {403, "Forbidden"},
	NotFound:         {404, "Not found"},
	MethodNotAllowed: {405, "Method not allowed"},
	RequestTimeout:   {408, "Request timeout"},
	TicketClosed:     {409, "Ticket closed"},
	LegalHold:        {409, "Legal hold"},
	ChatEnded:        {409, "Chat ended"},
	VersionConflict:  {409, "Version conflict"},
	PayloadTooLarge:  {413, "Payload too large"},
	UnsupportedMedia: {415, "Unsupported media type"},
	ValidationFailed: {422, "Validation failed"},
	RateLimited:      {429, "Too many requests"},
	Internal:         {500, "Internal error"},
	Unavailable:      {503, "Service unavailable"},
	OutcomeUnknown:   {503, "Outcome unknown"},
	WebhookDisabled:  {409, "Webhook disabled"},
}

// Codes returns the codes whose status is the one given, 0 for all, in no
// particular order.
func Codes(status int) []Code {
	var codes []Code
	for code, k := range kinds {
		if status == 0 || k.status == status {
			codes = append(codes, code)
		}
	}
	return codes
}

// A FieldError says what is wrong with one member of a body.
type FieldError struct {
	Field   string `json:"field" doc:"The member of the body, or the parameter, that is wrong."`
	Message string `json:"message" doc:"What is wrong with it. The value itself is never repeated."`
}

// An Error is a refusal that the edge decides by itself. Its texts are for the
// caller to read.
type Error struct {
	Code       Code
	Detail     string
	Fields     []FieldError
	RetryAfter time.Duration // of codes 429 and 503 only; in whole seconds, 0: not said
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Code, e.Detail) }

// New returns an *Error with a code and a detail.
func New(code Code, detail string) error { return &Error{Code: code, Detail: detail} }

// Invalid returns the *Error of a body that is well formed and says what it may
// not: one entry for each mistake.
func Invalid(fields ...FieldError) error {
	return &Error{Code: ValidationFailed, Detail: "The body has invalid values; see errors.", Fields: fields}
}

// Problem is the body of every refusal.
type Problem struct {
	Type      string       `json:"type" format:"uri" doc:"urn:commentd:problem: followed by the code."`
	Title     string       `json:"title" doc:"The same for every problem of this type."`
	Status    int          `json:"status" doc:"The status code of the response."`
	Detail    string       `json:"detail" doc:"What happened, for a person to read."`
	Code      Code         `json:"code" enum:"bad_request,chat_ended,forbidden,idempotency_key_reused,internal,legal_hold,method_not_allowed,not_found,outcome_unknown,payload_too_large,rate_limited,request_timeout,ticket_closed,unauthorized,unavailable,unsupported_media_type,validation_failed,version_conflict,webhook_disabled" doc:"What happened, for a program to read."`
	RequestID string       `json:"request_id" doc:"The X-Request-Id of the response."`
	Errors    []FieldError `json:"errors,omitempty" nullable:"false" doc:"Each mistake of a body that failed validation."`

	retryAfter time.Duration
}

func (e *Error) problem() Problem {
	k := kinds[e.Code]
	return Problem{
		Type: "urn:commentd:problem:" + string(e.Code), Title: k.title, Status: k.status, Detail: e.Detail,
		Code: e.Code, Errors: e.Fields, retryAfter: e.RetryAfter,
	}
}
