// Package httpapi is the edge: it turns HTTP into commands and queries, and their
// results and errors into HTTP. Each API is a package of its own; what they share
// (keys, errors, logs, limits) is here and in auth and problem.
package httpapi

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/commentd/commentd/httpapi/asyncapi"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/problem"
	v1 "github.com/commentd/commentd/httpapi/v1"
	"github.com/commentd/commentd/httpapi/zendesk"
	"github.com/commentd/commentd/internal/metrics"
)

// Config is what New may be told beyond what it needs.
type Config struct {
	Log       *slog.Logger // requests at level info, failures at error; nil: slog.Default
	Checks    []Check      // for /readyz
	Metrics   http.Handler // to be served at /metrics; nil: nothing is
	RateLimit RateLimit    // of each API key, on all APIs together; zero: none
	Zendesk   *zendesk.API // the Zendesk-compatible API; nil: it is not served
}

// operationalRoutes are the routes that are not part of an API, and hence of no
// OpenAPI document.
var operationalRoutes = map[string]struct{}{
	"/livez": {}, "/readyz": {}, "/metrics": {}, "/docs": {}, "/docs/{file}": {}, "/asyncapi.json": {},
}

// New returns the handler of everything that is served.
func New(api *v1.API, keys *auth.Store, m *metrics.Metrics, config Config) http.Handler {
	if config.Log == nil {
		config.Log = slog.Default()
	}
	observer := &observer{log: config.Log, requests: m.RequestSeconds}
	limit := newLimiter(config.RateLimit)
	native := gate{limit: limit, refuse: tooMany}
	compatible := gate{limit: limit, refuse: zendesk.TooMany, tell: (*limiter).tell}
	bearer := keys.Bearer(problem.Write)

	mux := chi.NewMux()
	mux.Use(observer.observe)
	mux.NotFound(func(w http.ResponseWriter, r *http.Request) {
		problem.Write(w, r, problem.New(problem.NotFound, "There is nothing at this path."))
	})
	mux.MethodNotAllowed(notAllowed(mux, config.Zendesk))

	get(mux, "/livez", http.HandlerFunc(alive))
	get(mux, "/readyz", &readiness{checks: config.Checks})
	if config.Metrics != nil {
		get(mux, "/metrics", config.Metrics)
	}
	get(mux, "/docs", http.HandlerFunc(docsPage))
	get(mux, "/docs/{file}", http.HandlerFunc(docsFile))
	get(mux, "/asyncapi.json", asyncapi.Handler())
	if api != nil { // else this process has other roles only
		api.Mount(mux, func(next http.Handler) http.Handler { return bearer(native.admit(next)) })
	}
	if config.Zendesk != nil {
		config.Zendesk.Mount(mux, compatible.admit)
	}
	return mux
}

func get(mux *chi.Mux, pattern string, h http.Handler) {
	mux.Method(http.MethodGet, pattern, h)
	mux.Method(http.MethodHead, pattern, h)
}

// notAllowed answers 405 with the methods that the path does have, and OPTIONS with
// the same list. The paths are public: they are in the OpenAPI document. The compatible
// API, if there is one, has an answer of its own to methods that nobody knows.
func notAllowed(mux *chi.Mux, compatible *zendesk.API) http.HandlerFunc {
	methods := []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if compatible != nil && zendesk.Owns(r.URL.Path) {
			compatible.ServeHTTP(w, r)
			return
		}
		path := r.URL.RawPath
		if path == "" {
			path = r.URL.Path
		}
		var allowed []string
		for _, method := range methods {
			if mux.Match(chi.NewRouteContext(), method, path) {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 {
			mux.NotFoundHandler()(w, r)
			return
		}
		w.Header().Set("Allow", strings.Join(append(allowed, http.MethodOptions), ", "))
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		problem.Write(w, r, problem.New(problem.MethodNotAllowed, "This path does not have this method; see Allow."))
	}
}

// Timeouts of a connection. All but idleTimeout run from the beginning of a request,
// so one with a slow body must be told off while there is time left to do its work
// and to answer. A list that is streamed moves its write deadline as it goes.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
)

// Serve answers what comes in by the listener until ctx ends. It then takes no more
// connections, lets the requests in flight finish for as long as drain, and
// returns nil; it cuts off what takes longer, and says so.
func Serve(ctx context.Context, listener net.Listener, h http.Handler, drain time.Duration) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          log.New(serverLog{}, "", 0),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	err := server.Shutdown(stop)
	if err != nil {
		_ = server.Close() // which fails if the listener does, and that is closed
		err = fmt.Errorf("drain HTTP: requests were cut off after %s", drain)
	}
	<-served
	return err
}

// serverLog lets pass what net/http says of the listener. The rest is about single
// connections, is brought about by whoever is at the other end, and names their
// address.
type serverLog struct{}

func (serverLog) Write(line []byte) (int, error) {
	if text := string(line); strings.HasPrefix(text, "http: Accept error") {
		slog.Error("HTTP listener", "error", strings.TrimSpace(text))
	}
	return len(line), nil
}
