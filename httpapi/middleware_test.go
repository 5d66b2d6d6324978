package httpapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/httpapi/problem"
	"github.com/commentd/commentd/internal/metrics"
)

const canary = "c4n4ry"

// observed returns a mux with one route, and the log of what it does.
func observed(t *testing.T, h http.HandlerFunc) (*chi.Mux, *bytes.Buffer, *prometheus.Registry) {
	t.Helper()
	var log bytes.Buffer
	registry := prometheus.NewRegistry()
	m := metrics.New(registry)
	o := &observer{log: slog.New(slog.NewJSONHandler(&log, nil)), requests: m.RequestSeconds}
	mux := chi.NewMux()
	mux.Use(o.observe)
	mux.NotFound(func(w http.ResponseWriter, r *http.Request) {
		problem.Write(w, r, problem.New(problem.NotFound, "There is nothing at this path."))
	})
	mux.MethodNotAllowed(notAllowed(mux, nil))
	mux.Get("/things/{id}", h)
	return mux, &log, registry
}

func TestLogTellsOfTheRouteAlone(t *testing.T) {
	mux, log, registry := observed(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "12345") })
	r := httptest.NewRequest("GET", "/things/"+canary+"?q="+canary, strings.NewReader(canary))
	r.Header.Set("Authorization", "Bearer "+canary)
	r.Header.Set("User-Agent", canary)
	r.Header.Set("X-Request-Id", canary+" \x01")
	r.Host = canary
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)

	var line struct {
		Route     string `json:"route"`
		Method    string `json:"method"`
		RequestID string `json:"request_id"`
		Status    int    `json:"status"`
		Bytes     int    `json:"bytes"`
	}
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatalf("log %q: %v", log, err)
	}
	if line.Route != "/things/{id}" || line.Method != "GET" || line.Status != 200 || line.Bytes != 5 || line.RequestID != w.Header().Get("X-Request-Id") {
		t.Errorf("log = %s", log)
	}
	if strings.Contains(log.String(), canary) {
		t.Errorf("log repeats what the caller sent: %s", log)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "commentd_http_request_seconds" {
			continue
		}
		if got := family.Metric[0].String(); !strings.Contains(got, `"/things/{id}"`) || !strings.Contains(got, "sample_count:1") {
			t.Errorf("metric = %s; want one request by route", got)
		}
		return
	}
	t.Error("the request was not measured")
}

func TestPanics(t *testing.T) {
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		aborted bool
	}{
		{"text", func(http.ResponseWriter, *http.Request) { panic(canary) }, false},
		{"error", func(http.ResponseWriter, *http.Request) { panic(errors.New(canary)) }, false},
		{"runtime error", func(http.ResponseWriter, *http.Request) { _ = []int(nil)[len(canary)] }, false},
		{"abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true},
		{"in the middle", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "half"); panic(canary) }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mux, log, _ := observed(t, tt.handler)
			w := httptest.NewRecorder()
			aborted := func() (aborted bool) {
				defer func() { aborted = recover() == http.ErrAbortHandler }()
				mux.ServeHTTP(w, httptest.NewRequest("GET", "/things/1", nil))
				return false
			}()
			if aborted != tt.aborted {
				t.Errorf("aborted = %t, want %t", aborted, tt.aborted)
			}
			if !tt.aborted && (w.Code != 500 || w.Header().Get("Content-Type") != problem.MediaType) {
				t.Errorf("answer = %d %s", w.Code, w.Header())
			}
			if strings.Contains(w.Body.String(), canary) || strings.Contains(log.String(), canary) {
				t.Errorf("the panic's text got out: %s %s", w.Body, log)
			}
			if tt.name != "abort" && !strings.Contains(log.String(), "middleware_test.go") {
				t.Errorf("log does not say where: %s", log)
			}
		})
	}
}

func TestEveryAnswerBearsTheHeaders(t *testing.T) {
	mux, _, _ := observed(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for _, tt := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/things/1", 204, ""},
		{"POST", "/things/1", 405, "GET, OPTIONS"},
		{"TRACE", "/things/1", 405, "GET, OPTIONS"},
		{"FOO", "/things/1", 405, "GET, OPTIONS"},
		{"OPTIONS", "/things/1", 204, "GET, OPTIONS"},
		{"GET", "/nothing", 404, ""},
		{"FOO", "/nothing", 404, ""},
		{"OPTIONS", "/nothing", 404, ""},
		{"GET", "/things/1/", 404, ""},
		{"GET", "//things/1", 404, ""},
		{"GET", "/things/../things/1", 404, ""},
		{"GET", "/other/..%2fthings/1", 404, ""},
		{"GET", "/things%2f1", 404, ""},
		{"GET", "/", 404, ""},
	} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, nil))
		h := w.Header()
		if w.Code != tt.status || h.Get("Allow") != tt.allow {
			t.Errorf("%s %s = %d, Allow %q; want %d, %q", tt.method, tt.path, w.Code, h.Get("Allow"), tt.status, tt.allow)
		}
		if h.Get("X-Request-Id") == "" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") == "" ||
			!strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s %s: headers = %s", tt.method, tt.path, h)
		}
	}
}

func TestRequestID(t *testing.T) {
	for _, tt := range []struct {
		values []string
		kept   bool
	}{
		{[]string{"abc-DEF_1.2"}, true},
		{[]string{strings.Repeat("x", 128)}, true},
		{[]string{strings.Repeat("x", 129)}, false},
		{[]string{""}, false},
		{[]string{"a b"}, false},
		{[]string{"a\nb"}, false},
		{[]string{"é"}, false},
		{[]string{"a", "a"}, false},
		{nil, false},
	} {
		got := requestID(http.Header{"X-Request-Id": tt.values})
		if !sane(got) {
			t.Errorf("requestID(%q) = %q", tt.values, got)
		}
		if kept := len(tt.values) > 0 && got == tt.values[0]; kept != tt.kept {
			t.Errorf("requestID(%q) = %q; kept %t, want %t", tt.values, got, kept, tt.kept)
		}
	}
}

func TestReadiness(t *testing.T) {
	ok := func(context.Context) error { return nil }
	bad := func(context.Context) error { return errors.New("cannot be reached") }
	for _, tt := range []struct {
		name   string
		checks []Check
		code   int
		status string
	}{
		{"nothing to check", nil, 200, "ready"},
		{"all well", []Check{{"postgres", true, ok}, {"nats", false, ok}}, 200, "ready"},
		{"worse", []Check{{"postgres", true, ok}, {"nats", false, bad}}, 200, "degraded"},
		{"unable", []Check{{"postgres", true, bad}, {"nats", false, ok}}, 503, "unavailable"},
		{"unable and worse", []Check{{"postgres", true, bad}, {"nats", false, bad}}, 503, "unavailable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			(&readiness{checks: tt.checks}).ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
			var got Health
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if w.Code != tt.code || got.Status != tt.status || len(got.Checks) != len(tt.checks) {
				t.Errorf("readyz = %d %s", w.Code, w.Body)
			}
			for _, check := range tt.checks {
				if r := got.Checks[check.Name]; r.OK == (r.Reason != "") {
					t.Errorf("check %s = %+v", check.Name, r)
				}
			}
		})
	}
}

// TestReadinessIsNotAsked: the endpoint is open to anybody, and must not be a way
// to keep Postgres busy.
func TestReadinessIsNotAsked(t *testing.T) {
	asked := 0
	s := &readiness{checks: []Check{{"postgres", true, func(context.Context) error { asked++; return nil }}}}
	for range 100 {
		s.health(t.Context())
	}
	if asked > 2 { // a slow machine may take more than a second for it
		t.Errorf("asked %d times", asked)
	}
}
