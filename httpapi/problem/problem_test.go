package problem

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/relay/webhook"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
)

const canary = "c4n4ry"

func TestFrom(t *testing.T) {
	for _, tt := range []struct {
		err        error
		status     int
		code       Code
		retryAfter bool
	}{
		{auth.ErrUnauthorized, 401, Unauthorized, false},
		{&auth.ForbiddenError{Missing: auth.CommentsWrite}, 403, Forbidden, false},
		{auth.ErrUnavailable, 503, Unavailable, true},
		{domain.ErrID, 400, BadRequest, false},
		{domain.ErrTicketNotFound, 404, NotFound, false},
		{domain.ErrNotFound, 404, NotFound, false},
		{domain.ErrTicketClosed, 409, TicketClosed, false},
		{domain.ErrLegalHold, 409, LegalHold, false},
		{domain.ErrHoldForbidden, 403, Forbidden, false},
		{domain.ErrTextNotFound, 422, ValidationFailed, false},
		{domain.ErrNothingToRedact, 422, ValidationFailed, false},
		{domain.ErrMarks, 422, ValidationFailed, false},
		{eventstore.ErrNoObligation, 404, NotFound, false},
		{domain.ErrForbidden, 403, Forbidden, false},
		{domain.ErrInternalForbidden, 403, Forbidden, false},
		{domain.ErrRevision, 409, VersionConflict, false},
		{directory.ErrUserNotFound, 404, NotFound, false},
		{webhook.ErrNotFound, 404, NotFound, false},
		{webhook.ErrTooMany, 422, ValidationFailed, false},
		{webhook.ErrOff, 409, WebhookDisabled, false},
		{directory.ErrEmailTaken, 422, ValidationFailed, false},
		{&directory.InvalidError{Field: "email", Message: "must be an address"}, 422, ValidationFailed, false},
		{eventstore.ErrReceiptReused, 400, KeyReused, false},
		{eventstore.ErrBusy, 503, Unavailable, true},
		{eventstore.ErrUnavailable, 503, Unavailable, true},
		{vault.ErrUnavailable, 503, Unavailable, true},
		{eventstore.ErrUnknownOutcome, 503, OutcomeUnknown, true},
		{fmt.Errorf("%w: %w", eventstore.ErrUnknownOutcome, context.DeadlineExceeded), 503, OutcomeUnknown, true},
		{fmt.Errorf("%w: %w", eventstore.ErrUnavailable, eventstore.ErrUnknownOutcome), 503, OutcomeUnknown, true},
		{context.DeadlineExceeded, 503, Unavailable, true},
		{New(PayloadTooLarge, "Too large."), 413, PayloadTooLarge, false},
		{Invalid(FieldError{"content", "must be given"}), 422, ValidationFailed, false},
		{errors.New("anything else"), 500, Internal, false},
		{vault.ErrDamaged, 500, Internal, false},
	} {
		for _, err := range []error{tt.err, fmt.Errorf("%s: %w", canary, tt.err)} {
			p := From(err)
			if p.Status != tt.status || p.Code != tt.code || (p.retryAfter > 0) != tt.retryAfter || p.Title == "" || p.Detail == "" ||
				p.Type != "urn:commentd:problem:"+string(tt.code) {
				t.Errorf("From(%v) = %+v; want %d %s", err, p, tt.status, tt.code)
			}
			if strings.Contains(fmt.Sprintf("%+v", p), canary) {
				t.Errorf("From(%v) = %+v repeats what was wrapped around", err, p)
			}
			if (p.Code == ValidationFailed) != (len(p.Errors) > 0) {
				t.Errorf("From(%v).Errors = %+v", err, p.Errors)
			}
		}
	}
	if p := From(&auth.ForbiddenError{Missing: auth.CommentsDelete}); !strings.Contains(p.Detail, "comments:delete") {
		t.Errorf("detail = %q, want the name of the scope", p.Detail)
	}
}

func TestWrite(t *testing.T) {
	w := httptest.NewRecorder()
	h := w.Header()
	h.Set(RequestIDHeader, "r-1")
	h.Set("Etag", `"of the answer that was not to be"`)
	h.Set("Link", "<>")
	Write(w, httptest.NewRequest("GET", "/", nil), &Error{Code: RateLimited, Detail: "Slower.", RetryAfter: 1500 * time.Millisecond})
	const want = `{"type":"urn:commentd:problem:rate_limited","title":"Too many requests","status":429,"detail":"Slower.","code":"rate_limited","request_id":"r-1"}`
	if w.Code != 429 || w.Body.String() != want || h.Get("Content-Type") != MediaType || h.Get("Retry-After") != "2" ||
		h.Get("Cache-Control") != "no-store" || h.Get("Etag") != "" || h.Get("Link") != "" {
		t.Errorf("Write = %d %s %s", w.Code, h, w.Body)
	}
}

// TestWriteToNobody: a caller who has gone is not told, and not blamed on us. What is
// refused for another reason is said, in case somebody listens.
func TestWriteToNobody(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequest("GET", "/", nil).WithContext(ctx)
	w := httptest.NewRecorder()
	if Write(w, r, New(RequestTimeout, "Too slow.")); w.Code != 408 || w.Body.Len() == 0 {
		t.Errorf("Write = %d %s", w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	defer func() {
		if v := recover(); v != http.ErrAbortHandler || w.Code != StatusClientGone || w.Body.Len() != 0 {
			t.Errorf("Write = %d %s, panic %v", w.Code, w.Body, v)
		}
	}()
	Write(w, r, context.Canceled)
}

// TestCodesAreDocumented: the codes in the tag that the OpenAPI document is made
// from are those there are.
func TestCodesAreDocumented(t *testing.T) {
	field, _ := reflect.TypeFor[Problem]().FieldByName("Code")
	documented := strings.Split(field.Tag.Get("enum"), ",")
	var codes []string
	for _, code := range Codes(0) {
		codes = append(codes, string(code))
		if kinds[code].status == 0 || kinds[code].title == "" {
			t.Errorf("%s has no status or title", code)
		}
	}
	slices.Sort(codes)
	if !slices.Equal(documented, codes) {
		t.Errorf("documented %q, there are %q", documented, codes)
	}
}

func TestProblemOmitsEmptyErrors(t *testing.T) {
	b, err := json.Marshal(From(Invalid(FieldError{"content", "must be given"})))
	if err != nil || !strings.HasSuffix(string(b), `"errors":[{"field":"content","message":"must be given"}]}`) {
		t.Errorf("problem = %s, %v", b, err)
	}
}
