package httpapi

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// A Check asks whether something that the service leans on is there.
type Check struct {
	Name string
	// Required: without it the service cannot do its work and is not ready. Else it
	// is only worse, and says so.
	Required bool
	// Run returns nil or the reason, which is shown to anyone who asks: it must name
	// no host, user or key.
	Run func(ctx context.Context) error
}

// Health is what /readyz answers.
type Health struct {
	Status string                 `json:"status"` // ready, degraded or unavailable
	Checks map[string]CheckResult `json:"checks"`
}

// CheckResult is what became of a Check.
type CheckResult struct {
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"`
}

const (
	checkTimeout = 2 * time.Second
	// Whoever asks more often than this gets the last answer again: the endpoint is
	// open to anybody.
	healthAge = time.Second
)

// readiness serves /readyz: 200, or 503 if a required check fails.
type readiness struct {
	checks []Check

	mu    sync.Mutex
	last  Health
	asked time.Time
}

func (s *readiness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	health := s.health(context.WithoutCancel(r.Context()))
	status := http.StatusOK
	if health.Status == "unavailable" {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, health)
}

func (s *readiness) health(ctx context.Context) Health {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.asked) < healthAge {
		return s.last
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	results := make([]error, len(s.checks))
	var running sync.WaitGroup
	for i, check := range s.checks {
		running.Go(func() { results[i] = check.Run(ctx) })
	}
	running.Wait()
	health := Health{Status: "ready", Checks: make(map[string]CheckResult, len(s.checks))}
	for i, check := range s.checks {
		if results[i] == nil {
			health.Checks[check.Name] = CheckResult{OK: true}
			continue
		}
		health.Checks[check.Name] = CheckResult{Reason: results[i].Error()}
		switch {
		case check.Required:
			health.Status = "unavailable"
		case health.Status == "ready":
			health.Status = "degraded"
		}
	}
	s.last, s.asked = health, time.Now()
	return health
}

// alive serves /livez: whoever can answer is alive.
func alive(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"alive"})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic("httpapi: a struct of strings does not encode")
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller who has gone does not mind
}
