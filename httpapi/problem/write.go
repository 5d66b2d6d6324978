package problem

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/jackc/pgx/v5/pgconn"
)

// MediaType is the Content-Type of a Problem.
const MediaType = "application/problem+json"

// RequestIDHeader carries the id of a request, in answers always. Write reads it
// from there.
const RequestIDHeader = "X-Request-Id"

// StatusClientGone is logged of a request whose caller went away before there was
// an answer. Nobody receives it.
const StatusClientGone = 499

// Write answers r with what From says of err. Nothing may have been written before.
// See Report for what else it does.
func Write(w http.ResponseWriter, r *http.Request, err error) {
	p := Report(w, r, err)
	h := w.Header()
	body, err := json.Marshal(p)
	if err != nil {
		panic("problem: a struct of strings does not encode")
	}
	if p.retryAfter > 0 {
		h.Set("Retry-After", p.RetryAfter())
	}
	for _, name := range [...]string{"Etag", "Link", "Location", "X-Total-Count"} {
		h.Del(name) // of the answer that was not to be
	}
	h.Set("Content-Type", MediaType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // a caller who has gone does not mind
}

// RetryAfter is the Retry-After of the answer, in whole seconds; "" if there is none.
func (p Problem) RetryAfter() string {
	if p.retryAfter <= 0 {
		return ""
	}
	return strconv.Itoa(int((p.retryAfter + time.Second - 1) / time.Second))
}

// Report returns what From says of err, with the id of the request, and logs what the
// service is to blame for, unless it is an *Error: of that its maker knows more. Nothing
// may have been written before.
//
// What failed because the caller has gone is answered by nothing: the connection is
// cut, by a panic with http.ErrAbortHandler. A caller who has only closed its own half
// could still read an answer, and must not take it for a refusal.
func Report(w http.ResponseWriter, r *http.Request, err error) Problem {
	p := From(err)
	if p.Status >= 500 && errors.Is(r.Context().Err(), context.Canceled) {
		w.WriteHeader(StatusClientGone)
		panic(http.ErrAbortHandler)
	}
	p.RequestID = w.Header().Get(RequestIDHeader)
	var own *Error
	if p.Status >= 500 && !errors.As(err, &own) {
		slog.LogAttrs(r.Context(), slog.LevelError, "request failed",
			slog.String("request_id", p.RequestID), slog.String("code", string(p.Code)), slog.String("error", describe(err)))
	}
	return p
}

// describe says what failed without what Postgres says of the data.
func describe(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return "SQLSTATE " + pg.Code + " " + pg.ConstraintName
	}
	return err.Error()
}
