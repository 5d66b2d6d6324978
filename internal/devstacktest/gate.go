package devstacktest

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Gate is a tracer of connections that holds up the first statement with some text in
// it, so that a test can do something in between.
type Gate struct {
	text    string
	once    sync.Once
	reached chan struct{}
	open    chan struct{}
}

// NewGate returns a gate for statements that contain text.
func NewGate(text string) *Gate {
	return &Gate{text: text, reached: make(chan struct{}), open: make(chan struct{})}
}

// Await waits until a statement is held up.
func (g *Gate) Await(t testing.TB) {
	t.Helper()
	select {
	case <-g.reached:
	case <-time.After(patience):
		t.Fatalf("no statement with %q has come", g.text)
	}
}

// Open lets the statement pass, and all that come.
func (g *Gate) Open() { close(g.open) }

// TraceQueryStart is part of pgx.QueryTracer.
func (g *Gate) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if strings.Contains(q.SQL, g.text) {
		g.once.Do(func() {
			close(g.reached)
			<-g.open
		})
	}
	return ctx
}

// TraceQueryEnd is part of pgx.QueryTracer.
func (g *Gate) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
