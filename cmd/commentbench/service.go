package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"
)

// startService starts `commentd serve` on a database and returns its address once it
// is ready, and how long that took.
func (b *bench) startService(ctx context.Context, databaseURL, natsURL, roles string, flags ...string) (p *process, address string, took time.Duration, err error) {
	if address, err = freeAddress(); err != nil {
		return nil, "", 0, err
	}
	began := time.Now()
	p, err = spawn(b.dir, b.commentd, append([]string{"serve", "--listen", address, "--roles", roles}, flags...), []string{
		"COMMENTD_POSTGRES_URL=" + databaseURL, "COMMENTD_NATS_URL=" + natsURL, "COMMENTD_ROOT_KEY=" + b.rootKey,
		"COMMENTD_BLOBS=" + filepath.Join(b.dir, "blobs"),
	})
	if err != nil {
		return nil, "", 0, err
	}
	if err := awaitReady(ctx, p, address); err != nil {
		return nil, "", 0, errors.Join(err, p.stop())
	}
	return p, address, time.Since(began), nil
}

// freeAddress is a loopback address that nobody listens on just now.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// awaitReady waits until a service says that it is ready.
func awaitReady(ctx context.Context, p *process, address string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		if err := p.running(); err != nil {
			return err
		}
		if ready(ctx, address) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w: %s", p.cmd.Path, context.Cause(ctx), p.lastWords())
		case <-time.After(time.Millisecond):
		}
	}
}

func ready(ctx context.Context, address string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}
