package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// writes keeps what is written, write by write.
type writes struct {
	mu  sync.Mutex
	all []string
}

func (w *writes) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, string(b))
	return len(b), nil
}

func (w *writes) pieces() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all
}

func (w *writes) String() string { return strings.Join(w.pieces(), "") }

func jsonLogger(w *writes) (*slog.Logger, func()) {
	return serving{LogLevel: "info", LogFormat: "json"}.logger(w)
}

func TestLinesAreGatheredForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w writes
		logger, _ := jsonLogger(&w)
		logger.Info("one")
		logger.Info("two")
		if got := w.String(); got != "" {
			t.Errorf("written at once: %q; want nothing", got)
		}
		time.Sleep(2 * gatherTime)
		if got := len(w.pieces()); got != 1 || strings.Count(w.String(), "\n") != 2 {
			t.Errorf("written in %d pieces: %q; want both lines in one", got, w.String())
		}
		logger.Info("three")
		time.Sleep(2 * gatherTime)
		if got := strings.Count(w.String(), "\n"); got != 3 {
			t.Errorf("%d lines after the third; want 3", got)
		}
	})
}

func TestAWarningWaitsForNothing(t *testing.T) {
	var w writes
	logger, _ := jsonLogger(&w)
	logger.Info("before")
	logger.With("a", 1).WithGroup("g").Warn("now")
	if got := w.String(); strings.Count(got, "\n") != 2 || strings.Index(got, "before") > strings.Index(got, "now") {
		t.Errorf("after a warning there is %q; want both lines, in order", got)
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	var w writes
	logger, flush := jsonLogger(&w)
	var all sync.WaitGroup
	const callers, lines = 8, 1000 // more than fits into one piece
	for c := range callers {
		all.Go(func() {
			for i := range lines {
				logger.Info(fmt.Sprintf("caller %d line %d", c, i))
			}
		})
	}
	all.Wait()
	flush()
	if got := bytes.Count([]byte(w.String()), []byte("\n")); got != callers*lines {
		t.Errorf("%d lines; want %d", got, callers*lines)
	}
	for _, piece := range w.pieces() {
		if !strings.HasSuffix(piece, "}\n") || !strings.HasPrefix(piece, "{") {
			t.Fatalf("a piece does not consist of whole lines")
		}
	}
}
