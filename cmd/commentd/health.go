package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

type healthCommand struct {
	Listen string `default:"127.0.0.1:8080" help:"The address that the instance listens on."`
}

// Run is for health checks of containers that have no other program in them.
func (c healthCommand) Run(ctx context.Context, e env) error {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return &usageError{fmt.Errorf("--listen: %w", err)}
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(e.stdout, io.LimitReader(response.Body, 64<<10)); err != nil {
		return err
	}
	fmt.Fprintln(e.stdout)
	if response.StatusCode != http.StatusOK {
		return errors.New("not ready")
	}
	return nil
}
