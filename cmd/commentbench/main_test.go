package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain lets this binary be the children of a run.
func TestMain(m *testing.M) {
	isChild, err := asChild(context.Background())
	if !isChild {
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// lines are the rows that a run must come out with, by the line of the table of
// targets, and how many of them have a target.
var lines = map[string]struct{ rows, targets int }{
	"A": {7, 5}, "B": {4, 2}, "C": {2, 2}, "C'": {5, 5}, "D": {9, 4}, "E": {5, 1}, "F": {5, 5}, "G": {5, 5}, "R": {2, 2}, "Z": {3, 3},
}

func TestQuickRunMeasuresEveryLine(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Postgres, NATS and commentd")
	}
	var out, progress bytes.Buffer
	r, err := run(t.Context(), []string{"--quick", "--dir", t.TempDir()}, &out, &progress)
	if err != nil {
		t.Fatalf("run --quick: %v\n%s", err, &progress)
	}
	if r.Correct.Checked == 0 || r.Correct.err() != nil {
		t.Errorf("correctness = %+v; want events looked for, and nothing else", r.Correct)
	}
	rows, targets := map[string]int{}, map[string]int{}
	for _, x := range r.Results {
		rows[x.ID]++
		if x.Target != nil {
			targets[x.ID]++
		}
		if len(x.Product) == 0 || x.Target != nil && x.Verdict == "not measured" {
			t.Errorf("%s, %s: nothing was measured", x.ID, x.What)
		}
		if !strings.Contains(out.String(), x.What) {
			t.Errorf("the table does not show %q", x.What)
		}
	}
	for id, want := range lines {
		if rows[id] != want.rows || targets[id] != want.targets {
			t.Errorf("%s has %d rows, %d with a target; want %d and %d", id, rows[id], targets[id], want.rows, want.targets)
		}
	}
	if rows["H"] < 3 || targets["H"] != 3 {
		t.Errorf("H has %d rows, %d with a target; want the split, and 3", rows["H"], targets["H"])
	}
	if load := r.Load["all"]; load.Known && load.Ours <= 0 {
		t.Errorf("a run that keeps the machine busy has %v cores to itself", load.Ours)
	}
}

func TestUnknownLineIsRefused(t *testing.T) {
	if _, err := run(t.Context(), []string{"--only", "X"}, &bytes.Buffer{}, &bytes.Buffer{}); err == nil {
		t.Error("run --only X: no error")
	}
}

func TestVerdict(t *testing.T) {
	for _, tt := range []struct {
		name           string
		product, floor series
		target         *target
		want           string
	}{
		{"median decides", series{3, 1, 2}, series{1, 1, 1}, atLeast(2), "met"},
		{"below", series{1, 1, 9}, series{1, 1, 1}, atLeast(1.5), "MISSED"},
		{"ratios are taken round by round", series{10, 1, 30}, series{10, 1, 30}, atLeast(1), "met"},
		{"aim", series{5}, series{1}, atLeast(2).aim(4), "met, and the aim"},
		{"at most", series{1}, series{2}, atMost(0.5), "met"},
		{"more than at most", series{3}, series{2}, atMost(1.15), "MISSED"},
		{"no floor was measured", series{3}, series{0}, atLeast(1), "not measured"},
		{"no target", series{3}, series{1}, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := versus("X", "", "", tt.product, "", tt.floor, tt.target).Verdict; got != tt.want {
				t.Errorf("verdict of %v over %v, target %v = %q; want %q", tt.product, tt.floor, tt.target, got, tt.want)
			}
		})
	}
}

func TestRefusalsAreCounted(t *testing.T) {
	s, err := closedLoop(t.Context(), 1, time.Hour, func(context.Context, int) error { return &refusal{503} })
	if s.failed != maxRefusals || s.count != 0 || err == nil {
		t.Errorf("a caller who is always refused: %d failed, %d counted, %v; want %d, 0 and an error", s.failed, s.count, err, maxRefusals)
	}
}

func TestQuantile(t *testing.T) {
	s := sample{}
	for i := 100; i > 0; i-- {
		_ = s.note(1e6, nil)
	}
	s.latency[37] = 50e6
	if s.p50() != 1 || s.p99() != 50 {
		t.Errorf("p50, p99 = %v, %v ms; want 1, 50", s.p50(), s.p99())
	}
}
