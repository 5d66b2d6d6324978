package devstack

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/nats-io/nats-server/v2/server"
)

// NATSConfig says where a NATS server keeps its things. Only StoreDir is required.
type NATSConfig struct {
	// StoreDir is the folder of JetStream. The password of the user dev and a lock
	// are kept beside it, as StoreDir.password and StoreDir.lock.
	StoreDir string
	// Port on the loopback address. The default is one that is free.
	Port int
	// SyncAlways has JetStream bring every message to disk before it answers. By
	// default the disk is brought up to date every two minutes: a process that dies
	// loses nothing, a machine may.
	SyncAlways bool
	// Logger hears the server: its notices at level debug, the rest as it is. The
	// default is silence.
	Logger *slog.Logger
}

// NATS is a NATS server with JetStream inside this process. Its methods are safe
// for concurrent use.
type NATS struct {
	cfg      NATSConfig
	internal string // password of the service itself, new with every process
	dev      string // password of the user dev

	mu     sync.Mutex
	lock   *folderLock
	server *server.Server
	port   int
}

// StartNATS starts a server on cfg.StoreDir and returns when it takes connections
// and has recovered its streams. ctx bounds the start only. The error is a
// *LockedError if another process uses the folder.
func StartNATS(ctx context.Context, cfg NATSConfig) (*NATS, error) {
	cfg.Logger = cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	if cfg.StoreDir == "" {
		return nil, errors.New("start NATS: no folder is named for the data")
	}
	n := &NATS{cfg: cfg, internal: rand.Text(), port: cfg.Port}
	if err := n.Restart(ctx); err != nil {
		return nil, err
	}
	return n, nil
}

// Restart ends the server if it runs and starts it again on the same port with
// the same passwords, so that clients reconnect by themselves. It is the remedy
// for a stream that takes nothing more after the disk has failed it once.
func (n *NATS) Restart(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.shutdown()
	err := n.open()
	if err == nil {
		err = n.launch(ctx)
	}
	if err != nil {
		n.unlock()
		return fmt.Errorf("start NATS: %w", err)
	}
	return nil
}

// Stop ends the server: clients are cut off, and what was stored is on disk.
// Restart may follow.
func (n *NATS) Stop() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.shutdown()
	n.unlock()
}

// URL returns the URL of the service's own user, who may do everything. Its
// password is made up by StartNATS.
func (n *NATS) URL() string { return natsURL(internalUser, n.internal, n.Port()) }

// DevURL returns the URL of the user dev, who may do everything but listen to or
// speak on the relay's subjects. Its password is kept, so that commands pasted
// into a terminal work tomorrow.
func (n *NATS) DevURL() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return natsURL(devUser, n.dev, n.port)
}

// Port returns the port on the loopback address. It stays the same over a Restart.
func (n *NATS) Port() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.port
}

func natsURL(user, password string, port int) string {
	u := url.URL{Scheme: "nats", User: url.UserPassword(user, password), Host: "127.0.0.1:" + strconv.Itoa(port)}
	return u.String()
}

// open takes the folder, unless we have it.
func (n *NATS) open() (err error) {
	if n.lock != nil {
		return nil
	}
	store, err := filepath.Abs(n.cfg.StoreDir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(store, 0o700); err != nil {
		return err
	}
	if n.lock, err = lockFolder(store + ".lock"); err != nil {
		return err
	}
	n.dev, err = secret(store+".password", nil)
	return err
}

func (n *NATS) unlock() {
	if n.lock != nil {
		n.lock.release()
		n.lock = nil
	}
}

func (n *NATS) options() *server.Options {
	return &server.Options{
		ServerName: "commentd-dev",
		Host:       "127.0.0.1",
		Port:       cmp.Or(n.port, server.RANDOM_PORT),
		Users:      users(n.internal, n.dev),
		JetStream:  true,
		StoreDir:   n.cfg.StoreDir,
		SyncAlways: n.cfg.SyncAlways,
		NoSigs:     true, // signals belong to the program around us

		DisableJetStreamBanner: true,
	}
}

// launch starts a server where there is none. It returns when the streams are
// recovered, which nothing can cut short, and the port is open.
func (n *NATS) launch(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s, err := server.NewServer(n.options())
	if err != nil {
		return err
	}
	log := &natsLog{logger: n.cfg.Logger}
	s.SetLoggerV2(log, false, false, false)
	s.Start() // its goroutines end with Shutdown
	addr, ok := s.Addr().(*net.TCPAddr)
	if !ok || !s.JetStreamEnabled() {
		s.Shutdown()
		s.WaitForShutdown()
		return fmt.Errorf("it did not come up: %s", log.lastError())
	}
	n.server, n.port = s, addr.Port
	return nil
}

func (n *NATS) shutdown() {
	if n.server != nil {
		n.server.Shutdown()
		n.server.WaitForShutdown()
		n.server = nil
	}
}
