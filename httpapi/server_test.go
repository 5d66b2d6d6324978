package httpapi

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// serve runs Serve on a loopback port and returns its address and what Serve
// returns once stop was called.
func serve(t *testing.T, h http.Handler, drain time.Duration) (addr string, stop context.CancelFunc, done <-chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	ended := make(chan struct{})
	go func() { defer close(ended); served <- Serve(ctx, l, h, drain) }()
	t.Cleanup(func() { cancel(); <-ended })
	return l.Addr().String(), cancel, served
}

// TestServeDrains: what is in flight when the signal comes gets its whole answer,
// and nobody else gets in.
func TestServeDrains(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	addr, stop, done := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-release
		if r.Context().Err() != nil {
			t.Error("the request was cancelled")
		}
		_, _ = io.WriteString(w, "whole")
	}), time.Minute)

	answered := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + addr)
		if err != nil {
			answered <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			answered <- err.Error()
			return
		}
		answered <- string(body)
	}()
	<-entered
	stop()
	for { // until the listener is closed
		c, err := net.Dial("tcp", addr)
		if err != nil {
			break
		}
		c.Close()
	}
	select {
	case err := <-done:
		t.Fatalf("Serve returned %v with a request in flight", err)
	default:
	}
	close(release)
	if got := <-answered; got != "whole" {
		t.Errorf("answer = %q", got)
	}
	if err := <-done; err != nil {
		t.Errorf("Serve = %v", err)
	}
}

func TestServeCutsOffWhatTakesTooLong(t *testing.T) {
	entered, ended := make(chan struct{}), make(chan struct{})
	addr, stop, done := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		defer close(ended)
		close(entered)
		<-r.Context().Done()
	}), time.Millisecond)
	go func() {
		if resp, err := http.Get("http://" + addr); err == nil {
			resp.Body.Close()
		}
	}()
	<-entered
	stop()
	if err := <-done; err == nil {
		t.Error("Serve = nil, want that requests were cut off")
	}
	<-ended
}

// TestServeLimitsHeaders: a header beyond the limit is refused before any handler
// sees it.
func TestServeLimitsHeaders(t *testing.T) {
	addr, _, _ := serve(t, http.NotFoundHandler(), time.Second)
	for _, tt := range []struct {
		name, request string
		want          string
	}{
		{"small", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "404"},
		{"long header", "GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 64<<10) + "\r\n\r\n", "431"},
		{"many headers", "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X: a\r\n", 16<<10) + "\r\n", "431"},
		{"long path", "GET /" + strings.Repeat("a", 64<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", "431"},
		{"NUL in a header", "GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n", "400"},
		{"no host", "GET / HTTP/1.1\r\n\r\n", "400"},
		{"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400"},
		{"length that is no number", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1x\r\n\r\na", "400"},
		{"transfer coding nobody knows", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n", "501"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = io.WriteString(c, tt.request) }() // the server may hang up before it has all
			line, err := bufio.NewReader(c).ReadString('\n')
			if err != nil || !strings.Contains(line, tt.want) {
				t.Errorf("answer = %q, %v; want %s", line, err, tt.want)
			}
		})
	}
}

// TestSlowHeaders: a connection whose request never comes to an end is closed.
func TestSlowHeaders(t *testing.T) {
	t.Parallel()
	addr, _, _ := serve(t, http.NotFoundHandler(), time.Second)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nX: "); err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	dripped := make(chan struct{})
	go func() { // a byte now and then is no way to stay
		defer close(dripped)
		for {
			select {
			case <-closed:
				return
			case <-time.After(100 * time.Millisecond):
				_, _ = io.WriteString(c, "a")
			}
		}
	}()
	_, err = io.Copy(io.Discard, c)
	close(closed)
	<-dripped
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection is still open after a minute")
	}
}
