package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/relay"
	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/devstack"
	"github.com/commentd/commentd/internal/metrics"
	"github.com/commentd/commentd/migrations"
)

type devCommand struct {
	serving
	Data      string `default:".commentd" help:"Folder to keep everything in." placeholder:"DIR"`
	Ephemeral bool   `help:"Keep everything in a temporary folder, and remove it at the end."`
	NoDemo    bool   `help:"Do without the demo account."`
}

// allRoles is what a process does by default.
var allRoles = []string{"api", "relay", "projector", "worker"}

func (c devCommand) Run(ctx context.Context, e env) (err error) {
	logger, flush := c.logger(e.stderr)
	defer flush()
	slog.SetDefault(logger)
	listener, err := net.Listen("tcp", c.Listen) // first: the likeliest thing to be in the way
	if err != nil {
		return fmt.Errorf("listen: %w; choose another address with --listen", err)
	}
	defer listener.Close() // once more than the server does, which is harmless
	if host, _, _ := net.SplitHostPort(c.Listen); !local(host) {
		return &usageError{errors.New("dev has keys that everybody knows: --listen must be a loopback address")}
	}
	dir, err := filepath.Abs(c.Data)
	if err != nil {
		return err
	}
	if c.Ephemeral {
		if dir, err = os.MkdirTemp("", "commentd-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}

	stack, err := startStack(ctx, dir, c.Ephemeral, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stack.stop()) }()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() { // ends with ctx, which is ours
		select {
		case <-stack.postgres.Done():
			stop(errors.New("Postgres has died; its log is in " + filepath.Join(dir, "postgres.log")))
		case <-ctx.Done():
		}
	}()
	if err := migrations.Up(ctx, stack.postgres.URL()); err != nil {
		return err
	}
	pool, err := eventstore.Connect(ctx, stack.postgres.URL(), c.PoolSize)
	if err != nil {
		return err
	}
	defer pool.Close()
	nc, err := nats.Connect(stack.nats.URL(), natsOptions()...)
	if err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	defer nc.Close()
	root, err := keptRootKey(filepath.Join(dir, "root.key"))
	if err != nil {
		return err
	}
	blobs, err := blobPlace{folder: filepath.Join(dir, "blobs")}.open(ctx)
	if err != nil {
		return err
	}
	if len(c.WebhookAllowNets) == 0 {
		c.hooking = theMachine
	}
	registry := newRegistry(pool)
	m := metrics.New(registry)
	s := &service{
		serving: c.serving, roles: allRoles, tools: newTools(pool, pool, root, m), root: root, nats: nc, blobs: blobs,
		stream:  relay.Config{RestartNATS: stack.nats.Restart},
		metrics: m, registry: registry, listener: listener,
	}
	if err := s.tools.settleKeyring(ctx); err != nil {
		return fmt.Errorf("the data in %s: %w", dir, err)
	}
	return c.serveAndTell(ctx, e, s, stack, dir)
}

// serveAndTell runs the service and, once it answers, says how to try it.
func (c devCommand) serveAndTell(ctx context.Context, e env, s *service, stack *stack, dir string) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx) }()
	err := func() error {
		info := devInfo{
			BaseURL: "http://" + s.listener.Addr().String(), NATSURL: stack.nats.DevURL(),
			PostgresURL: stack.postgres.LoopbackURL(), PID: os.Getpid(),
			Keys: map[string]string{}, Users: map[string]string{}, Emails: map[string]string{}, Tickets: []string{}, Numbers: []int64{},
		}
		if !c.NoDemo {
			d, err := seedDemo(ctx, s.tools)
			if err != nil {
				return err
			}
			info.Account, info.Keys, info.Users, info.Emails, info.Tickets, info.Numbers = demoAccount, d.keys, d.users, d.emails, d.tickets, d.numbers
		}
		if err := info.write(filepath.Join(dir, "dev.json")); err != nil {
			return err
		}
		return info.tell(e.stdout)
	}()
	if err != nil {
		stop(err)
	}
	err = errors.Join(err, <-ended)
	if removeErr := os.Remove(filepath.Join(dir, "dev.json")); removeErr != nil && !errors.Is(removeErr, os.ErrNotExist) {
		err = errors.Join(err, removeErr)
	}
	if cause := context.Cause(ctx); err == nil && cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	return err
}

// stack is the servers that dev starts.
type stack struct {
	postgres *devstack.Postgres
	nats     *devstack.NATS
	remove   bool // the data, at the end
}

// startStack starts both servers at once.
func startStack(ctx context.Context, dir string, ephemeral bool, logger *slog.Logger) (*stack, error) {
	s := &stack{remove: ephemeral}
	failed := make(chan error, 1)
	go func() {
		var err error
		s.nats, err = devstack.StartNATS(ctx, devstack.NATSConfig{StoreDir: filepath.Join(dir, "nats"), Logger: logger})
		failed <- err
	}()
	var err error
	s.postgres, err = devstack.StartPostgres(ctx, devstack.PostgresConfig{Dir: dir, Logger: logger})
	if err = errors.Join(err, <-failed); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// stop ends what was started.
func (s *stack) stop() error {
	if s.nats != nil {
		s.nats.Stop()
	}
	if s.postgres == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if s.remove {
		return s.postgres.Remove(ctx)
	}
	return s.postgres.Stop(ctx)
}

// keptRootKey reads the root key from a file, or makes one and keeps it there.
func keptRootKey(file string) (vault.RootKey, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		text = []byte(vault.GenerateRootKey())
		err = writeFile(file, text)
	}
	if err != nil {
		return nil, fmt.Errorf("root key: %w", err)
	}
	key, err := vault.ParseRootKey(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("root key in %s: %w", file, err)
	}
	return key, nil
}

// devInfo is dev.json: how to reach what dev has started.
type devInfo struct {
	BaseURL     string            `json:"base_url"`
	NATSURL     string            `json:"nats_url"`
	PostgresURL string            `json:"postgres_url"`
	Account     string            `json:"account"`
	Keys        map[string]string `json:"keys"`
	Users       map[string]string `json:"users"`
	Emails      map[string]string `json:"emails"`
	Tickets     []string          `json:"tickets"`
	Numbers     []int64           `json:"ticket_numbers"`
	PID         int               `json:"pid"`
}

func (i devInfo) write(file string) error {
	text, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(file, append(text, '\n'))
}

// writeFile puts a private file in place as a whole: whoever looks sees all of it
// or nothing.
func writeFile(file string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return nil
}

// tell prints what can be tried.
func (i devInfo) tell(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\ncommentd is ready at %s (API reference: %s/docs)\n", i.BaseURL, i.BaseURL)
	if i.Account != "" {
		fmt.Fprintf(&b, "\nKeys of the account %q:\n", i.Account)
		for _, k := range demoKeys {
			fmt.Fprintf(&b, "  %-12s %s\n", k.name, i.Keys[k.name])
		}
		comments := fmt.Sprintf("%s/v1/tickets/%s/comments", i.BaseURL, i.Tickets[0])
		fmt.Fprintf(&b, "\nTry:\n")
		fmt.Fprintf(&b, "  curl %s -H 'Authorization: Bearer %s'\n", comments, i.Keys["customer"])
		fmt.Fprintf(&b, "  curl %s -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' -d '{\"content\":\"It is out for delivery.\"}'\n", comments, i.Keys["agent"])
		fmt.Fprintf(&b, "  curl -X PATCH %s/%s -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' -d '{\"is_internal\":true}'\n",
			comments, demoTickets[0].comments[0].id, i.Keys["agent"])
		fmt.Fprintf(&b, "\nOr as a Zendesk client does:\n")
		fmt.Fprintf(&b, "  curl %s/api/v2/tickets/%d/comments.json -u %s/token:%s\n", i.BaseURL, i.Numbers[0], i.Emails["agent"], i.Keys["agent"])
	}
	fmt.Fprintf(&b, "\nCtrl-C stops everything.\n")
	_, err := io.WriteString(w, b.String())
	return err
}
