package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// report is all that a run has found out.
type report struct {
	At       time.Time       `json:"at"`
	Revision string          `json:"revision"` // of the source, if this is run in it
	Machine  string          `json:"machine"`
	Software string          `json:"software"`
	Fsync    float64         `json:"fsync_ms"` // of 8 KiB, median: about what a flush of Postgres' log costs
	Flush    float64         `json:"flush_ms"` // what --flush adds to that
	Rounds   int             `json:"rounds"`
	Seconds  float64         `json:"seconds"`
	Results  []result        `json:"results"`
	Correct  correctness     `json:"correctness"`
	Load     map[string]load `json:"load"` // by line of the table, and of all of it
}

func (b *bench) newReport(ctx context.Context) (report, error) {
	r := report{At: time.Now().UTC().Truncate(time.Second), Flush: milliseconds(b.Flush), Rounds: b.Rounds, Seconds: b.Seconds, Load: map[string]load{}}
	if out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output(); err == nil {
		r.Revision = strings.TrimSpace(string(out))
	}
	r.Machine = fmt.Sprintf("%d cores, %s/%s%s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, processorName())
	conn, err := pgx.Connect(ctx, b.databaseURL("postgres"))
	if err != nil {
		return r, err
	}
	defer conn.Close(ctx)
	var version, fsync, synchronous string
	err = conn.QueryRow(ctx, "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')").
		Scan(&version, &fsync, &synchronous)
	if err != nil {
		return r, err
	}
	r.Software = fmt.Sprintf("%s, Postgres %s (fsync %s, synchronous_commit %s)", runtime.Version(), version, fsync, synchronous)
	r.Fsync, err = measureFsync(b.dir)
	return r, err
}

// processorName is what Linux says of the processor, with a comma before it.
func processorName() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return ", " + strings.TrimSpace(value)
		}
	}
	return ""
}

// measureFsync is how long the disk takes to keep 8 KiB, in milliseconds.
func measureFsync(dir string) (float64, error) {
	file, err := os.Create(filepath.Join(dir, "fsync"))
	if err != nil {
		return 0, err
	}
	defer file.Close()
	block := make([]byte, 8<<10)
	var took series
	for range 100 {
		began := time.Now()
		if _, err := file.WriteAt(block, 0); err != nil {
			return 0, err
		}
		if err := file.Sync(); err != nil {
			return 0, err
		}
		took = append(took, milliseconds(time.Since(began)))
	}
	return took.median(), nil
}

func (r report) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// writeTable prints the report as Markdown.
func (r report) writeTable(w io.Writer) error {
	var s strings.Builder
	fmt.Fprintf(&s, "%s, revision %s\n%s; %s; fsync of 8 KiB %.2f ms, and %.2f ms added to each flush\n", r.At.Format(time.RFC3339), orUnknown(r.Revision), r.Machine, r.Software, r.Fsync, r.Flush)
	fmt.Fprintf(&s, "%d rounds of %s s; medians (lowest–highest); CPU is processor time per call against the floor's\n\n", r.Rounds, short(r.Seconds))
	rows := [][]string{{"", "what", "product", "against", "floor", "ratio", "target", "verdict", "CPU"}}
	for _, x := range r.Results {
		what, product := x.What, strings.TrimSpace(x.Product.spread()+" "+x.Unit)
		if x.Note != "" {
			what += " (" + x.Note + ")"
		}
		floor := ""
		if x.Floor != nil {
			floor = x.Floor.spread()
		}
		cost := ""
		if len(x.Cost) > 0 {
			cost = "× " + short(x.Cost.median())
		}
		rows = append(rows, []string{x.ID, what, product, x.Against, floor, x.Ratio.spread(), x.Target.String(), x.Verdict, cost})
	}
	writeMarkdown(&s, rows)
	fmt.Fprintf(&s, "\ncorrectness: %s\n", r.Correct)
	fmt.Fprintf(&s, "foreign load, all of the run: %s\n", r.Load["all"])
	for _, suite := range suites {
		if l, ok := r.Load[suite.id]; ok {
			fmt.Fprintf(&s, "foreign load during %s: %s\n", suite.id, l)
		}
	}
	if all := r.Load["all"]; all.Foreign > quiet*float64(runtime.NumCPU()) {
		fmt.Fprintf(&s, "The machine was not quiet: the ratios of rates are not to be relied on; those of processor time suffer less.\n")
	}
	_, err := io.WriteString(w, s.String())
	return err
}

// quiet is the share of the machine that other things may take.
const quiet = 0.05

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// writeMarkdown prints rows, the first of which is the head, in columns.
func writeMarkdown(w *strings.Builder, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	line := func(row []string, fill string) {
		for i, cell := range row {
			fmt.Fprintf(w, "|%s%s%s%s", fill, cell, strings.Repeat(fill, widths[i]-len([]rune(cell))), fill)
		}
		w.WriteString("|\n")
	}
	line(rows[0], " ")
	line(make([]string, len(widths)), "-")
	for _, row := range rows[1:] {
		line(row, " ")
	}
}
