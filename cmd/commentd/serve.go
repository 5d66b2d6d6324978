package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/nats-io/nats.go"

	"github.com/commentd/commentd/eventstore/blob"
	"github.com/commentd/commentd/eventstore/relay"
	"github.com/commentd/commentd/httpapi/zendesk"
	"github.com/commentd/commentd/internal/metrics"
)

// serving is the configuration of the roles, common to serve and dev.
type serving struct {
	Listen         string        `default:"127.0.0.1:8080" help:"Address to serve HTTP on."`
	MetricsListen  string        `help:"Serve /metrics on this address instead of the one of the API." placeholder:"ADDRESS"`
	PublicURL      linkBase      `name:"public-url" help:"How clients reach this service; used in links. Relative links if not given." placeholder:"URL"`
	LogLevel       string        `enum:"debug,info,warn,error" default:"info" help:"debug, info, warn or error."`
	LogFormat      string        `enum:"auto,json,text" default:"auto" help:"json, text, or auto: text on a terminal."`
	PoolSize       int           `default:"24" help:"Connections to Postgres, at most."`
	Drain          time.Duration `default:"20s" help:"How long requests in flight may take to finish when the service stops."`
	PageCache      int           `default:"16" help:"Memory for pages that are read again and again, in MiB."`
	ErasureHorizon time.Duration `default:"720h" help:"For how long copies of the keyring are kept: WAL, backups, snapshots. Until then after its destruction a key might be recovered; receipts and metrics tell."`
	RateLimit      float64       `help:"Requests per second of one API key; 0 is no limit."`
	limiting
	sealing
	hooking
}

// limiting is the limits that Zendesk has, for its clients alone. Each instance counts for
// itself.
type limiting struct {
	TicketUpdateLimit   zendesk.Quota `help:"How often a user may update one ticket by /api/v2, for instance 30/10m; no limit if not given." placeholder:"N/DURATION"`
	AccountUpdateLimit  zendesk.Quota `help:"How often an account may update tickets by /api/v2, for instance 100/1m." placeholder:"N/DURATION"`
	TicketCreationLimit zendesk.Quota `help:"How often a user may create tickets by /api/v2 from one address, for instance 300/1m." placeholder:"N/DURATION"`
	ExportLimit         zendesk.Quota `help:"How often an account may ask for exports by /api/v2, for instance 10/1m." placeholder:"N/DURATION"`
}

func (l limiting) quotas() zendesk.Quotas {
	return zendesk.Quotas{TicketUpdates: l.TicketUpdateLimit, AccountUpdates: l.AccountUpdateLimit, Creations: l.TicketCreationLimit, Exports: l.ExportLimit}
}

type serveCommand struct {
	database
	serving
	Blobs          string        `help:"Where files are kept, sealed: a folder, or s3://bucket/prefix?endpoint=host:port&region=name with credentials from AWS_ACCESS_KEY_ID and the like. For this service alone: what it does not know is deleted." placeholder:"PLACE"`
	NATSURL        string        `name:"nats-url" help:"NATS servers, divided by commas." placeholder:"URL"`
	NATSCreds      string        `name:"nats-creds" type:"existingfile" help:"Credentials file for NATS." placeholder:"FILE"`
	NATSCA         string        `name:"nats-ca" type:"existingfile" help:"CA certificate to check NATS by." placeholder:"FILE"`
	Roles          []string      `enum:"api,relay,projector,worker" default:"api,relay,projector,worker" help:"What this process does: api, relay, projector, worker."`
	StreamReplicas int           `default:"1" help:"Replicas of the JetStream stream: 1, or 3 on a cluster."`
	StreamMaxAge   time.Duration `default:"720h" help:"For how long JetStream keeps events."`
	AllowPlaintext bool          `help:"Allow connections to Postgres and NATS on other machines without TLS."`
}

// validate reports every mistake at once, in the operator's spelling.
func (c serveCommand) validate() error {
	errs := []error{c.database.validate()}
	if c.NATSURL == "" && c.needsNATS() {
		errs = append(errs, errors.New("COMMENTD_NATS_URL is not set: the NATS server to use"))
	}
	if c.Blobs == "" && c.needsBlobs() {
		errs = append(errs, errors.New("COMMENTD_BLOBS is not set: the folder or the S3 bucket for files"))
	} else if _, err := parseBlobs(c.Blobs); c.Blobs != "" && err != nil {
		errs = append(errs, err)
	}
	if len(c.Roles) == 0 {
		errs = append(errs, errors.New("COMMENTD_ROLES must name a role: "+strings.Join(allRoles, ", ")))
	}
	if c.PoolSize < 4 {
		errs = append(errs, errors.New("COMMENTD_POOL_SIZE must be at least 4"))
	}
	if !(c.RateLimit >= 0) {
		errs = append(errs, errors.New("COMMENTD_RATE_LIMIT must be 0 or more requests per second"))
	}
	if c.ErasureHorizon <= 0 {
		errs = append(errs, errors.New("COMMENTD_ERASURE_HORIZON must be the time for which copies of the keyring are kept"))
	}
	if c.StreamReplicas != 1 && c.StreamReplicas != 3 && c.StreamReplicas != 5 {
		errs = append(errs, errors.New("COMMENTD_STREAM_REPLICAS must be 1, 3 or 5"))
	}
	if _, err := c.guard(); err != nil {
		errs = append(errs, err)
	}
	if !c.AllowPlaintext {
		errs = append(errs, plaintext(c.database, c.NATSURL, c.NATSCA))
	}
	return errors.Join(errs...)
}

func (c serveCommand) needsNATS() bool {
	return slices.Contains(c.Roles, "relay") || slices.Contains(c.Roles, "projector")
}

func (c serveCommand) needsBlobs() bool {
	return slices.Contains(c.Roles, "api") || slices.Contains(c.Roles, "worker")
}

// plaintext reports links to other machines that anyone in between could read.
func plaintext(db database, natsURL, natsCA string) error {
	var errs []error
	const remedy = "or set COMMENTD_ALLOW_PLAINTEXT=true on a network that is yours alone"
	for _, link := range []struct{ name, url string }{{"COMMENTD_POSTGRES_URL", db.PostgresURL}, {"COMMENTD_KEYRING_URL", db.KeyringURL}} {
		if config, err := pgconn.ParseConfig(link.url); link.url != "" && err == nil && config.TLSConfig == nil && !local(config.Host) {
			errs = append(errs, errors.New(link.name+" leads to another machine without TLS: add sslmode=verify-full, "+remedy))
		}
	}
	for server := range strings.SplitSeq(natsURL, ",") {
		scheme, rest, found := strings.Cut(server, "://")
		if !found {
			scheme, rest = "nats", server
		}
		if _, host, found := strings.Cut(rest, "@"); found {
			rest = host
		}
		host, _, err := net.SplitHostPort(rest)
		if err != nil {
			host = rest
		}
		if server != "" && scheme != "tls" && natsCA == "" && !local(host) {
			errs = append(errs, errors.New("COMMENTD_NATS_URL leads to another machine without TLS: use tls://, "+remedy))
		}
	}
	return errors.Join(errs...)
}

// local reports whether a host is this machine: a socket's directory, localhost or
// a loopback address.
func local(host string) bool {
	if strings.HasPrefix(host, "/") || host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func (c serveCommand) Run(ctx context.Context, e env) error {
	if err := c.validate(); err != nil {
		return &usageError{err}
	}
	logger, flush := c.logger(e.stderr)
	defer flush()
	slog.SetDefault(logger)
	root, err := e.rootKey()
	if err != nil {
		return err
	}
	if err := c.migrated(ctx); err != nil {
		return err
	}
	pool, keyring, closePools, err := c.connect(ctx, c.PoolSize)
	if err != nil {
		return err
	}
	defer closePools()
	nc, err := c.connectNATS()
	if err != nil {
		return err
	}
	if nc != nil {
		defer nc.Close()
	}
	registry := newRegistry(pool)
	m := metrics.New(registry)
	blobs, err := c.openBlobs(ctx)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s := &service{
		serving: c.serving, roles: c.Roles, tools: newTools(pool, keyring, root, m), root: root, nats: nc, blobs: blobs,
		stream:  relay.Config{Replicas: c.StreamReplicas, MaxAge: c.StreamMaxAge},
		metrics: m, registry: registry, listener: listener,
	}
	if err := s.tools.settleKeyring(ctx); err != nil {
		_ = listener.Close() // nothing was served
		return err
	}
	logger.Info("serving", "address", listener.Addr().String(), "roles", c.Roles)
	return s.run(ctx)
}

// openBlobs opens the place for files, if a role needs it.
func (c serveCommand) openBlobs(ctx context.Context) (blob.Store, error) {
	if !c.needsBlobs() {
		return nil, nil
	}
	place, err := parseBlobs(c.Blobs)
	if err != nil {
		return nil, &usageError{err}
	}
	return place.open(ctx)
}

// connectNATS returns a connection that comes and goes with the server: nothing
// that is promised to callers of the API depends on it.
func (c serveCommand) connectNATS() (*nats.Conn, error) {
	if c.NATSURL == "" {
		return nil, nil
	}
	options := natsOptions()
	if c.NATSCreds != "" {
		options = append(options, nats.UserCredentials(c.NATSCreds))
	}
	if c.NATSCA != "" {
		options = append(options, nats.RootCAs(c.NATSCA))
	}
	nc, err := nats.Connect(c.NATSURL, options...)
	if err != nil {
		return nil, &usageError{errors.New("COMMENTD_NATS_URL or COMMENTD_NATS_CREDS cannot be used")}
	}
	return nc, nil
}
