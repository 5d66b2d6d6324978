package v1

import (
	"github.com/danielgtaylor/huma/v2"
)

// A parameter is a member of a query string, or a header of a request or an
// answer, as the OpenAPI document has it.
type parameter struct {
	name, doc string
	schema    *huma.Schema
}

// listQueryParameters document what listParameters read.
var listQueryParameters = []parameter{
	{"limit", "How many comments a page has at most. Absent: all of them.", integer(1, maxLimit)},
	{"after", "A cursor: only what comes after it, in the order asked for. Not together with before.", text(1, 0)},
	{"before", "A cursor: only what comes before it. Not together with after.", text(1, 0)},
	{"order", "As they were made, or taken over from elsewhere. Default asc.", enum("asc", "desc")},
	{"is_internal", "Only internal notes, or only public comments.", &huma.Schema{Type: huma.TypeBoolean}},
	{"author_type", "Only comments of such authors.", enum("AGENT", "CUSTOMER", "SYSTEM")},
	{"as_of", "The comments as they were at a time (RFC 3339; one in whole seconds stands for the end of that second) or after a version of the " +
		"ticket (version: and its number; not for customers). What has been redacted since is masked, and what the caller may not see today is not shown.", text(1, 0)},
	{"as", "customer: what the requester of that moment was shown, with the redactions of today. Together with as_of, and with the scope audit:read only.", enum("customer")},
}

// eventQueryParameters document what eventParameters read.
var eventQueryParameters = []parameter{
	{"limit", "How many events a page has at most. Absent: all of them.", integer(1, maxLimit)},
	{"after", "A cursor: only what comes after it.", text(1, 0)},
}

// attemptQueryParameters document what eventParameters read for a list of attempts.
var attemptQueryParameters = []parameter{
	{"limit", "How many attempts a page has at most. Default 100.", integer(1, maxLimit)},
	{"after", "A cursor: only what comes after it, which is older.", text(1, 0)},
}

var (
	ifNoneMatchHeader = parameter{"If-None-Match", "An ETag from before: the answer is 304 if nothing has changed.", text(0, 0)}
	ifMatchHeader     = parameter{"If-Match", "The ETag of the comment as the caller knows it: if it has changed since, the answer is 409 and nothing happens.", text(0, 0)}

	lastEventIDHeader = parameter{"Last-Event-ID", "The id of the last event that the caller has: the stream goes on after it.", text(1, 0)}

	idempotencyKeyHeader = parameter{
		"Idempotency-Key", "Makes it safe to repeat the request within two hours: it has one effect, and one comment is the answer to all.",
		text(1, maxIdempotencyKey),
	}
)

// responseHeaders are the headers that answers may bear, beyond X-Request-Id.
var responseHeaders = map[string]parameter{
	"ETag":                {"ETag", "Names this representation, as this caller sees it.", text(3, 0)},
	"Cache-Control":       {"Cache-Control", "What is internal is not to be stored.", enum(cachePrivate, cacheNever, cachePublic)},
	"Link":                {"Link", "The neighbouring pages, as rel=next and rel=prev (RFC 8288).", text(1, 0)},
	"X-Total-Count":       {"X-Total-Count", "How many there are on all pages, of those that the caller may see.", integer(0, 1<<31-1)},
	"Vary":                {"Vary", "What of the request the form of the answer depends on.", enum("Accept")},
	"Location":            {"Location", "The URL of what was made.", text(1, 0)},
	"Idempotent-Replayed": {"Idempotent-Replayed", "true if an earlier request with this Idempotency-Key had the effect.", enum("true")},
}

// optionalHeaders are those that an answer bears in some cases only.
var optionalHeaders = map[string]bool{"Link": true, "Idempotent-Replayed": true}

func text(min, max int) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	if min > 0 {
		s.MinLength = &min
	}
	if max > 0 {
		s.MaxLength = &max
	}
	return s
}

func integer(min, max float64) *huma.Schema {
	return &huma.Schema{Type: huma.TypeInteger, Minimum: &min, Maximum: &max}
}

func enum(values ...string) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, v := range values {
		s.Enum = append(s.Enum, v)
	}
	return s
}
