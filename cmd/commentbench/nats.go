package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/nats-io/nats.go"

	"github.com/commentd/commentd/eventstore/relay"
	"github.com/commentd/commentd/internal/devstack"
)

// serveNATS is a process of its own: a NATS server. It says its URL on standard
// output and serves until standard input ends.
func serveNATS(ctx context.Context) error {
	server, err := devstack.StartNATS(ctx, devstack.NATSConfig{
		StoreDir: os.Getenv(childStore), SyncAlways: os.Getenv(childSync) == "always",
	})
	if err != nil {
		return err
	}
	fmt.Println(server.URL())
	_, err = io.Copy(io.Discard, os.Stdin)
	server.Stop()
	return err
}

// startNATS starts a NATS server with its data in a new folder and returns its URL.
// With syncAlways it brings every message to disk before it answers.
func (b *bench) startNATS(name string, syncAlways bool) (string, error) {
	sync := ""
	if syncAlways {
		sync = "always"
	}
	p, url, err := spawnSelf(b.dir, "nats", childStore+"="+filepath.Join(b.dir, name), childSync+"="+sync)
	if err != nil {
		return "", err
	}
	b.closers = append(b.closers, p.stop)
	return url, nil
}

// connectNATS connects as the product does.
func (b *bench) connectNATS(url string) (*nats.Conn, error) {
	nc, err := nats.Connect(url, nats.CustomInboxPrefix(relay.InboxPrefix))
	if err != nil {
		return nil, err
	}
	b.closers = append(b.closers, func() error { nc.Close(); return nil })
	return nc, nil
}
