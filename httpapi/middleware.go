package httpapi

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/problem"
)

// exchange is a response on its way out, and what will be told of it.
type exchange struct {
	http.ResponseWriter
	status  int // 0: nothing was written yet
	bytes   int64
	account string // slug; "" until the caller is known
}

func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= 200 {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	n, err := x.ResponseWriter.Write(b)
	x.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// Values of headers that every answer bears. Nobody may append to them.
var (
	noSniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
	// Nothing that comes from here is a page, but for the documentation.
	noContent = []string{"default-src 'none'; frame-ancestors 'none'"}
)

// observer is around everything that is served.
type observer struct {
	log      *slog.Logger
	requests *prometheus.HistogramVec
}

// observe gives each request an id, sets the headers of every answer, answers for
// handlers that panic, and logs and measures what was done. It learns nothing, and
// hence tells nothing, of queries, bodies, headers and ids in paths.
func (o *observer) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		x := &exchange{ResponseWriter: w}
		id := requestID(r.Header)
		h := w.Header()
		h[problem.RequestIDHeader] = []string{id}
		h["X-Content-Type-Options"] = noSniff
		h["Referrer-Policy"] = noReferrer
		h["Content-Security-Policy"] = noContent
		defer func() {
			aborted := o.recovered(x, r, id, recover())
			o.record(x, r, id, time.Since(began), aborted)
			if aborted {
				panic(http.ErrAbortHandler) // net/http cuts the connection, and says nothing
			}
		}()
		next.ServeHTTP(x, r)
	})
}

// recovered deals with the value of a panic, nil if there was none, and reports
// whether the answer has to be cut off.
func (o *observer) recovered(x *exchange, r *http.Request, id string, v any) (aborted bool) {
	switch v := v.(type) {
	case nil:
		return false
	case runtime.Error:
		o.log.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("request_id", id), slog.String("error", v.Error()), slog.String("stack", string(debug.Stack())))
	default:
		if v == http.ErrAbortHandler {
			return true
		}
		// The value may quote a text; where it happened does not.
		o.log.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("request_id", id), slog.String("stack", string(debug.Stack())))
	}
	if x.status != 0 || r.Context().Err() != nil { // too late, or nobody there
		return true
	}
	problem.Write(x, r, problem.New(problem.Internal, "The request could not be completed."))
	return false
}

func (o *observer) record(x *exchange, r *http.Request, id string, took time.Duration, aborted bool) {
	status := x.status
	if status == 0 {
		status = http.StatusOK // as net/http sends for a handler that writes nothing
	}
	route := r.Pattern
	if route == "" {
		route = "none"
	}
	o.requests.WithLabelValues(method(r.Method), route, classes[min(status/100, len(classes)-1)]).Observe(took.Seconds())
	level := slog.LevelInfo
	if _, operational := operationalRoutes[route]; operational {
		level = slog.LevelDebug
	}
	if !o.log.Enabled(r.Context(), level) {
		return
	}
	o.log.LogAttrs(r.Context(), level, "request",
		slog.String("request_id", id), slog.String("method", method(r.Method)), slog.String("route", route),
		slog.Int("status", status), slog.Bool("aborted", aborted), slog.Int64("bytes", x.bytes),
		slog.Float64("seconds", took.Seconds()), slog.String("account", x.account))
}

var classes = [...]string{"other", "1xx", "2xx", "3xx", "4xx", "5xx"}

// method keeps made-up methods out of logs and metrics.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

// requestID returns the id that the caller gave the request, if it is fit to be
// logged, or else a new one.
func requestID(h http.Header) string {
	if values := h[problem.RequestIDHeader]; len(values) == 1 && sane(values[0]) {
		return values[0]
	}
	return rand.Text()
}

func sane(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// gate is behind the authentication of an API. What is nil is left out.
type gate struct {
	limit  *limiter
	refuse func(w http.ResponseWriter, r *http.Request, wait time.Duration)
	tell   func(l *limiter, h http.Header, key uuid.UUID, now time.Time)
}

// admit notes for the log whose request this is, and refuses it if the key asks too
// often.
func (g gate) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		principal := auth.From(r.Context())
		if x, ok := w.(*exchange); ok {
			x.account = principal.AccountSlug
		}
		if g.limit != nil {
			now := time.Now()
			wait := g.limit.take(principal.KeyID, now)
			if g.tell != nil {
				g.tell(g.limit, w.Header(), principal.KeyID, now)
			}
			if wait > 0 {
				g.refuse(w, r, wait)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// tooMany refuses a request of /v1.
func tooMany(w http.ResponseWriter, r *http.Request, wait time.Duration) {
	problem.Write(w, r, &problem.Error{
		Code: problem.RateLimited, RetryAfter: wait, Detail: "This API key has made too many requests; see Retry-After.",
	})
}
