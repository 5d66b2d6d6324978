package main

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

// gathered hands lines on by the dozen. A line per request, written by itself, is a
// system call that all other requests wait for in turn: it cost more than finding a
// page in memory and sending it.
type gathered struct {
	w io.Writer

	mu    sync.Mutex
	lines []byte
	due   *time.Timer // set while there are lines
}

const (
	// gatherTime is how late a line may be, and what a process that is killed may
	// leave unsaid. Nothing but the log of requests is ever late: see promptly.
	gatherTime = 100 * time.Millisecond
	gatherSize = 64 << 10
)

// Write takes whole lines. Its error is always nil: who logs cannot help it.
func (g *gathered) Write(line []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lines = append(g.lines, line...)
	switch {
	case len(g.lines) >= gatherSize:
		g.hand()
	case g.due == nil:
		g.due = time.AfterFunc(gatherTime, g.flush)
	}
	return len(line), nil
}

// flush writes what has been gathered.
func (g *gathered) flush() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hand()
}

func (g *gathered) hand() {
	if g.due != nil {
		g.due.Stop()
		g.due = nil
	}
	if len(g.lines) > 0 {
		_, _ = g.w.Write(g.lines) // to whom could one tell?
		g.lines = g.lines[:0]
	}
}

// promptly is a handler that lets nothing wait that somebody should look at, nor
// whatever was logged before it.
type promptly struct {
	slog.Handler
	out *gathered
}

func (p promptly) Handle(ctx context.Context, r slog.Record) error {
	err := p.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelWarn {
		p.out.flush()
	}
	return err
}

func (p promptly) WithAttrs(attrs []slog.Attr) slog.Handler {
	return promptly{p.Handler.WithAttrs(attrs), p.out}
}

func (p promptly) WithGroup(name string) slog.Handler {
	return promptly{p.Handler.WithGroup(name), p.out}
}
