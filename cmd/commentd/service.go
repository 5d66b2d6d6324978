package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/audit"
	"github.com/commentd/commentd/eventstore/blob"
	"github.com/commentd/commentd/eventstore/erasure"
	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/relay"
	"github.com/commentd/commentd/eventstore/relay/webhook"
	"github.com/commentd/commentd/eventstore/retention"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/httpapi"
	v1 "github.com/commentd/commentd/httpapi/v1"
	"github.com/commentd/commentd/httpapi/zendesk"
	"github.com/commentd/commentd/internal/metrics"
	"github.com/commentd/commentd/projections"
	"github.com/commentd/commentd/projections/feed"
	"github.com/commentd/commentd/projections/threads"
)

// service is the roles of one process on their stores and connections.
type service struct {
	serving
	roles    []string
	tools    *tools
	root     vault.RootKey
	blobs    blob.Store // nil if no role needs it
	nats     *nats.Conn // nil if no role needs it and none was configured
	stream   relay.Config
	metrics  *metrics.Metrics
	registry *prometheus.Registry
	listener net.Listener
}

// newRegistry returns a registry with what can be told of any process with a pool.
func newRegistry(pool *pgxpool.Pool) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	metrics.WatchPool(registry, pool)
	return registry
}

// natsOptions are those of every connection of the service to NATS.
func natsOptions() []nats.Option {
	return []nats.Option{
		nats.Name("commentd"),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectBufSize(-1), // what cannot be sent now is not sent later: the log knows it
		nats.CustomInboxPrefix(relay.InboxPrefix),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			slog.Warn("NATS", "error", err)
		}),
	}
}

// run works until ctx ends or a part fails, and then stops all parts: the API
// first, then what stands behind it.
func (s *service) run(ctx context.Context) error {
	// The parts behind the API outlive ctx by the time that draining takes.
	behind, stopBehind := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBehind()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)

	witness, err := s.witness()
	if err == nil {
		err = s.checkWitnessed(ctx, witness)
	}
	var guard webhook.Guard
	if err == nil {
		guard, err = s.guard()
	}
	if err != nil {
		return errors.Join(err, s.listener.Close())
	}
	parts := 0
	ended := make(chan error)
	start := func(name string, ctx context.Context, run func(context.Context) error) {
		parts++
		go func() {
			err := run(ctx)
			if err != nil {
				err = fmt.Errorf("%s: %w", name, err)
				stop(err)
			}
			ended <- err
		}()
	}
	kept := s.files()
	start("log", behind, s.tools.log.Run)
	hub := s.hub()
	var carrier *relay.Relay
	var outlets *relay.Outlets
	if s.has("relay") {
		config := s.stream
		config.Slug = s.slug
		config.BaseURL = string(s.PublicURL)
		carrier = relay.New(s.tools.log, s.tools.pool, s.nats, s.metrics, config)
		start("relay", behind, carrier.Run)
		outlets = relay.NewOutlets(s.tools.log, s.tools.outlets(), watching(hub), s.nats, s.metrics, config)
		start("outlets", ctx, outlets.Run)
	}
	if s.has("projector") {
		feed := relay.NewFeed(s.tools.log, s.nats, 0)
		projector := projections.New(s.tools.pool, threads.Projection{}, feed, s.tools.log, s.metrics, projections.Config{})
		start("projector", behind, projector.Run)
	}
	var sealer *audit.Sealer
	if s.has("worker") {
		start("worker", behind, s.keepHouse)
		start("files", behind, kept.Run)
		config := erasure.Config{Horizon: s.ErasureHorizon}
		start("erasure", behind, erasure.New(s.tools.log, s.tools.pool, s.tools.keyring, shelves(), kept, s.metrics, config).Run)
		start("retention", behind, retention.NewWorker(s.tools.log, s.tools.pool, s.tools.directory.Policies, s.metrics, retention.Config{}).Run)
		sealer = audit.NewSealer(s.tools.log, s.tools.pool, audit.NewKey(s.root, 0), s.metrics, audit.Config{Witness: witness})
		start("sealer", behind, sealer.Run)
	}
	if s.nats != nil && s.has("api") && !s.has("relay") {
		start("poke", behind, s.poke)
	}
	start("feed", ctx, hub.Run) // which ends the streams, so that the API can drain
	if s.has("worker") {
		start("webhooks", ctx, s.dispatcher(hub, guard).Run)
	}
	start("http", ctx, func(ctx context.Context) error {
		defer stopBehind()
		return s.serveHTTP(ctx, hub, kept, guard, s.checks(carrier, outlets, sealer))
	})

	var errs []error
	for range parts {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
}

// files is where files are kept. Roles that have nothing to do with files do not use it.
func (s *service) files() *files.Store {
	return files.New(s.tools.log, s.tools.pool, s.tools.vault, s.blobs, files.Config{})
}

func (s *service) has(role string) bool { return slices.Contains(s.roles, role) }

// serveHTTP answers until ctx ends, and drains.
func (s *service) serveHTTP(ctx context.Context, hub *feed.Hub, kept *files.Store, guard webhook.Guard, checks []httpapi.Check) error {
	exposed := promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{})
	config := httpapi.Config{
		Checks:    checks,
		RateLimit: httpapi.RateLimit{PerSecond: s.RateLimit, Burst: max(1, int(2*s.RateLimit))},
		Metrics:   exposed,
	}
	metricsDone := make(chan error, 1)
	if s.MetricsListen != "" {
		config.Metrics = nil
		listener, err := net.Listen("tcp", s.MetricsListen)
		if err != nil {
			return err
		}
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", exposed)
		go func() { metricsDone <- httpapi.Serve(ctx, listener, mux, time.Second) }()
	} else {
		metricsDone <- nil
	}
	var api *v1.API
	if s.has("api") {
		reader := threads.NewReader(s.tools.pool, s.tools.vault, 0)
		pages := threads.NewCache(s.tools.pool, 0, s.PageCache<<20, s.metrics)
		api = v1.New(s.tools.log, reader, pages, s.tools.directory, s.root, v1.Config{
			BaseURL: string(s.PublicURL), ErasureHorizon: s.ErasureHorizon, Log: s.tree(),
			Files:    kept,
			Live:     &v1.Live{Hub: hub, Recheck: s.tools.keys.Recheck},
			Webhooks: &v1.Webhooks{Store: s.webhooks(), Guard: guard},
		})
		config.Zendesk = zendesk.New(s.tools.log, reader, pages, s.tools.directory, s.tools.keys, kept, s.root, zendesk.Config{BaseURL: string(s.PublicURL), Quotas: s.quotas()})
	}
	handler := httpapi.New(api, s.tools.keys, s.metrics, config)
	return errors.Join(httpapi.Serve(ctx, s.listener, handler, s.Drain), <-metricsDone)
}

// hub is where those who follow events meet the log.
func (s *service) hub() *feed.Hub {
	if s.nats == nil {
		return feed.New(s.tools.log, feed.Polling{Log: s.tools.log})
	}
	return feed.New(s.tools.log, relay.NewFeed(s.tools.log, s.nats, 0))
}

// checks are what /readyz looks at.
func (s *service) checks(carrier *relay.Relay, outlets *relay.Outlets, sealer *audit.Sealer) []httpapi.Check {
	checks := []httpapi.Check{{Name: "postgres", Required: true, Run: func(ctx context.Context) error {
		if err := s.tools.pool.Ping(ctx); err != nil {
			return errors.New("no answer from Postgres")
		}
		return nil
	}}}
	if s.nats != nil {
		// Reads and writes go on without NATS; subscribers wait.
		checks = append(checks, httpapi.Check{Name: "nats", Run: func(context.Context) error {
			if !s.nats.IsConnected() {
				return errors.New("NATS is not connected")
			}
			return nil
		}})
	}
	if carrier != nil {
		checks = append(checks, httpapi.Check{Name: "relay", Run: func(context.Context) error {
			return carrier.Health()
		}})
	}
	if outlets != nil {
		checks = append(checks, httpapi.Check{Name: "outlets", Run: func(context.Context) error {
			return outlets.Health()
		}})
	}
	if sealer != nil {
		checks = append(checks, httpapi.Check{Name: "sealer", Run: func(context.Context) error {
			return sealer.Health()
		}})
	}
	return checks
}

// slug names an account for subjects.
func (s *service) slug(ctx context.Context, id domain.AccountID) (string, error) {
	account, err := s.tools.directory.Account(ctx, id)
	return account.Slug, err
}

// poke tells relays in other processes that the log has grown.
func (s *service) poke(ctx context.Context) error {
	for {
		appended := s.tools.log.Appended()
		select {
		case <-appended:
			relay.Poke(s.nats, 0)
		case <-ctx.Done():
			return nil
		}
	}
}

// housekeeping is how often what has expired is removed.
const housekeeping = 10 * time.Minute

// receiptKeyAge is longer than receipts live, so that a key outlives what it made.
const receiptKeyAge = 3 * time.Hour

// keepHouse removes what has expired.
func (s *service) keepHouse(ctx context.Context) error {
	ticker := time.NewTicker(housekeeping)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
		bounded, cancel := context.WithTimeout(ctx, time.Minute)
		receipts, err := s.tools.log.ExpireReceipts(bounded)
		if err == nil {
			_, err = s.tools.vault.ExpireReceiptKeys(bounded, receiptKeyAge)
		}
		if err == nil {
			err = s.tools.directory.Settle(bounded)
		}
		cancel()
		if err != nil && ctx.Err() == nil {
			slog.Warn("housekeeping", "error", err) // the next round tries again
			continue
		}
		slog.Debug("housekeeping", "expired_receipts", receipts)
	}
}
